"""How pooling and concatenation enter a twin: they choose among values, and bring no range."""

from typing import Any

import numpy as np
from keras import layers, ops

from zoo.quantization.folding import Sketch, Value, shape_of, unknown
from zoo.quantization.kernels import check_channels_last
from zoo.quantization.pictures import as_picture, both_ways, shape_like


def concatenate(sketch: Sketch, layer: Any, *parts: Value) -> Value:
    if not all(sketch.rounding(part) for part in parts):
        raise unknown(
            layer,
            "an input has a scale of its own, as what tanh, sigmoid, softmax, attention or a "
            "recurrent layer gives and as the model's input; put a dense layer or a convolution "
            "between",
        )
    shape = shape_like(layer, parts[0])
    axis = layer.axis % len(layer.output.shape) + len(shape) - len(shape_of(layer))
    if axis == len(shape):
        return Value(-1, shape, parts=parts)
    settled = tuple(sketch.settle(part, f"{layer.name}_{i}") for i, part in enumerate(parts))
    return sketch.concatenate(settled, layer.name, shape, axis)


def pool(sketch: Sketch, layer: Any, x: Value) -> Value:
    check_channels_last(layer)
    largest = type(layer) in (layers.MaxPooling2D, layers.MaxPooling1D)
    x, scale, offset = sketch.channels(as_picture(sketch, layer, x), layer.name)
    if largest and (scale < 0).any():  # the largest would be the smallest
        x = sketch.settle(x.then(scale, offset), layer.name)
        scale, offset = np.ones_like(scale), np.zeros_like(offset)
    function = ops.max_pool if largest else ops.average_pool
    size, strides, padding = both_ways(layer.pool_size), both_ways(layer.strides), layer.padding
    y = sketch.rearrange(
        x,
        layer.name,
        shape_like(layer, x),
        lambda v: function(v, size, strides, padding, "channels_last"),
    )
    return y.then(scale, offset) if (scale != 1).any() or offset.any() else y
