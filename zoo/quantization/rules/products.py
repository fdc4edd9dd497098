"""Rules for layers with kernels."""

from typing import Any

import numpy as np

from zoo.quantization.layers.products import (
    Conv,
    ConvTranspose,
    Dense,
    DepthwiseConv,
    GroupedConv,
)
from zoo.quantization.rules.activations import activate
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.sequences import (
    as_image,
    both_ways,
    channels_last,
    kernel_of,
    padding_of,
    reshaped,
    shape_like,
)
from zoo.quantization.rules.values import Value, numpy_of, shape_of


def bias_of(layer: Any, size: int) -> np.ndarray:
    """Return a layer's bias, (outputs,): zeros where it has none."""
    return numpy_of(layer.bias) if layer.use_bias else np.zeros(size)


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


@channels_last
def conv(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Conv1D`, `Conv2D`: CONV_2D; what is pending on its input goes into kernel and bias."""
    x, kernel = as_image(sketch, layer, x), kernel_of(layer.kernel)
    kind: type = Conv if layer.groups == 1 else GroupedConv
    if 1 < layer.groups == x.shape[-1]:  # each channel by itself
        kind, taps = DepthwiseConv, kernel.shape[:2]
        kernel = kernel.reshape(*taps, layer.groups, -1)
    x, kernel, moved = _into_kernel(sketch, layer, x, kernel, kind)
    return _convolution(sketch, layer, x, kind, kernel, bias_of(layer, moved.size) + moved)


@channels_last
def depthwise(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`DepthwiseConv1D`, `DepthwiseConv2D`: DEPTHWISE_CONV_2D, with what is pending taken in."""
    x, kernel = as_image(sketch, layer, x), kernel_of(layer.kernel)
    x, kernel, moved = _into_kernel(sketch, layer, x, kernel, DepthwiseConv)
    bias = bias_of(layer, moved.size) + moved
    return _convolution(sketch, layer, x, DepthwiseConv, kernel, bias)


@channels_last
def separable(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A depthwise convolution, then a 1x1 one."""
    x = as_image(sketch, layer, x)
    first, second = kernel_of(layer.depthwise_kernel), kernel_of(layer.pointwise_kernel)
    x, first, moved = _into_kernel(sketch, layer, x, first, DepthwiseConv)
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


@channels_last
def transposed(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A transposed convolution; what is pending but factors stays before it: edges get less.

    TRANSPOSE_CONV knows no dilation: between the taps stand zeros. What it makes too much is cut
    off.
    """
    if len(x.shape) == 2:
        x = reshaped(sketch, x, (1, *x.shape), f"{layer.name}_picture")
    if x.offset is not None and x.offset.any():
        x = sketch.settle(x, layer.name)
    x, scale, _ = sketch.channels(x, layer.name)
    kernel = _dilated(kernel_of(layer.kernel) * scale, both_ways(layer.dilation_rate))
    strides, shape, padding = both_ways(layer.strides), shape_like(layer, x), layer.padding
    before, more, whole = [0, 0], [0, 0], list(shape[:2])
    if layer.output_padding is not None or max(layer.dilation_rate) > 1:
        padding = "valid"
        before, more, whole = _uncut(layer, x.shape[:2], kernel.shape[:2], shape[:2])
    y = sketch.add(
        ConvTranspose,
        layer.name,
        (x,),
        (*whole, shape[-1]),
        kernel=kernel,
        bias=bias_of(layer, kernel.shape[2]),
        strides=strides,
        padding=padding,
        more=tuple(more),
        activation=None,
    )
    y = activate(sketch, layer, y, layer.activation)
    if y.shape == shape:
        return y
    begin, end = (*before, 0), (before[0] + shape[0], before[1] + shape[1], shape[2])
    return sketch.rearrange(y, f"{layer.name}_cut", shape, lambda do, v: do.cut(v, begin, end))


def _dilated(kernel: np.ndarray, rates: tuple[int, int]) -> np.ndarray:
    """Return a kernel with zeros between its taps."""
    height, width = ((size - 1) * rate + 1 for size, rate in zip(kernel.shape, rates, strict=False))
    wide = np.zeros((height, width, *kernel.shape[2:]))
    wide[:: rates[0], :: rates[1]] = kernel
    return wide


def _uncut(
    layer: Any, sizes: tuple[int, ...], taps: tuple[int, ...], wanted: tuple[int, ...]
) -> tuple[list[int], list[int], list[int]]:
    """Return what Keras' output is cut out of, of height and width each.

    Args:
        sizes: of the input.
        taps: of the kernel.
        wanted: sizes of Keras' output.

    Returns:
        What is too much before the output, what no tap reaches at the end, and the whole size.
    """
    before, more, whole = [], [], []
    ways = zip(sizes, taps, both_ways(layer.strides), wanted, strict=False)
    for size, extent, stride, asked in ways:
        # Keras' own rule: the padding goes to the front first (its backends agree on that)
        total = asked - (size - 1) * stride + extent - 2
        first = extent - 1 if layer.padding == "valid" else min(-(-total // 2), extent - 1)
        made = (size - 1) * stride + max(extent, stride)
        before.append(extent - 1 - first)
        more.append(max(before[-1] + asked - made, 0))
        whole.append(made + more[-1])
    return before, more, whole


def _into_kernel(
    sketch: Sketch, layer: Any, x: Value, kernel: np.ndarray, kind: type
) -> tuple[Value, np.ndarray, np.ndarray]:
    """Fold what is pending into a convolution's kernel; return also what goes to the bias.

    Of a `kind` channels are summed, in groups of them, or kept (depthwise). An offset before zero
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
    if kind is DepthwiseConv:
        return x, kernel * scale[:, None], np.einsum("hwio,i->io", kernel, offset).ravel()
    height, width, depth, _ = kernel.shape
    shape = (height, width, depth, len(scale) // depth, -1)  # the filters by group
    factors, offsets = scale.reshape(-1, depth), offset.reshape(-1, depth)
    apart = kernel.reshape(shape)
    moved = np.einsum("hwigo,gi->go", apart, offsets).ravel()
    return x, (apart * factors.T[..., None]).reshape(kernel.shape), moved


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
