"""How the Keras layers that have kernels enter a twin, and the activations after them."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.quantization.attention import Attention, Pooling
from zoo.quantization.folding import LINEAR, Sketch, Value, numpy_of, shape_of, unknown
from zoo.quantization.layers import Activation, Add, Conv, Dense, DepthwiseConv
from zoo.quantization.pictures import (
    as_picture,
    both_ways,
    check_not_steps,
    kernel_of,
    shape_like,
)

SEPARATE = ("silu", "hard_silu", "gelu", "tanh", "sigmoid", "softmax")


def _bias(layer: Any, size: int) -> np.ndarray:
    return numpy_of(layer.bias) if layer.use_bias else np.zeros(size)


def check_channels_last(layer: Any) -> None:
    """Raise UnknownLayer for a layer that has the channels first."""
    if layer.data_format != "channels_last":
        raise unknown(layer, f"data_format={layer.data_format!r}")


def dense(sketch: Sketch, layer: Any, x: Value) -> Value:
    check_not_steps(sketch, layer, x)
    x, scale, offset = sketch.channels(x, layer.name)
    kernel = numpy_of(layer.kernel)
    bias = _bias(layer, kernel.shape[-1]) + offset @ kernel
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
    check_channels_last(layer)
    if layer.groups != 1:
        raise unknown(layer, f"groups={layer.groups}")
    x, kernel = as_picture(sketch, layer, x), kernel_of(layer.kernel)
    x, kernel, moved = _into_kernel(sketch, layer, x, kernel, "o")
    return _convolution(sketch, layer, x, Conv, kernel, _bias(layer, kernel.shape[-1]) + moved)


def depthwise(sketch: Sketch, layer: Any, x: Value) -> Value:
    check_channels_last(layer)
    x, kernel = as_picture(sketch, layer, x), kernel_of(layer.kernel)
    x, kernel, moved = _into_kernel(sketch, layer, x, kernel, "io")
    bias = _bias(layer, moved.size) + moved
    return _convolution(sketch, layer, x, DepthwiseConv, kernel, bias)


def separable(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A depthwise convolution, then a 1x1 one."""
    check_channels_last(layer)
    x = as_picture(sketch, layer, x)
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
        bias=_bias(layer, second.shape[-1]),
        strides=(1, 1),
        padding="valid",
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
    padded = layer.padding == "same" and max(kernel.shape[:2]) > 1
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
        padding=layer.padding,
        dilation=both_ways(layer.dilation_rate),
        activation=None,
    )


def activate(sketch: Sketch, layer: Any, x: Value, function: Any, place: str = "") -> Value:
    """Return an activation of `x`: in the operator that makes it, or one of its own."""
    name = getattr(function, "__name__", str(function))
    if name == "linear":
        return x
    if name not in ("relu", "relu6", *SEPARATE) or keras.activations.get(name) is not function:
        raise unknown(layer, f"activation {name!r}")
    if x.parts and not x.shared and name in ("relu", "relu6"):
        parts = enumerate(x.parts)
        done = (activate(sketch, layer, part, function, f"_{i}") for i, part in parts)
        return replace(x, parts=tuple(done))
    x = sketch.join(x, layer.name)
    x = sketch.settle(x, f"{layer.name}{place}", own=True)  # which can take the activation in
    draft = sketch.maker(x, *LINEAR, Add)
    free = draft is not None and draft.arguments.get("activation") is None
    if draft is not None and free and name in ("relu", "relu6"):
        draft.arguments["activation"] = name
        return x
    return sketch.add(Activation, f"{layer.name}{place}_{name}", (x,), x.shape, function=name)


def attention(sketch: Sketch, layer: Any, x: Value) -> Value:
    x, scale, offset = sketch.channels(x, layer.name)
    dense = {}
    for part in ("query", "key", "value", "project"):
        kernel = numpy_of(getattr(layer, part).kernel)
        bias = _bias(getattr(layer, part), kernel.shape[-1])
        if part != "project":
            kernel, bias = kernel * scale[:, None], bias + offset @ kernel
        dense[part] = kernel, bias
    shift = layer.shift()
    return sketch.add(
        Attention, layer.name, (x,), x.shape, dense=dense, heads=layer.heads, shift=shift
    )


def pooling(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Sequence pooling; its weights sum to one, so what is pending on the tokens stays pending."""
    x, scale, offset = sketch.channels(x, layer.name)
    kernel = numpy_of(layer.score.kernel)
    given = {"kernel": kernel * scale[:, None], "bias": offset @ kernel}
    y = sketch.add(Pooling, layer.name, (x,), shape_of(layer), **given)
    return y.then(scale, offset) if (scale != 1).any() or offset.any() else y
