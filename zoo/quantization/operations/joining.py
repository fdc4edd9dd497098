"""Rules for operations that put values together: joined, repeated, turned round, padded."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.quantization.layers.entry import Held
from zoo.quantization.operations.calls import Call, constant_of, is_value
from zoo.quantization.operations.moving import as_shape, chosen, rejoined, row_axis
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Value, unknown


def concatenated(sketch: Sketch, call: Call, xs: Sequence[Any]) -> Value:
    """CONCATENATION, of constants too."""
    rank = len(call.outputs[0].shape)
    axis = row_axis(call, call.operation.axis, rank)
    if axis == rank - 1 and all(map(is_value, xs)):
        return Value(-1, call.shape, parts=tuple(xs))  # made once something needs them together
    return joined(sketch, call, xs, axis)


def joined(sketch: Sketch, call: Call, xs: Sequence[Any], axis: int) -> Value:
    """Return values and constants one after the other along an axis."""
    some = next(x for x in xs if is_value(x))
    rank = len(some.shape) + 1
    parts = tuple(
        sketch.settle(x, f"{call.name}_{i}") if is_value(x) else held(sketch, call, x, some, rank)
        for i, x in enumerate(xs)
    )
    sizes = list(some.shape)
    sizes[axis - 1] = sum(part.shape[axis - 1] for part in parts)
    return sketch.concatenate(parts, call.name, tuple(sizes), axis)


def held(sketch: Sketch, call: Call, constant: Any, like: Value, rank: int) -> Value:
    """Return a constant as a value, the same for each row."""
    values = constant_of(constant, rank)
    if values.ndim != rank or values.shape[0] != 1:
        raise unknown(call.operation, "a constant part that differs from row to row")
    row = values[0]
    like = sketch.settle(like, call.name)
    return sketch.add(Held, f"{call.name}_constant", (like,), row.shape, values=row)


def stacked(sketch: Sketch, call: Call, x: Sequence[Any]) -> Value:
    """RESHAPE of each, and CONCATENATION along the new axis."""
    rank = len(call.outputs[0].shape)
    axis = row_axis(call, call.operation.axis, rank)
    parts: list[Any] = []
    for one in x:
        if not is_value(one):
            parts.append(np.expand_dims(constant_of(one, rank - 1), axis))
            continue
        shape = (*one.shape[: axis - 1], 1, *one.shape[axis - 1 :])
        parts.append(as_shape(sketch, call.name, one, shape))
    return joined(sketch, call, parts, axis)


def tiled(sketch: Sketch, call: Call, x: Value) -> Value:
    """CONCATENATION of a value with itself along each axis that grows."""
    shape = call.shape
    y = as_shape(sketch, call.name, x, (1,) * (len(shape) - len(x.shape)) + x.shape)
    for axis, size in enumerate(shape, 1):
        y = _times(sketch, call, y, axis, size // y.shape[axis - 1])
    return y


def repeated(sketch: Sketch, call: Call, x: Value) -> Value:
    """Each place along an axis as many times: a new axis of that size, taken into it."""
    count, axis = call.operation.repeats, call.operation.axis
    if axis is None or not isinstance(count, int):
        raise unknown(call.operation, "only one number of repeats along one axis")
    place = row_axis(call, axis, len(x.shape) + 1)
    wide = (*x.shape[:place], 1, *x.shape[place:])
    y = _times(sketch, call, as_shape(sketch, call.name, x, wide), place + 1, count)
    return as_shape(sketch, call.name, y, call.shape)


def _times(sketch: Sketch, call: Call, x: Value, axis: int, count: int) -> Value:
    if count == 1:
        return x
    shape = tuple(size * count if i == axis else size for i, size in enumerate(x.shape, 1))
    return sketch.rearrange(x, call.name, shape, lambda do, v: do.concatenate([v] * count, axis))


def flipped(sketch: Sketch, call: Call, x: Value) -> Value:
    """Slices of one place along each axis, from the last to the first."""
    axes, rank = call.operation.axis, len(x.shape) + 1
    if axes is None:
        raise unknown(call.operation, "it turns the rows round")
    y = x
    for axis in [axes] if isinstance(axes, int) else axes:
        place = row_axis(call, axis, rank)
        y = chosen(sketch, call, y, place, range(y.shape[place - 1])[::-1])
    return y


def rolled(sketch: Sketch, call: Call, x: Value) -> Value:
    """The two parts of each axis, changed round."""
    shifts, axes = call.operation.shift, call.operation.axis
    if axes is None:
        raise unknown(call.operation, "it rolls over the rows too")
    pairs = [(shifts, axes)] if isinstance(axes, int) else zip(shifts, axes, strict=True)
    y = x
    for shift, axis in pairs:
        place = row_axis(call, axis, len(x.shape) + 1)
        size = y.shape[place - 1]
        first = -int(shift) % size
        ends = [(first, size), (0, first)] if first else [(0, size)]
        y = rejoined(sketch, call, y, place, ends)
    return y


def padded(sketch: Sketch, call: Call, x: Value, constant_values: Any = None) -> Value:
    """PAD with zeros."""
    operation = call.operation
    if operation.mode != "constant" or constant_values not in (None, 0):
        raise unknown(operation, "only zeros pad in an int8 form")
    pads = [(int(before), int(after)) for before, after in operation.pad_width]
    if pads[0] != (0, 0):
        raise unknown(operation, "it adds rows")
    return sketch.rearrange(x, call.name, call.shape, lambda do, v: do.pad(v, pads))
