"""KerasHub backbones: from a local folder, or by a name that KerasHub downloads.

The only file that imports KerasHub. A configuration is JSON, from which Keras builds its own and
KerasHub's classes, nothing else.
"""

import importlib.util
import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import keras

from zoo.checks import UserError

FLOAT = "float32"  # whatever the precision a preset was trained in


def imported() -> ModuleType:
    """Return KerasHub; raise UserError where it is not installed."""
    if importlib.util.find_spec("keras_hub") is None:
        raise UserError("This needs KerasHub. Run pip install 'pocketzoo[hub]'.")
    return importlib.import_module("keras_hub")


def knows(name: str) -> bool:
    """Return whether `name` is a path, a handle ("hf://..."), or one of KerasHub's own names."""
    if "/" in name:
        return True
    installed = importlib.util.find_spec("keras_hub") is not None
    return installed and name in imported().models.Backbone.presets


def architecture(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the description of a backbone without its weights, in JSON types.

    Args:
        name: see `knows`.
        shape: of its images, (height, width, channels).

    Returns:
        "backbone" as Keras serializes it, and the scaling of pixels in 0..255: "scale" and
        "offset", each a number or a list with one for every channel.

    Raises:
        UserError: KerasHub is not installed or cannot read the preset.
    """
    made = _from_preset(name, shape, load_weights=False)
    scale, offset = _pixels(name)
    described = {"backbone": keras.saving.serialize_keras_object(made)}
    plain: dict[str, Any] = json.loads(json.dumps(described | {"scale": scale, "offset": offset}))
    return plain


def backbone(described: Mapping[str, Any]) -> keras.Model:
    """Return the backbone that `architecture` described, with random weights."""
    imported()
    try:
        return keras.saving.deserialize_keras_object(dict(described["backbone"]))
    except Exception as error:  # Keras raises almost anything for an unreadable configuration
        raise UserError(f"This is not a KerasHub architecture: {_first(error)}") from error


def load_weights(model: keras.Model, name: str, shape: tuple[int, ...]) -> None:
    """Put the weights of a preset into a backbone of `architecture(name, shape)`."""
    model.set_weights(_from_preset(name, shape, load_weights=True).get_weights())


def _from_preset(name: str, shape: tuple[int, ...], load_weights: bool) -> keras.Model:
    kind = imported().models.Backbone
    try:
        found = kind.from_preset(
            name, load_weights=load_weights, image_shape=tuple(shape), dtype=FLOAT
        )
        taken = [tuple(tensor.shape[1:]) for tensor in found.inputs]
        if taken != [tuple(shape)]:
            raise ValueError(f"it takes {taken}.")
    except Exception as error:  # as above, and errors of a download
        raise UserError(
            f"KerasHub cannot read {name!r} as a backbone for images {tuple(shape)}: "
            f"{_first(error)} Give a folder that its save_to_preset() wrote, with config.json and "
            "model.weights.h5, or the name of one of its presets; some take one size only."
        ) from error
    return found


def _pixels(name: str) -> tuple[Any, Any]:
    """Return scale and offset of the preset's own image converter; 1 and 0 if it has none."""
    try:
        converter = imported().layers.ImageConverter.from_preset(name)
    except FileNotFoundError:
        return 1.0, 0.0
    scale = 1.0 if converter.scale is None else converter.scale
    return scale, 0.0 if converter.offset is None else converter.offset


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
