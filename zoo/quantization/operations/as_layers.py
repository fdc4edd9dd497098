"""Operations that a layer is for: the layer, its weights, and the values that it reads."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import layers

from zoo.quantization.operations.calls import Call, constant_of
from zoo.quantization.rules.values import Value, unknown

Alike = tuple[layers.Layer, list[np.ndarray], list[Value]]
CONVOLUTIONS = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}
DEPTHWISE = {1: layers.DepthwiseConv1D, 2: layers.DepthwiseConv2D}
SEPARABLE = {1: layers.SeparableConv1D, 2: layers.SeparableConv2D}
TRANSPOSED = {1: layers.Conv1DTranspose, 2: layers.Conv2DTranspose}
LARGEST = {1: layers.MaxPooling1D, 2: layers.MaxPooling2D}
AVERAGE = {1: layers.AveragePooling1D, 2: layers.AveragePooling2D}


def merged(kind: type[layers.Layer]) -> Callable[..., Alike]:
    """Return what makes a layer that combines two values element by element."""
    return lambda call, x1, x2: (kind(name=call.name), [], [x1, x2])


def conv(call: Call, inputs: Value, kernel: Any) -> Alike:
    """A convolution with a constant kernel; fewer channels than its input's mean groups."""
    weights, size = _kernel(call, kernel)
    first = call.operation.data_format == "channels_first"
    channels = inputs.shape[0 if first else -1]
    layer = CONVOLUTIONS[len(size)](
        weights.shape[-1],
        size,
        groups=channels // weights.shape[-2],
        use_bias=False,
        **_window(call),
    )
    return layer, [weights], [inputs]


def depthwise_conv(call: Call, inputs: Value, kernel: Any) -> Alike:
    weights, size = _kernel(call, kernel)
    given = {"depth_multiplier": weights.shape[-1], "use_bias": False}
    return DEPTHWISE[len(size)](size, **given, **_window(call)), [weights], [inputs]


def separable_conv(
    call: Call, inputs: Value, depthwise_kernel: Any, pointwise_kernel: Any
) -> Alike:
    first, size = _kernel(call, depthwise_kernel)
    second, _ = _kernel(call, pointwise_kernel)
    given = {"depth_multiplier": first.shape[-1], "use_bias": False}
    layer = SEPARABLE[len(size)](second.shape[-1], size, **given, **_window(call))
    return layer, [first, second], [inputs]


def conv_transpose(call: Call, inputs: Value, kernel: Any) -> Alike:
    weights, size = _kernel(call, kernel)
    given = {"output_padding": call.operation.output_padding, "use_bias": False}
    layer = TRANSPOSED[len(size)](weights.shape[-2], size, **given, **_window(call))
    return layer, [weights], [inputs]


def normalize(call: Call, x: Value) -> Alike:
    """Vectors of length 1."""
    if call.operation.order != 2:
        raise unknown(call.operation, f"order={call.operation.order}; only 2 has an int8 form")
    return layers.UnitNormalization(axis=call.operation.axis, name=call.name), [], [x]


def max_pool(call: Call, inputs: Value) -> Alike:
    return _pool(LARGEST, call, inputs)


def average_pool(call: Call, inputs: Value) -> Alike:
    return _pool(AVERAGE, call, inputs)


def _pool(kinds: dict[int, Any], call: Call, inputs: Value) -> Alike:
    operation, rank = call.operation, len(inputs.shape) - 1
    if rank not in kinds:
        raise unknown(operation, "only one and two dimensions have an int8 form")
    layer = kinds[rank](
        operation.pool_size,
        strides=operation.strides,
        padding=operation.padding,
        data_format=operation.data_format,
        name=call.name,
    )
    return layer, [], [inputs]


def _window(call: Call) -> dict[str, Any]:
    operation = call.operation
    return {
        "strides": operation.strides,
        "padding": operation.padding,
        "data_format": operation.data_format,
        "dilation_rate": operation.dilation_rate,
        "name": call.name,
    }


def _kernel(call: Call, kernel: Any) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return a constant kernel and its size along the steps, or height and width."""
    if isinstance(kernel, Value):
        raise unknown(
            call.operation, "its kernel is computed; only constant ones have an int8 form"
        )
    values = constant_of(kernel, kernel.ndim)
    if values.ndim - 2 not in TRANSPOSED:
        raise unknown(call.operation, "only one and two dimensions have an int8 form")
    return values, values.shape[:-2]
