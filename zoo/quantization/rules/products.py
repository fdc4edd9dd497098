"""Rules for layers with kernels."""

from typing import Any

import numpy as np

from zoo.quantization.layers.products import Conv, ConvTranspose, Dense, DepthwiseConv
from zoo.quantization.rules.activations import activate
from zoo.quantization.rules.drafts import Sketch, Value, numpy_of, shape_of, unknown
from zoo.quantization.rules.sequences import (
    as_image,
    both_ways,
    kernel_of,
    padding_of,
    shape_like,
)


def bias_of(layer: Any, size: int) -> np.ndarray:
    """Return a layer's bias, (outputs,): zeros where it has none."""
    return numpy_of(layer.bias) if layer.use_bias else np.zeros(size)


def check_channels_last(layer: Any) -> None:
    """Raise UnknownLayer for a layer that has the channels first."""
    order = getattr(layer, "data_format", "channels_last")
    if order != "channels_last":
        raise unknown(layer, f"data_format={order!r}")


def dense(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Dense`: FULLY_CONNECTED; what is pending on its input goes into kernel and bias."""
    x, scale, offset = sketch.channels(x, layer.name)
    kernel = numpy_of(layer.kernel)
    bias = bias_of(layer, kernel.shape[-1]) + offset @ kernel
    y = sketch.add(
        Dense,
        layer.name,
        (x,),
        shape_of(layer),
        kernel=kernel * scale[:, None],
        bias=bias,
        activation=None,
    )
    return activate(sketch, layer, y, layer.activation)


def conv(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Conv1D`, `Conv2D`: CONV_2D; what is pending on its input goes into kernel and bias."""
    check_channels_last(layer)
    if layer.groups != 1:
        raise unknown(layer, f"groups={layer.groups}")
    x, kernel = as_image(sketch, layer, x), kernel_of(layer.kernel)
    x, kernel, moved = _into_kernel(sketch, layer, x, kernel, "o")
    return _convolution(sketch, layer, x, Conv, kernel, bias_of(layer, kernel.shape[-1]) + moved)


def depthwise(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`DepthwiseConv1D`, `DepthwiseConv2D`: DEPTHWISE_CONV_2D, with what is pending taken in."""
    check_channels_last(layer)
    x, kernel = as_image(sketch, layer, x), kernel_of(layer.kernel)
    x, kernel, moved = _into_kernel(sketch, layer, x, kernel, "io")
    bias = bias_of(layer, moved.size) + moved
    return _convolution(sketch, layer, x, DepthwiseConv, kernel, bias)


def separable(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A depthwise convolution, then a 1x1 one."""
    check_channels_last(layer)
    x = as_image(sketch, layer, x)
    first, second = kernel_of(layer.depthwise_kernel), kernel_of(layer.pointwise_kernel)
    x, first, moved = _into_kernel(sketch, layer, x, first, "io")
    shape = (*shape_like(layer, x)[:2], moved.size)
    y = _drafted(sketch, layer, DepthwiseConv, f"{layer.name}_depthwise", x, shape, first, moved)
    y = sketch.add(
        Conv,
        f"{layer.name}_pointwise",
        (y,),
        shape_like(layer, y),
        kernel=second,
        bias=bias_of(layer, second.shape[-1]),
        strides=(1, 1),
        padding="valid",
        activation=None,
    )
    return activate(sketch, layer, y, layer.activation)


def transposed(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A transposed convolution; what is pending but factors stays before it: edges get less."""
    check_channels_last(layer)
    if layer.output_padding is not None or max(layer.dilation_rate) > 1:
        raise unknown(layer, "output_padding and dilation_rate")
    if x.offset is not None and x.offset.any():
        x = sketch.settle(x, layer.name)
    x, scale, _ = sketch.channels(x, layer.name)
    kernel = numpy_of(layer.kernel) * scale  # (height, width, out, in)
    y = sketch.add(
        ConvTranspose,
        layer.name,
        (x,),
        shape_of(layer),
        kernel=kernel,
        bias=bias_of(layer, kernel.shape[2]),
        strides=both_ways(layer.strides),
        padding=layer.padding,
        activation=None,
    )
    return activate(sketch, layer, y, layer.activation)


def _into_kernel(
    sketch: Sketch, layer: Any, x: Value, kernel: np.ndarray, outputs: str
) -> tuple[Value, np.ndarray, np.ndarray]:
    """Fold what is pending into a convolution's kernel; return also what goes to the bias.

    `outputs` says that channels are summed ("o") or kept ("io", depthwise). An offset before zero
    padding must stay an ADD, for the padding is zero after it.
    """
    x, scale, offset = sketch.channels(x, layer.name)
    padded = padding_of(layer) == "same" and max(kernel.shape[:2]) > 1
    if padded and offset.any():
        if scale.all():
            offset, shift = np.zeros_like(offset), offset / scale
            x = sketch.settle(x.then(np.ones_like(scale), shift), layer.name)
        else:
            x = sketch.settle(x.then(scale, offset), layer.name)
            scale, offset = np.ones_like(scale), np.zeros_like(offset)
    moved = np.einsum(f"hwio,i->{outputs}", kernel, offset).ravel()
    return x, kernel * scale[:, None], moved


def _convolution(
    sketch: Sketch, layer: Any, x: Value, kind: type, kernel: np.ndarray, bias: np.ndarray
) -> Value:
    y = _drafted(sketch, layer, kind, layer.name, x, shape_like(layer, x), kernel, bias)
    return activate(sketch, layer, y, layer.activation)


def _drafted(
    sketch: Sketch,
    layer: Any,
    kind: type,
    name: str,
    x: Value,
    shape: tuple[int, ...],
    kernel: np.ndarray,
    bias: np.ndarray,
) -> Value:
    return sketch.add(
        kind,
        name,
        (x,),
        shape,
        kernel=kernel,
        bias=bias,
        strides=both_ways(layer.strides),
        padding=padding_of(layer),
        dilation=both_ways(layer.dilation_rate),
        activation=None,
    )
