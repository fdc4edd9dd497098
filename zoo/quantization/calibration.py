"""Ranges from calibration rows: observed once, clipped in several ways, chosen by the result."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo.checks import UserError
from zoo.data import Data
from zoo.quantization.arithmetic import Exact, Int8, Watching
from zoo.quantization.equalizing import equalize
from zoo.quantization.rounding import refine
from zoo.quantization.rows import CalibrationRows, choose_rows, integer_grid
from zoo.quantization.twin import Twin, make_twin

BATCH_VALUES = 2**20  # of the inputs of one batch
NEAR = 0.1  # standard deviations of the logits: what is farther is worth the time
Clip = Callable[[np.ndarray], tuple[float, float]]


def whole(values: np.ndarray) -> tuple[float, float]:
    """Return the smallest and the largest value."""
    return float(values.min()), float(values.max())


def percentile(values: np.ndarray) -> tuple[float, float]:
    """Return the range that leaves out one value in a thousand at either end."""
    low, high = np.percentile(values, [0.1, 99.9])
    return float(low), float(high)


def least_squares(values: np.ndarray) -> tuple[float, float]:
    """Return the part of the whole range whose rounding and clipping errors are least.

    Choukroun et al. 2019 (arXiv:1902.06822): mean squared error over a grid of ranges.
    """
    low, high = whole(values)
    low, high = min(low, 0.0), max(high, 0.0)

    def error(share: float) -> float:
        step = max(share * (high - low), 1e-12) / 255
        rounded = np.clip(np.rint(values / step) * step, share * low, share * high)
        return float(np.mean((rounded - values) ** 2))

    best = min(np.linspace(0.3, 1.0, 29), key=error)
    return best * low, best * high


CLIPS: dict[str, Clip] = {"whole": whole, "percentile": percentile, "least_squares": least_squares}


@dataclass(frozen=True)
class Quantized:
    """A twin with its ranges, and where they come from."""

    twin: Twin
    rung: str  # "ptq": ranges observed; "qat": observed, then trained with
    rows: CalibrationRows
    clip: str  # the clipping that was chosen
    errors: dict[str, float]  # of each, then "refined": of logits, in standard deviations of these
    origin: str  # the sha256 of the float model's weights

    def check(self, model: keras.Model) -> None:
        """Raise UserError if the twin was made from another model, or before it was trained."""
        if self.origin != weights_hash(model):
            raise UserError(
                f"quantized was made from other weights than those of {model.name}; make it anew."
            )


def weights_hash(model: keras.Model) -> str:
    """Return the sha256 of all weights of a model."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(f"{weight.shape}".encode() + np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def quantize(model: keras.Model, data: Data, *, rows: int = 256, seed: int = 0) -> Quantized:
    """Return the twin of a model with ranges observed on training rows (rung "ptq").

    Channels are equalized before (`equalize`), and weights rounded after (`refine`), which stays
    where it brings the outputs nearer.

    Args:
        model: a trained model of one input and one output; it is left alone.
        data: only its training part is used.
        rows: at most this many calibration rows, spread evenly over the classes; at least 16.
        seed: of their choice.

    Raises:
        UnknownLayer: a layer that the twin cannot express.
        UserError: fewer than 16 calibration rows, or rows that are not finite.
    """
    chosen = choose_rows(model, data, rows, seed)
    twin = make_twin(model, standardized=chosen.standardize is not None)
    fed = chosen.fed()
    equalize(twin, _one_batch(fed))
    clip, errors = calibrate(twin, fed)
    weights = twin.get_weights()
    refine(twin, _one_batch(fed))
    exact = model.predict(chosen.x, verbose=0)
    errors["refined"] = relative_error(predict(twin, fed, Int8()), exact)
    if errors["refined"] > errors[clip]:
        twin.set_weights(weights)
    return Quantized(twin, "ptq", chosen, clip, errors, weights_hash(model))


