"""Noise of a twin, range by range."""

import keras
import numpy as np

from zoo.quantization.calibration import Quantized, predict
from zoo.quantization.equalizing import equalize
from zoo.quantization.layers.arithmetic import Exact, Rounded
from zoo.quantization.layers.watching import Watching
from zoo.quantization.rows import Rows
from zoo.quantization.twin import make_twin


def layer_noise(model: keras.Model, quantized: Quantized, rows: Rows) -> dict[str, float]:
    """Return, for every range by name, the ratio of its values to their int8 error, in dB.

    The error is all that has come together up to there, not what this one rounding adds.

    Args:
        model: the float model.
        quantized: of that model.
        rows: as the twin takes them, (rows, *row shape).
    """
    reference = make_twin(model, quantized.twin.host)
    equalize(reference, quantized.rows.fed())  # or values would not compare
    exact, rounded = Watching(Exact()), Watching(Rounded(quantized.twin.numerics))
    predict(reference, rows, exact)
    predict(quantized.twin, rows, rounded)
    return {
        where.name: _decibels(exact.values(where), rounded.values(same))
        for where, same in zip(exact.seen, rounded.seen, strict=True)
    }


def _decibels(exact: np.ndarray, rounded: np.ndarray) -> float:
    """The signal counts about its mean: a target at 1013 +- 6 has little of it."""
    whole = float(np.mean(exact.astype(np.float64) ** 2))
    about = float(exact.var(dtype=np.float64))
    power = about if about > 1e-12 * whole else whole  # all equal
    noise = float(np.mean((rounded.astype(np.float64) - exact) ** 2))
    return round(float(10 * np.log10(max(power, 1e-30) / max(noise, 1e-30))), 1)
