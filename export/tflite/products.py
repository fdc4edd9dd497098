"""Operators with kernels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from export.tflite.emitter import Emitter, Tensor
from zoo.quantization.layers.operations import Window
from zoo.quantization.layers.ranges import Range

FUSED = {None: 0, "relu": 1, "relu6": 3}  # ActivationFunctionType
PADDING = {"same": 0, "valid": 1}


class Products(Emitter):
    """Writes products of an activation with a kernel, plus a bias."""

    def dense(
        self, x: Tensor, kernel: Any, bias: Any, where: Range, activation: str | None
    ) -> Tensor:
        deep, source = len(x.shape) > 2, x
        if not deep and x.before is not None and x.before.shape[-1] == x.shape[-1]:
            source = x.before  # axes of size 1: the operator leaves them out by itself
        return self.made(
            "FULLY_CONNECTED",
            (source, *self.product(x, kernel.T, bias, 0)),
            (*x.shape[:-1], len(bias)),
            where,
            "FullyConnectedOptions",
            fusedActivationFunction=FUSED[activation],
            keepNumDims=deep,
        )

    def conv(
        self,
        x: Tensor,
        kernel: Any,
        bias: Any,
        window: Window,
        where: Range,
        activation: str | None,
    ) -> Tensor:
        kernel = values_of(kernel).transpose(3, 0, 1, 2)
        pair = self.product(x, kernel, bias, 0)
        shape = (1, *covered(x, kernel.shape[1:3], window), len(bias))
        given = _window(window) | {"fusedActivationFunction": FUSED[activation]}
        return self.made("CONV_2D", (x, *pair), shape, where, "Conv2DOptions", **given)

    def depthwise_conv(
        self,
        x: Tensor,
        kernel: Any,
        bias: Any,
        window: Window,
        where: Range,
        activation: str | None,
    ) -> Tensor:
        height, width, _, multiplier = kernel.shape
        kernel = kernel.reshape(1, height, width, -1)
        pair = self.product(x, kernel, bias, 3)
        shape = (1, *covered(x, (height, width), window), len(bias))
        given = _window(window) | {"fusedActivationFunction": FUSED[activation]}
        given["depthMultiplier"] = multiplier
        kind = "DepthwiseConv2DOptions"
        return self.made("DEPTHWISE_CONV_2D", (x, *pair), shape, where, kind, **given)

    def conv_transpose(
        self,
        x: Tensor,
        kernel: Any,
        bias: Any,
        window: Window,
        where: Range,
        activation: str | None,
    ) -> Tensor:
        kernel = kernel.transpose(2, 0, 1, 3)  # (out, height, width, in)
        sides = zip(x.shape[1:3], kernel.shape[1:3], window.strides, strict=True)
        same = window.padding == "same"
        sizes = [n * stride + (0 if same else max(taps - stride, 0)) for n, taps, stride in sides]
        shape = (1, *sizes, len(bias))
        weights, shift = self.product(x, kernel, bias, 0)
        return self.made(
            "TRANSPOSE_CONV",
            (self.integers(shape), weights, x, shift),
            shape,
            where,
            "TransposeConvOptions",
            padding=PADDING[window.padding],
            strideH=window.strides[0],
            strideW=window.strides[1],
            fusedActivationFunction=FUSED[activation],
        )


def values_of(weight: Any) -> np.ndarray:
    """Return the values of a weight, or of what was made of one."""
    return np.asarray(ops.convert_to_numpy(weight), np.float32)


def _window(window: Window) -> dict[str, Any]:
    """Return the options of a convolution."""
    return {
        "padding": PADDING[window.padding],
        "strideH": window.strides[0],
        "strideW": window.strides[1],
        "dilationHFactor": window.dilation[0],
        "dilationWFactor": window.dilation[1],
    }


def covered(x: Tensor, taps: Sequence[int], window: Window) -> list[int]:
    """Return height and width of what a window makes of an image."""
    found = []
    for size, tap, stride, dilation in zip(
        x.shape[1:3], taps, window.strides, window.dilation, strict=True
    ):
        seen = 0 if window.padding == "same" else (tap - 1) * dilation
        found.append(-(-(size - seen) // stride))
    return found
