"""Rules for layers that move or select values; these have no range of their own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.gathering import Mean
from zoo.quantization.layers.operations import AWAY
from zoo.quantization.layers.ranges import Window
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.sequences import (
    as_image,
    as_seen,
    both_ways,
    channels_last,
    reshaped,
    shape_like,
)
from zoo.quantization.rules.values import Value, shape_of


def concatenate(sketch: Sketch, layer: Any, *parts: Value) -> Value:
    """`Concatenate`: CONCATENATION; of channels only once a layer needs them together."""
    shape = shape_like(layer, parts[0])
    axis = layer.axis % len(layer.output.shape) + len(shape) - len(shape_of(layer))
    if axis == len(shape):
        return Value(-1, shape, parts=parts)
    settled = tuple(sketch.settle(part, f"{layer.name}_{i}") for i, part in enumerate(parts))
    return sketch.concatenate(settled, layer.name, shape, axis)


@channels_last
def pool(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`MaxPooling`, `AveragePooling`: MAX_POOL_2D or AVERAGE_POOL_2D of images."""
    largest = type(layer) in (layers.MaxPooling2D, layers.MaxPooling1D)
    x = as_image(sketch, layer, x)
    size, window = both_ways(layer.pool_size), Window(both_ways(layer.strides), layer.padding)
    return pooled(sketch, layer, x, shape_like(layer, x), window, size, largest)


def pooled(
    sketch: Sketch,
    layer: Any,
    x: Value,
    shape: tuple[int, ...],
    window: Window,
    size: tuple[int, int],
    largest: bool,
) -> Value:
    """Return the largest values, or the averages, of parts of an image.

    That of the whole image is MEAN, whose result has a range, and so steps, of its own.
    """
    if not largest and size == x.shape[:2] and shape[:2] == (1, 1):
        x, scale, offset = sketch.channels(x, layer.name)
        y = sketch.add(Mean, layer.name, (x,), shape, axes=(1, 2), keepdims=True)
        return y.then(scale, offset)

    def function(do: Exact, v: Any) -> Any:
        return (do.max_pool if largest else do.average_pool)(v, size, window)

    return chosen(sketch, layer, x, shape, function, largest, averages=None if largest else AWAY)


@channels_last
def global_max(sketch: Sketch, layer: Any, x: Value) -> Value:
    """MAX_POOL_2D of the whole image."""
    if len(x.shape) != 3:
        flat = (1, int(np.prod(x.shape[:-1])), x.shape[-1])
        x = reshaped(sketch, x, flat, f"{layer.name}_picture")
    size, shape = (x.shape[0], x.shape[1]), (1, 1, x.shape[-1])
    y = pooled(sketch, layer, x, shape, Window(size, "valid"), size, largest=True)
    wanted = shape_of(layer)
    return y if wanted == shape else reshaped(sketch, y, wanted, f"{layer.name}_flat")


def chosen(
    sketch: Sketch,
    layer: Any,
    x: Value,
    shape: tuple[int, ...],
    function: Any,
    largest: bool = False,
    averages: str | None = None,
) -> Value:
    """Add an operator that chooses or averages over positions, channel by channel."""
    x, scale, offset = sketch.channels(x, layer.name)
    if largest and (scale < 0).any():  # the largest would be the smallest
        x = sketch.settle(x.then(scale, offset), layer.name)
        scale, offset = np.ones_like(scale), np.zeros_like(offset)
    y = sketch.rearrange(x, layer.name, shape, function, averages, largest)
    return y.then(scale, offset)


@channels_last
def mean(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`GlobalAveragePooling`: MEAN over all positions; what is pending stays pending."""
    if layer.keepdims:
        x = as_seen(sketch, x, layer.input, layer.name)
    x, scale, offset = sketch.channels(x, layer.name)
    axes = tuple(range(1, len(x.shape)))
    y = sketch.add(Mean, layer.name, (x,), shape_of(layer), axes=axes, keepdims=layer.keepdims)
    return y.then(scale, offset)


@channels_last
def flatten(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Flatten`: RESHAPE."""
    return reshape(sketch, layer, x)


def reshape(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Reshape`: RESHAPE."""
    shape = shape_of(layer)
    return sketch.rearrange(x, layer.name, shape, lambda do, v: do.reshape(v, shape))


def repeat(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`RepeatVector`: CONCATENATION of one step, as many times."""
    count, step = layer.n, (1, *x.shape)
    return sketch.rearrange(
        x,
        layer.name,
        shape_of(layer),
        lambda do, v: do.concatenate([do.reshape(v, step)] * count, 1),
    )


def permute(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Permute`: TRANSPOSE."""
    order = (0, *layer.dims)
    return sketch.rearrange(x, layer.name, shape_of(layer), lambda do, v: do.transpose(v, order))


@channels_last
def zero_padding(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`ZeroPadding`: PAD."""
    return padded(sketch, x, [*_ends(layer.padding), (0, 0)], layer.name)


@channels_last
def crop(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Cropping`: STRIDED_SLICE."""
    return cut(sketch, x, [*_ends(layer.cropping), (0, 0)], layer.name)


def padded(sketch: Sketch, x: Value, ends: Sequence[tuple[int, int]], name: str) -> Value:
    """Return a value with so many zeros before and after it on each axis but the batch."""
    pads = [(0, 0), *ends]
    shape = tuple(size + sum(both) for both, size in zip(ends, x.shape, strict=True))
    return (
        x if shape == x.shape else sketch.rearrange(x, name, shape, lambda do, v: do.pad(v, pads))
    )


def cut(sketch: Sketch, x: Value, ends: Sequence[tuple[int, int]], name: str) -> Value:
    """Return a value without so much at the beginning and end of each axis but the batch."""
    begin = [first for first, _ in ends]
    end = [size - last for (_, last), size in zip(ends, x.shape, strict=True)]
    shape = tuple(last - first for first, last in zip(begin, end, strict=True))
    if shape == x.shape:
        return x
    return sketch.rearrange(x, name, shape, lambda do, v: do.cut(v, begin, end))


def _ends(pairs: Any) -> list[tuple[int, int]]:
    """Return (before, after) for each axis; layers of one dimension have one pair."""
    return [pairs] if isinstance(pairs[0], int) else list(pairs)
