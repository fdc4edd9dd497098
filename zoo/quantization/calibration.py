"""Ranges from calibration rows: observed once, clipped in several ways, chosen by the result."""

import hashlib
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import ops

from zoo.checks import UserError
from zoo.data.dataset import Data
from zoo.quantization.clipping import CLIPS
from zoo.quantization.drawing import draw
from zoo.quantization.equalizing import equalize
from zoo.quantization.errors import distance
from zoo.quantization.hosts import host_of
from zoo.quantization.joints import graph_ends
from zoo.quantization.layers.arithmetic import Exact, Int8, Rounded
from zoo.quantization.layers.numerics import INT8, MIXED, Numerics
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
from zoo.quantization.widening import ROOM, widen

NEAR = 0.1  # standard deviations of the logits: what is farther is worth the time
Clipped = dict[Range, dict[str, tuple[float, float]]]


@dataclass(frozen=True)
class Quantized:
    """A twin with its ranges, and where they come from."""

    twin: Twin
    rung: str  # "ptq": ranges observed; "qat": observed, then trained with
    rows: CalibrationRows
    clip: str  # the clipping that was chosen
    errors: dict[str, float]  # of each, then "refined": see `relative_error`, from float logits
    origin: str  # the sha256 of the float model's weights
    tried: tuple["Tried", ...] = ()  # where a ladder was climbed: every rung, this one too

    def check(self, model: keras.Model) -> None:
        """Raise UserError if the twin was made from another model, or before it was trained."""
        if self.origin != weights_hash(model):
            raise UserError(
                f"quantized was made from other weights than those of {model.name}; make it again."
            )


@dataclass(frozen=True)
class Tried:
    """A rung of the ladder: what it lost on held-out rows, and `relative_error` on these."""

    quantized: Quantized
    drop: float  # in the metric's unit
    noise: float


def weights_hash(model: keras.Model) -> str:
    """Return the sha256 of all weights of a model."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(f"{weight.shape}".encode() + np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def quantize(
    model: keras.Model,
    data: Data,
    *,
    rows: int = 256,
    seed: int = 0,
    numerics: Numerics = INT8,
) -> Quantized:
    """Return the twin of a model with ranges observed on training rows (rung "ptq").

    Channels are equalized before (`equalize`), and weights rounded after (`refine`), which stays
    where it brings the outputs nearer. A format whose activations are floats needs none of it.

    Args:
        model: a trained model of one input and one output; it is left alone.
        data: only its training part is used.
        rows: at most this many calibration rows, spread evenly over the classes; at least 16.
        seed: of their choice.
        numerics: the format that the twin computes in.

    Raises:
        UnknownLayer: a layer that the twin cannot express.
        UserError: too few calibration rows, or rows that are not finite.
    """
    chosen = choose_rows(model, data, rows, seed)
    return quantize_rows(model, chosen, numerics, numbers=data.task.numbers)


def quantize_rows(
    model: keras.Model,
    chosen: CalibrationRows,
    numerics: Numerics = INT8,
    *,
    numbers: bool,
) -> Quantized:
    """Return the twin of a model of any inputs and outputs, with ranges observed on some rows.

    Args:
        numbers: whether outputs are numbers, which may have units of their own.

    Raises:
        UnknownLayer: a layer that the twin cannot express.
    """
    if not numerics.integer:
        return _stored(model, replace(chosen, host=None), numerics)
    first = INT8 if numerics is MIXED else numerics
    fed, exact = chosen.fed(), answers(model, chosen.x)
    _, joint = graph_ends(model)
    parts = exact if joint is None else joint.split(exact)
    host = host_of(chosen.host, parts if numbers else None, first.activations.steps)
    twin = make_twin(model, host)
    twin.numerics = first
    equalize(twin, fed)
    clip, errors = calibrate(twin, fed, exact)
    weights = twin.get_weights()
    refine(twin, one_batch(fed))
    errors["refined"] = _error(twin, fed, exact)
    if not errors["refined"] <= errors[clip]:  # NaN is not
        twin.set_weights(weights)
    if numerics is MIXED:
        widen(twin, fed, exact)
        errors["widened"] = _error(twin, fed, exact)
    return Quantized(twin, "ptq", chosen, clip, errors, weights_hash(model))


def _stored(model: keras.Model, chosen: CalibrationRows, numerics: Numerics) -> Quantized:
    """Return the twin of a format in which only weights are rounded."""
    twin = make_twin(model)
    twin.numerics = numerics
    error = _error(twin, chosen.x, answers(model, chosen.x))
    return Quantized(twin, "ptq", chosen, "whole", {"whole": error}, weights_hash(model))


def calibrate(twin: Twin, rows: Rows, exact: Rows | None = None) -> tuple[str, dict[str, float]]:
    """Set the ranges of a twin from what goes through it.

    Every clipping is tried; the one whose logits are nearest to the float ones stays. Where these
    are not near, every range in turn gets the clipping that is best for it.

    Args:
        twin: with its weights; they are left alone.
        rows: as the twin takes them, (rows, *row shape).
        exact: the float logits, (rows, outputs); None: the twin's own, without rounding.

    Returns: name of the clipping, or "each", and the error of all that were tried.
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
    return distance(twin, predict(twin, rows, Rounded(twin.numerics)), exact)


def _clipped(twin: Twin, observing: Watching) -> Clipped:
    """Return every range that is free, clipped in every way."""
    found = {where: _ways(where, twin, observing) for where in observing.seen if not where.fixed}
    for entry in twin.entries:
        if entry.output_range in found:
            grid = integer_grid(observing.values(entry.output_range))
            if grid is not None:
                found[entry.output_range] = dict.fromkeys(CLIPS, grid)
    return found


def _ways(where: Range, twin: Twin, observing: Watching) -> dict[str, tuple[float, float]]:
    if where.is_wide(twin.numerics):  # nothing need be clipped off
        return dict.fromkeys(CLIPS, observing.ends(where, ROOM))
    return {name: clip(observing.values(where)) for name, clip in CLIPS.items()}


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
    """Return a model's outputs, an array or a list in its order. Raises UserError."""
    keys = model._inputs_struct if len(model.inputs) > 1 else None
    fed = dict(zip(sorted(keys), rows, strict=True)) if isinstance(keys, dict) else rows
    try:
        found: list[np.ndarray] = keras.tree.flatten(model.predict(fed, verbose=0))
    except Exception as error:  # whatever a layer of one's own raises
        draw(model)  # which names it
        said = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise UserError(f"Keras cannot compute the outputs of {model.name}: {said[0]}") from error
    return found[0] if len(found) == 1 else found


def predict(twin: Twin, rows: Rows, arithmetic: Exact) -> Rows:
    """Return the logits of rows in an arithmetic, (rows, outputs), or a list of each output.

    They are in the model's units.
    """
    same = isinstance(arithmetic, Rounded) and arithmetic.numerics is twin.numerics
    if same and type(arithmetic) in (Rounded, Int8):  # Keras compiles once what a twin does
        return twin.real(twin.predict(rows, batch_size=batch_size(rows), verbose=0))
    found = [
        keras.tree.map_structure(ops.convert_to_numpy, twin.run(tensors(batch), arithmetic))
        for batch in batches(rows)
    ]
    return twin.real(keras.tree.map_structure(lambda *parts: np.concatenate(parts), *found))
