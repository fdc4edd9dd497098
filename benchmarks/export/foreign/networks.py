"""The table of foreign networks."""

from collections.abc import Callable

import keras

from benchmarks.export.foreign import dense, kimm, patches, pictures, sequences, tiny, tokens

MODELS: dict[str, Callable[[], keras.Model]] = {
    **tiny.MODELS,
    **pictures.MODELS,
    **patches.MODELS,
    **tokens.MODELS,
    **dense.MODELS,
    **sequences.MODELS,
    **kimm.MODELS,
    **pictures.APPLICATIONS,
}
