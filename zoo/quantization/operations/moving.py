"""Rules for operations that move, choose or repeat values."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.lookup import Lookup
from zoo.quantization.operations.calls import Call, batch_axis, constant_of, is_value
from zoo.quantization.rules import sequences
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Value, unknown

TURNING = ("Transpose", "GetItem", "Unstack")  # work wherever the batch's axis is


def reshaped(sketch: Sketch, call: Call, x: Value) -> Value:
    """RESHAPE to the shape of the output."""
    return as_shape(sketch, call.name, x, call.shape)


def as_shape(sketch: Sketch, name: str, x: Value, shape: tuple[int, ...]) -> Value:
    """Return a value in another shape, made once for all who read it."""
    return sequences.reshaped(sketch, x, shape, name)


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
    return sequences.swapped(sketch, x, places, call.name)


def row_axis(call: Call, axis: int, rank: int) -> int:
    """Return an axis, counted with the batch, that is not the batch's."""
    place = int(axis) % rank
    if place == 0:
        raise unknown(call.operation, "it works along the axis of the batch")
    return place


def item(sketch: Sketch, call: Call, x: Value, key: Any) -> Value:
    """STRIDED_SLICE, and RESHAPE where axes go or come: `x[:, 1:, 0, None]`."""
    sizes, batch = list(x.shape), batch_axis(call.inputs[0]) or 0
    sizes.insert(batch, 0)
    ranges: list[range] = []  # of every axis but the batch's
    left: list[int] = []
    axis = 0
    for one in _whole_key(call, key, len(sizes)):
        if one is None:
            left.append(1)
            continue
        if axis != batch:
            places = _places(call, one, sizes[axis])
            ranges.append(places)
            left += [len(places)] if isinstance(one, slice) else []
        elif one != slice(None):
            raise unknown(call.operation, "it chooses rows")
        axis += 1
    shape = tuple(map(len, ranges))
    back = [axis for axis, one in enumerate(ranges, 1) if one.step < 0]
    ranges = [one[::-1] if one.step < 0 else one for one in ranges]
    if shape != x.shape:
        begin, end = [one.start for one in ranges], [one[-1] + 1 for one in ranges]
        step = [one.step for one in ranges]
        x = sketch.rearrange(x, call.name, shape, lambda do, v: do.cut(v, begin, end, step))
    for one in back:
        x = chosen(sketch, call, x, one, range(shape[one - 1])[::-1])
    return as_shape(sketch, call.name, x, tuple(left))


def _places(call: Call, key: Any, size: int) -> range:
    """Return the places along an axis that a slice or a number chooses."""
    if not isinstance(key, slice):
        place = range(size)[int(key)]
        return range(place, place + 1)
    places = range(size)[key]
    if not places:
        raise unknown(call.operation, f"{key} chooses nothing")
    return places


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
    begin, end = _between(x.shape, axis, first, last)
    shape = tuple(b - a for a, b in zip(begin, end, strict=True))
    if shape == x.shape:
        return x
    return sketch.rearrange(x, name, shape, lambda do, v: do.cut(v, begin, end))


def _between(
    shape: tuple[int, ...], axis: int, first: int, last: int
) -> tuple[list[int], list[int]]:
    """Return where a cut from `first` up to `last` along one axis begins and ends on each."""
    begin, end = [0] * len(shape), list(shape)
    begin[axis - 1], end[axis - 1] = first, last
    return begin, end


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


def chosen(sketch: Sketch, call: Call, x: Value, axis: int, places: Sequence[int]) -> Value:
    """Return places along an axis in any order: neighbors are cut out together."""
    ends: list[tuple[int, int]] = []
    for place in places:
        if ends and ends[-1][1] == place:
            ends[-1] = ends[-1][0], place + 1
        else:
            ends.append((place, place + 1))
    return rejoined(sketch, call, x, axis, ends)


def rejoined(
    sketch: Sketch, call: Call, x: Value, axis: int, ends: Sequence[tuple[int, int]]
) -> Value:
    """Return parts of a value along an axis, one after the other."""
    sizes = list(x.shape)
    sizes[axis - 1] = sum(last - first for first, last in ends)
    if len(ends) == 1:
        return cut(sketch, call.name, x, axis, *ends[0])

    def moved(do: Exact, v: Any) -> Any:
        parts = [do.cut(v, *_between(x.shape, axis, *pair)) for pair in ends]
        return do.concatenate(parts, axis)

    return sketch.rearrange(x, call.name, tuple(sizes), moved)


def sliced(sketch: Sketch, call: Call, x: Value, start_indices: Any) -> Value:
    """`ops.slice`: STRIDED_SLICE."""
    starts = [int(one) for one in np.asarray(start_indices)]
    place, shape = batch_axis(call.inputs[0]) or 0, call.shape
    if starts.pop(place) != 0:
        raise unknown(call.operation, "it chooses rows")
    end = [first + size for first, size in zip(starts, shape, strict=True)]
    return sketch.rearrange(x, call.name, shape, lambda do, v: do.cut(v, starts, end))


def taken(sketch: Sketch, call: Call, x: Any, indices: Any) -> Value:
    """Constant places of a value, or the rows of a constant table at ids: GATHER."""
    axis = call.operation.axis
    if is_value(indices):
        if is_value(x) or axis != 0 or x.ndim != 2 or not sketch.is_ids(indices):
            raise unknown(call.operation, "only ids from an input choose, of a constant's rows")
        table = constant_of(x, 3)
        shape = (*indices.shape, table.shape[1])
        return sketch.add(Lookup, call.name, (indices,), shape, table=table, padded=False)
    if axis is None:
        raise unknown(call.operation, "it mixes rows")
    place = row_axis(call, axis, len(x.shape) + 1)
    places = np.asarray(keras.ops.convert_to_numpy(indices))
    size = x.shape[place - 1]
    found = [int(one) % size for one in places.reshape(-1)]
    return as_shape(sketch, call.name, chosen(sketch, call, x, place, found), call.shape)
