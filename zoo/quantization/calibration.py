"""Ranges from calibration rows: observed once, clipped in several ways, chosen by the result."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo.checks import UserError
from zoo.data.dataset import Data
from zoo.quantization.equalizing import equalize
from zoo.quantization.layers.arithmetic import Exact, Int8
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.ranges import Range
from zoo.quantization.layers.watching import Watching
from zoo.quantization.rounding import refine
from zoo.quantization.rows import (
    CalibrationRows,
    Rows,
    batch_size,
    batches,
    choose_rows,
    evenly,
    integer_grid,
    one_batch,
    taken,
    tensors,
)
from zoo.quantization.twin import Twin, make_twin

NEAR = 0.1  # standard deviations of the logits: what is farther is worth the time
Clip = Callable[[np.ndarray], tuple[float, float]]
Clipped = dict[Range, dict[str, tuple[float, float]]]


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
        step = max(share * (high - low), 1e-12) / INT8.activations.steps
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
    errors: dict[str, float]  # of each, then "refined": see `relative_error`, from float logits
    origin: str  # the sha256 of the float model's weights

    def check(self, model: keras.Model) -> None:
        """Raise UserError if the twin was made from another model, or before it was trained."""
        if self.origin != weights_hash(model):
            raise UserError(
                f"quantized was made from other weights than those of {model.name}; make it again."
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
    return quantize_rows(model, choose_rows(model, data, rows, seed))


def quantize_rows(model: keras.Model, chosen: CalibrationRows) -> Quantized:
    """Return the twin of a model of any inputs and outputs, with ranges observed on some rows.

    Raises:
        UnknownLayer: a layer that the twin cannot express.
    """
    twin = make_twin(model, standardized=chosen.standardize is not None)
    fed, exact = chosen.fed(), answers(model, chosen.x)
    equalize(twin, fed)
    clip, errors = calibrate(twin, fed, exact)
    weights = twin.get_weights()
    refine(twin, one_batch(fed))
    errors["refined"] = _error(twin, fed, exact)
    if not errors["refined"] <= errors[clip]:  # NaN is not
        twin.set_weights(weights)
    return Quantized(twin, "ptq", chosen, clip, errors, weights_hash(model))


def calibrate(twin: Twin, rows: Rows, exact: Rows | None = None) -> tuple[str, dict[str, float]]:
    """Set the ranges of a twin from what goes through it.

    Every clipping is tried; the one whose logits are nearest to the float ones stays. Where these
    are not near, every range in turn gets the clipping that is best for it.

    Args:
        twin: with its weights; they are left alone.
        rows: as the twin takes them, (rows, *row shape).
        exact: the float logits, (rows, outputs); None: the twin's own, without rounding.

    Returns:
        The name of the clipping, or "each", and the error of all that were tried.
    """
    observing = Watching(Exact())
    found = predict(twin, rows, observing)
    exact = found if exact is None else exact
    clipped = _clipped(twin, observing)

    def set_all(name: str) -> None:
        for where, ranges in clipped.items():
            where.set(*ranges[name])

    errors = {}
    for name in CLIPS:
        set_all(name)
        errors[name] = _error(twin, rows, exact)
    best = min(errors, key=errors.__getitem__)
    set_all(best)
    if errors[best] > NEAR:
        some = evenly(rows)
        _set_each(twin, clipped, best, taken(rows, some), taken(exact, some))
        errors["each"] = _error(twin, rows, exact)
        if not errors["each"] <= errors[best]:
            set_all(best)
    return min(errors, key=errors.__getitem__), errors


def _error(twin: Twin, rows: Rows, exact: Rows) -> float:
    return relative_error(predict(twin, rows, Int8()), exact)


def _clipped(twin: Twin, observing: Watching) -> Clipped:
    """Return every range that is free, clipped in every way."""
    found = {
        where: {name: clip(observing.values(where)) for name, clip in CLIPS.items()}
        for where in observing.seen
        if where.fixed is None
    }
    for entry in twin.entries:
        if entry.output_range in found:
            grid = integer_grid(observing.values(entry.output_range))
            if grid is not None:
                found[entry.output_range] = dict.fromkeys(CLIPS, grid)
    return found


def _set_each(twin: Twin, clipped: Clipped, first: str, rows: Rows, exact: Rows) -> None:
    """Give each range in turn, all set to `first` before, the clipping with the least error."""
    least = _error(twin, rows, exact)
    for where, ranges in clipped.items():
        kept = first
        for name, limits in ranges.items():
            if limits == ranges[first]:
                continue
            where.set(*limits)
            error = _error(twin, rows, exact)
            if error < least:
                least, kept = error, name
        where.set(*ranges[kept])


def answers(model: keras.Model, rows: Rows) -> Rows:
    """Return a model's outputs, an array or a list in its order."""
    keys = model._inputs_struct if len(model.inputs) > 1 else None
    fed = dict(zip(sorted(keys), rows, strict=True)) if isinstance(keys, dict) else rows
    found = keras.tree.flatten(model.predict(fed, verbose=0))
    return found[0] if len(found) == 1 else found


def predict(twin: Twin, rows: Rows, arithmetic: Exact) -> Rows:
    """Return the logits of rows in an arithmetic, (rows, outputs), or a list of each output."""
    if type(arithmetic) is Int8:  # what the twin does when called: Keras compiles it once
        return twin.predict(rows, batch_size=batch_size(rows), verbose=0)
    found = [
        keras.tree.map_structure(ops.convert_to_numpy, twin.run(tensors(batch), arithmetic))
        for batch in batches(rows)
    ]
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *found)


def layer_noise(model: keras.Model, quantized: Quantized, rows: Rows) -> dict[str, float]:
    """Return, for every range by name, the ratio of its values to their int8 error, in dB.

    The error is all that has come together up to there, not what this one rounding adds.

    Args:
        model: the float model.
        quantized: of that model.
        rows: as the twin takes them, (rows, *row shape).
    """
    reference = make_twin(model, quantized.twin.standardized)
    equalize(reference, quantized.rows.fed())  # or values would not compare
    exact, rounded = Watching(Exact()), Watching(Int8())
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


def relative_error(found: Rows, exact: Rows) -> float:
    """Return the root mean squared difference in standard deviations of what is exact.

    Of several outputs it is the root of the mean of their squares.
    """
    pairs = zip(
        *([one] if isinstance(one, np.ndarray) else one for one in (found, exact)), strict=True
    )
    return float(np.sqrt(np.mean([_relative(*pair) ** 2 for pair in pairs])))


def _relative(found: np.ndarray, exact: np.ndarray) -> float:
    found, exact = np.asarray(found, np.float64), np.asarray(exact, np.float64)
    return float(np.sqrt(np.mean((found - exact) ** 2)) / max(float(exact.std()), 1e-12))
