"""The layers of a twin: each is one or a few operators of the integer graph, with its ranges.

All take and give float tensors; where int8 rounds is said by `Range` and done by the arithmetic.
Batches come first, channels last.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.ranges import Range, Window

# ranges of outputs that LiteRT's kernels dictate
FIXED = {
    "sigmoid": INT8.sigmoid,
    "tanh": INT8.tanh,
    "softmax": INT8.sigmoid,
    "log_softmax": INT8.log_softmax,
}

OPERATORS = {
    "gelu": ("GELU",),
    "gelu_tanh": ("GELU",),
    "hard_silu": ("HARD_SWISH",),
}
# that have 16-bit kernels
WIDE = {"sigmoid", "tanh", "softmax", "relu", "relu6", "leaky_relu", "silu", BOUNDED}


class TwinLayer(keras.layers.Layer):
    """A part of a twin; `run` computes it in a given arithmetic.

    Attributes:
        operators: those LiteRT operators of the layer that some runtime may lack.
        tied: whether its weights are those of another layer as well, and written once as long as
            nothing is made of them that differs.
    """

    _source: Callable[[], Range]  # a function, or Keras would count the range as ours

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.operators: tuple[str, ...] = ()
        self.tied = False
        self.built = True

    def constant(self, name: str, value: np.ndarray, trainable: bool = True) -> Any:
        """Return a weight that starts as `value`."""
        shape = np.shape(value)
        weight = self.add_weight(name=name, shape=shape, initializer="zeros", trainable=trainable)
        weight.assign(np.asarray(value, np.float32))
        return weight

    def reads(self, source: Range) -> None:
        """Say of which range the (first) input is: biases are rounded to its scale."""
        self._source = lambda: source

    def source(self) -> Range:
        """Return the range of the (first) input."""
        return self._source()

    def result(self) -> Range:
        """Return the range of the output; `reads` comes first."""
        where: Range = self.output_range
        return where

    def entry(self) -> Range | None:
        """Return a range that is as wide as the inputs are to be; None where that is no matter."""
        return self.result()

    def groups(self) -> list[list[Range]]:
        """Return the ranges of which all of a list are wide, or none: an operator wants one."""
        found = [one for one in self._flatten_layers() if isinstance(one, Range)]
        return [found] if found else []

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        raise NotImplementedError


class Dense(TwinLayer):
    """FULLY_CONNECTED over the last axis: kernel (in, out), bias (out,).

    Args:
        symmetric: whether the output's zero point is to be 0.
        input_limits: what of the input matters to this layer, its only reader; None: everything.
        output_limits: the range of the output, where it is known; None to observe it.
        bounds: what the activation "bounded" clamps to.
    """

    axes = (0,)

    def __init__(
        self,
        name: str,
        kernel: np.ndarray,
        bias: np.ndarray,
        activation: str | None = None,
        symmetric: bool = False,
        input_limits: tuple[float, float] | None = None,
        output_limits: tuple[float, float] | None = None,
        bounds: tuple[float, float] | None = None,
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.kernel = self.constant("kernel", kernel)
        self.bias = self.constant("bias", bias)
        self.activation = activation
        self.input_limits = input_limits
        own = Range(f"{name}_output", narrow=symmetric, fixed=output_limits, bounds=bounds)
        self.output_range = output or own

    def reads(self, source: Range) -> None:
        super().reads(source)
        if self.input_limits is not None and source.fixed is None:
            source.fix(*self.input_limits)

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.dense(self, inputs[0])

    def read(self, x: Any, arithmetic: Exact, where: Range) -> Any:
        """Return the product with x, which becomes as wide as it needs, as wide as `where`."""
        x = arithmetic.convert(x, self.source(), self.output_range)
        return arithmetic.convert(self.run(x, arithmetic=arithmetic), self.output_range, where)


class Conv(TwinLayer):
    """CONV_2D: kernel (height, width, in, out), bias (out,)."""

    axes: tuple[int, ...] = (0, 1, 2)

    def __init__(
        self,
        name: str,
        kernel: np.ndarray,
        bias: np.ndarray,
        strides: tuple[int, int],
        padding: str,
        dilation: tuple[int, int] = (1, 1),
        activation: str | None = None,
        bounds: tuple[float, float] | None = None,
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.kernel = self.constant("kernel", kernel)
        self.bias = self.constant("bias", bias)
        self.strides, self.padding, self.dilation = strides, padding, dilation
        self.activation = activation
        self.output_range = output or Range(f"{name}_output", bounds=bounds)

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.conv(self, inputs[0])

    def window(self) -> Window:
        """Return how the kernel goes over the image."""
        return Window(self.strides, self.padding, self.dilation)


class GroupedConv(Conv):
    """CONV_2D of groups of channels: kernel (height, width, in / groups, out), bias (out,)."""


class DepthwiseConv(Conv):
    """DEPTHWISE_CONV_2D: kernel (height, width, channels, multiplier), bias (out,)."""

    axes = (0, 1)

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.depthwise_conv(self, inputs[0])


class ConvTranspose(Conv):
    """TRANSPOSE_CONV: kernel (height, width, out, in), bias (out,).

    Args:
        more: rows and columns at the end that no tap reaches: they are the bias.
    """

    axes = (0, 1, 3)

    def __init__(self, name: str, *, more: tuple[int, int] = (0, 0), **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self.more = more

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.conv_transpose(self, inputs[0])


PRODUCTS = (Dense, Conv, DepthwiseConv)  # whose kernel an input's channels enter one by one
LINEAR = (*PRODUCTS, GroupedConv, ConvTranspose)


def by_output(kind: type, kernel: Any, values: Any) -> Any:
    """Return values, one for each output of a product, so that the kernel can be multiplied."""
    if kind is DepthwiseConv:
        return values.reshape(kernel.shape[2:])
    return values[:, None] if kind is ConvTranspose else values


class Activation(TwinLayer):
    """An activation that is an operator of its own.

    Args:
        function: its Keras name, one of `operations.NAMED`, or "bounded", which only clamps.
        slope: of leaky_relu, below zero.
        bounds: what the output is clamped to after it.
    """

    def __init__(
        self,
        name: str,
        function: str,
        slope: float = 0.2,
        bounds: tuple[float, float] | None = None,
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.function, self.slope = function, slope
        self.operators = OPERATORS.get(function, ())
        self.gate_range = Range(f"{name}_gate", fixed=INT8.sigmoid)
        fixed = FIXED.get(function)
        self.output_range = output or Range(f"{name}_output", fixed=fixed, bounds=bounds)
        if function not in WIDE:
            self.output_range.wide = None

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        x = inputs[0]
        if self.function == "silu":  # LOGISTIC and MUL: both have int8 kernels everywhere
            gate = arithmetic.apply("sigmoid", x, self.gate_range)
            return arithmetic.multiply(x, gate, self.output_range)
        if self.function == BOUNDED:
            return arithmetic.requantize(x, self.output_range)
        if self.function == "leaky_relu":
            y = arithmetic.leaky_relu(x, self.slope, self.output_range)
            return arithmetic.bounded(self.output_range, y)
        return arithmetic.apply(self.function, x, self.output_range)
