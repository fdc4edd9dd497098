"""Rules for operations that move, choose or repeat values."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.entry import Held
from zoo.quantization.operations.calls import Call, batch_axis, constant_of, is_value
from zoo.quantization.rules.drafts import Sketch, Value, unknown

Rule = Callable[..., Value]
TURNING = ("Transpose", "GetItem", "Unstack")  # work wherever the batch's axis is


def reshaped(sketch: Sketch, call: Call, x: Value) -> Value:
    """RESHAPE to the shape of the output."""
    return as_shape(sketch, call.name, x, call.shape)


def as_shape(sketch: Sketch, name: str, x: Value, shape: tuple[int, ...]) -> Value:
    """Return a value in another shape."""
    if x.shape == shape:
        return x
    return sketch.rearrange(x, name, shape, lambda do, v: do.reshape(v, shape))


def transposed(sketch: Sketch, call: Call, x: Value) -> Value:
    """TRANSPOSE; where the batch's axis goes is only a matter of the axes' numbers."""
    axes = call.operation.axes
    rank = len(x.shape) + 1
    order = [axis % rank for axis in axes or reversed(range(rank))]
    batch = batch_axis(call.inputs[0]) or 0
    rows = [axis + 1 if axis < batch else axis for axis in order if axis != batch]
    return ordered(sketch, call, x, [0, *rows])


def swapped(sketch: Sketch, call: Call, x: Value) -> Value:
    """TRANSPOSE of two axes."""
    order = list(range(len(x.shape) + 1))
    first, second = call.operation.axis1, call.operation.axis2
    order[first], order[second] = order[second], order[first]
    return ordered(sketch, call, x, order)


def moved_axis(sketch: Sketch, call: Call, x: Value) -> Value:
    """TRANSPOSE of one axis to another place."""
    places = np.empty(tuple(range(len(x.shape) + 1)))  # whose sizes are its axes
    operation = call.operation
    return ordered(
        sketch, call, x, np.moveaxis(places, operation.source, operation.destination).shape
    )


def ordered(sketch: Sketch, call: Call, x: Value, order: Sequence[int]) -> Value:
    """Return a value with its axes, counted with the batch first, in another order."""
    rank = len(x.shape) + 1
    places = tuple(int(axis) % rank for axis in order)
    if places[0] != 0:
        raise unknown(call.operation, "it moves the axis of the batch")
    if places == tuple(range(rank)):
        return x
    shape = tuple(x.shape[axis - 1] for axis in places[1:])
    return sketch.rearrange(x, call.name, shape, lambda do, v: do.transpose(v, places))


def row_axis(call: Call, axis: int, rank: int) -> int:
    """Return an axis, counted with the batch, that is not the batch's."""
    place = int(axis) % rank
    if place == 0:
        raise unknown(call.operation, "it works along the axis of the batch")
    return place


def on_last_axis(rule: Rule) -> Rule:
    """Return a rule for any axis of an operation whose rule is for the last one."""

    def turned(sketch: Sketch, call: Call, x: Value) -> Value:
        rank = len(x.shape) + 1
        axis = call.operation.axis
        if isinstance(axis, list | tuple):
            if len(axis) != 1:
                raise unknown(call.operation, f"axis={axis}")
            (axis,) = axis
        place = row_axis(call, axis, rank)
        if place == rank - 1:
            return rule(sketch, call, x)
        order = [*range(place), *range(place + 1, rank), place]
        y = rule(sketch, call, ordered(sketch, call, x, order))
        return ordered(sketch, call, y, np.argsort(order).tolist())

    return turned


def item(sketch: Sketch, call: Call, x: Value, key: Any) -> Value:
    """STRIDED_SLICE, and RESHAPE where axes go or come: `x[:, 1:, 0, None]`."""
    begin, end, step, left = [], [], [], []
    sizes, batch = list(x.shape), batch_axis(call.inputs[0]) or 0
    sizes.insert(batch, 0)
    axis = 0
    for one in _whole_key(call, key, len(sizes)):
        if one is None:
            left.append(1)
            continue
        size = sizes[axis]
        if axis == batch:
            if one != slice(None):
                raise unknown(call.operation, "it chooses rows")
        elif isinstance(one, slice):
            chosen = range(size)[one]
            if chosen.step < 0 or not len(chosen):
                raise unknown(call.operation, f"{one}: only steps forward have an int8 form")
            begin.append(chosen.start), end.append(chosen[-1] + 1), step.append(chosen.step)
            left.append(len(chosen))
        else:
            place = range(size)[int(one)]
            begin.append(place), end.append(place + 1), step.append(1)
        axis += 1
    shape = tuple(len(range(*three)) for three in zip(begin, end, step, strict=True))
    if shape != x.shape:
        x = sketch.rearrange(x, call.name, shape, lambda do, v: do.cut(v, begin, end, step))
    return as_shape(sketch, call.name, x, tuple(left))