def calibrate(twin: Twin, rows: np.ndarray) -> tuple[str, dict[str, float]]:
    """Set the ranges of a twin from rows as it takes them, (rows, *row shape).

    Every clipping is tried; the one whose logits are nearest to the float ones stays. Where these
    are not near, every range gets the clipping that is best for it.

    Returns:
        Its name, or "each", and the error of all that were tried.
    """
    observing = Watching(Exact())
    exact = predict(twin, rows, observing)

    def error() -> float:
        return relative_error(predict(twin, rows, Int8()), exact)

    errors = {}
    for name, clip in CLIPS.items():
        _set(twin, observing, clip)
        errors[name] = error()
    best = min(errors, key=errors.__getitem__)
    _set(twin, observing, CLIPS[best])
    if errors[best] > NEAR:
        errors["each"] = _set_each(observing, errors[best], error)
    return min(errors, key=errors.__getitem__), errors


def _set_each(observing: Watching, least: float, error: Callable[[], float]) -> float:
    """Give each range in turn the clipping with the least error; return what is left of it."""
    for where in observing.seen:
        if where.fixed is not None:
            continue
        kept = float(where.low), float(where.high)
        for clip in CLIPS.values():
            where.set(*clip(observing.values(where)))
            found = error()
            if found < least:
                least, kept = found, (float(where.low), float(where.high))
        where.set(*kept)
    return least


def predict(twin: Twin, rows: np.ndarray, arithmetic: Exact) -> np.ndarray:
    """Return the logits of rows in an arithmetic, (rows, outputs)."""
    batch = _batch(rows)
    if type(arithmetic) is Int8:  # what the twin does when called: Keras compiles it once
        return np.asarray(twin.predict(rows, batch_size=batch, verbose=0))
    found = [
        ops.convert_to_numpy(twin.run(ops.convert_to_tensor(rows[i : i + batch]), arithmetic))
        for i in range(0, len(rows), batch)
    ]
    return np.concatenate(found)


def _batch(rows: np.ndarray) -> int:
    return max(1, BATCH_VALUES // int(rows[0].size))


def _one_batch(rows: np.ndarray) -> np.ndarray:
    """Return as many rows as one batch holds, evenly."""
    return rows[:: -(-len(rows) // _batch(rows))]


def _set(twin: Twin, observing: Watching, clip: Clip) -> None:
    for where in observing.seen:
        if where.fixed is None:
            where.set(*clip(observing.values(where)))
    if twin.words or twin.input_range.fixed is not None:
        return
    grid = integer_grid(observing.values(twin.input_range))
    if grid is not None:
        twin.input_range.set(*grid)


def layer_noise(model: keras.Model, quantized: Quantized, rows: np.ndarray) -> dict[str, float]:
    """Return, for every range by name, the ratio of its values to their int8 error, in dB.

    The error is all that has come together up to there, not what this one rounding adds.

    Args:
        model: the float model.
        quantized: of that model.
        rows: as the twin takes them, (rows, *row shape).
    """
    reference = make_twin(model, quantized.twin.standardized)
    equalize(reference, _one_batch(quantized.rows.fed()))  # or values would not compare
    exact, rounded = Watching(Exact()), Watching(Int8())
    predict(reference, rows, exact)
    predict(quantized.twin, rows, rounded)
    return {
        where.name: _decibels(exact.values(where), rounded.values(same))
        for where, same in zip(exact.seen, rounded.seen, strict=True)
    }


def _decibels(exact: np.ndarray, rounded: np.ndarray) -> float:
    power = float(np.mean(exact.astype(np.float64) ** 2))
    noise = float(np.mean((rounded.astype(np.float64) - exact) ** 2))
    return round(float(10 * np.log10(max(power, 1e-30) / max(noise, 1e-30))), 1)


def relative_error(found: np.ndarray, exact: np.ndarray) -> float:
    """Return the root mean squared difference in standard deviations of what is exact."""
    return float(np.sqrt(np.mean((found - exact) ** 2)) / max(float(exact.std()), 1e-12))
