"""Operators with kernels."""

from typing import Any

import numpy as np
from keras import ops

from export.tflite.curves import Curves
from export.tflite.emitter import FUSED, PADDING, Tensor, covered
from zoo.quantization.layers.ranges import Convolution, Linear, Transposed, Window
from zoo.quantization.layers.stem import densified, is_narrow


class Products(Curves):
    """Writes products of an activation with a kernel, plus a bias."""

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        return _values(layer.kernel), _values(layer.bias)

    def dense(self, layer: Linear, x: Tensor) -> Tensor:
        kernel, bias = self.weights(layer, x)
        deep, source = len(x.shape) > 2, x
        if not deep and x.before is not None and x.before.shape[-1] == x.shape[-1]:
            source = x.before  # axes of size 1: the operator leaves them out by itself
        y = self.made(
            "FULLY_CONNECTED",
            (source, *self.product(x, kernel.T, bias, 0)),
            (*x.shape[:-1], len(bias)),
            layer.output_range,
            "FullyConnectedOptions",
            fusedActivationFunction=FUSED[layer.activation],
            keepNumDims=deep,
        )
        return self.ended(y, layer.output_range, layer.activation)

    def conv(self, layer: Convolution, x: Tensor) -> Tensor:
        (kernel, bias), window = self.weights(layer, x), layer.window()
        whole = x.shape[-1] == kernel.shape[2]  # not in groups
        narrow = self.numerics.integer and not self.is_wide(x)
        if narrow and whole and is_narrow(kernel.shape, window):
            x, kernel = densified(self, x, kernel, window)
            window = Window((1, 1), "valid")
        kernel = _values(kernel).transpose(3, 0, 1, 2)
        return self._convolved("Conv2D", "CONV_2D", layer, x, (kernel, bias), 0, window)

    def depthwise_conv(self, layer: Convolution, x: Tensor) -> Tensor:
        kernel, bias = self.weights(layer, x)
        height, width, _, multiplier = kernel.shape
        kernel, window = kernel.reshape(1, height, width, -1), layer.window()
        kind, given = "DepthwiseConv2D", {"depthMultiplier": multiplier}
        pair = kernel, bias
        return self._convolved(kind, "DEPTHWISE_CONV_2D", layer, x, pair, 3, window, **given)

    def _convolved(
        self,
        kind: str,
        name: str,
        layer: Linear,
        x: Tensor,
        weights: tuple[np.ndarray, np.ndarray],
        axis: int,
        window: Window,
        **options: int,
    ) -> Tensor:
        """Write a convolution, whose kernel's outputs are along `axis`."""
        kernel, bias = weights
        pair = self.product(x, kernel, bias, axis)
        shape = (x.shape[0], *covered(x, kernel.shape[1:3], window), len(bias))
        y = self.made(
            name,
            (x, *pair),
            shape,
            layer.output_range,
            f"{kind}Options",
            padding=PADDING[window.padding],
            strideH=window.strides[0],
            strideW=window.strides[1],
            dilationHFactor=window.dilation[0],
            dilationWFactor=window.dilation[1],
            fusedActivationFunction=FUSED[layer.activation],
            **options,
        )
        return self.ended(y, layer.output_range, layer.activation)

    def conv_transpose(self, layer: Transposed, x: Tensor) -> Tensor:
        (kernel, bias), window = self.weights(layer, x), layer.window()
        kernel = kernel.transpose(2, 0, 1, 3)  # (out, height, width, in)
        sides = zip(x.shape[1:3], kernel.shape[1:3], window.strides, strict=True)
        same = window.padding == "same"
        sizes = [n * stride + (0 if same else max(taps - stride, 0)) for n, taps, stride in sides]
        sizes = [size + more for size, more in zip(sizes, layer.more, strict=True)]
        shape = (x.shape[0], *sizes, len(bias))
        weights, shift = self.product(x, kernel, bias, 0)
        y = self.made(
            "TRANSPOSE_CONV",
            (self.integers(shape), weights, x, shift),
            shape,
            layer.output_range,
            "TransposeConvOptions",
            padding=PADDING[window.padding],
            strideH=window.strides[0],
            strideW=window.strides[1],
            fusedActivationFunction=FUSED[layer.activation],
        )
        return self.ended(y, layer.output_range, layer.activation)


def _values(weight: Any) -> np.ndarray:
    """Return the values of a weight, or of what was made of one."""
    return np.asarray(ops.convert_to_numpy(weight), np.float32)