def _whole_key(call: Call, key: Any, rank: int) -> list[Any]:
    """Return a key with an entry for each axis, and None where one comes."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if not all(one is None or one is Ellipsis or isinstance(one, int | slice) for one in keys):
        raise unknown(call.operation, "only numbers and slices choose values in an int8 form")
    named = sum(one is not None and one is not Ellipsis for one in keys)
    if Ellipsis not in keys:
        keys.append(Ellipsis)
    place = keys.index(Ellipsis)
    return [*keys[:place], *[slice(None)] * (rank - named), *keys[place + 1 :]]


def cut(sketch: Sketch, name: str, x: Value, axis: int, first: int, last: int) -> Value:
    """Return what stands from `first` up to `last` along an axis, counted with the batch."""
    begin, end = [0] * len(x.shape), list(x.shape)
    begin[axis - 1], end[axis - 1] = first, last
    shape = tuple(b - a for a, b in zip(begin, end, strict=True))
    if shape == x.shape:
        return x
    return sketch.rearrange(x, name, shape, lambda do, v: do.cut(v, begin, end))


def split(sketch: Sketch, call: Call, x: Value) -> list[Value]:
    """A STRIDED_SLICE for each part."""
    operation = call.operation
    axis = row_axis(call, operation.axis, len(x.shape) + 1)
    size, parts = x.shape[axis - 1], operation.indices_or_sections
    if isinstance(parts, int):
        ends = [size // parts * i for i in range(1, parts)]
    else:
        ends = [int(one) for one in parts]
    return _cuts(sketch, call, x, axis, [0, *ends, size])


def unstacked(sketch: Sketch, call: Call, x: Value) -> list[Value]:
    """A STRIDED_SLICE for each place along an axis, which goes."""
    place, batch = call.operation.axis % (len(x.shape) + 1), batch_axis(call.inputs[0]) or 0
    if place == batch:
        raise unknown(call.operation, "it takes rows apart")
    axis = place + 1 if place < batch else place
    shape = (*x.shape[: axis - 1], *x.shape[axis:])
    parts = _cuts(sketch, call, x, axis, list(range(x.shape[axis - 1] + 1)))
    return [as_shape(sketch, call.name, part, shape) for part in parts]


def _cuts(sketch: Sketch, call: Call, x: Value, axis: int, ends: list[int]) -> list[Value]:
    x = replace(x, shared=True)  # by the parts
    return [cut(sketch, call.name, x, axis, first, last) for first, last in pairwise(ends)]


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
    parts = []
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
        y = _parts(sketch, call, y, place, range(y.shape[place - 1])[::-1], 1)
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
        y = _rejoined(sketch, call, y, place, ends)
    return y


def _parts(
    sketch: Sketch, call: Call, x: Value, axis: int, starts: Sequence[int], width: int
) -> Value:
    return _rejoined(sketch, call, x, axis, [(first, first + width) for first in starts])


def _rejoined(
    sketch: Sketch, call: Call, x: Value, axis: int, ends: Sequence[tuple[int, int]]
) -> Value:
    """Return parts of a value along an axis, in another order."""

    def moved(do: Exact, v: Any) -> Any:
        found = []
        for first, last in ends:
            begin, end = [0] * len(x.shape), list(x.shape)
            begin[axis - 1], end[axis - 1] = first, last
            found.append(do.cut(v, begin, end))
        return do.concatenate(found, axis) if len(found) > 1 else found[0]

    return x if len(ends) == 1 else sketch.rearrange(x, call.name, x.shape, moved)


def padded(sketch: Sketch, call: Call, x: Value, constant_values: Any = None) -> Value:
    """PAD with zeros."""
    operation = call.operation
    if operation.mode != "constant" or constant_values not in (None, 0):
        raise unknown(operation, "only zeros pad in an int8 form")
    pads = [(int(before), int(after)) for before, after in operation.pad_width]
    if pads[0] != (0, 0):
        raise unknown(operation, "it adds rows")
    return sketch.rearrange(x, call.name, call.shape, lambda do, v: do.pad(v, pads))
