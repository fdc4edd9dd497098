"""Operators that the layers of a twin consist of: a method for each of LiteRT's.

Here they compute, on Keras tensors; an arithmetic says what happens where the integer graph rounds.
The writer of a file (`export.tflite.writer`) has the same methods, on tensors of a file.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from zoo.backends import NARROW
from zoo.quantization.layers.ranges import Convolution, Curve, Linear, Range, Transposed, Window

# activations that an operator clamps its own output with
FUSED: dict[str | None, Callable[[Any], Any]] = {
    None: lambda x: x,
    "relu": ops.relu,
    "relu6": ops.relu6,
}
# what `Operations.apply` knows beside the names of `keras.activations`
NAMED: dict[str, Callable[[Any], Any]] = {
    "rsqrt": ops.rsqrt,
    "gelu_tanh": lambda x: ops.gelu(x, approximate=True),
}
BOUNDED = "bounded"  # another one: its range has `bounds`
LAST = "channels_last"
UP, AWAY = "up", "away"  # where kernels round halves to: upwards, or away from zero


class Operations:
    """Operators on tensors whose batch comes first and channels last.

    `where` is the range of the result, `activation` one of `FUSED` or `BOUNDED`. What
    only moves, chooses or averages values next to each other keeps the range of its input.
    """

    def activation(self, where: Range, x: Any) -> Any:
        """Return an activation as it leaves an operator."""
        raise NotImplementedError

    def entered(self, x: Any, where: Range) -> Any:
        """Return rows as they enter the graph."""
        return self.activation(where, x)

    def bounded(self, where: Range, x: Any) -> Any:
        """Return what a range's bounds leave of x; where it is rounded anyway, rounding does it."""
        return ops.clip(x, *where.bounds) if where.bounds else x

    def constant(self, where: Range, values: Any) -> Any:
        """Return a constant operand, as the graph holds it."""
        return self.activation(where, ops.convert_to_tensor(values) + 0.0)

    def constant_like(self, x: Any, where: Range, values: Any) -> Any:
        """Return a constant, (1, ...), for as many rows as x has."""
        found = self.constant(where, values)
        return ops.broadcast_to(found, (ops.shape(x)[0], *found.shape[1:]))

    def convert(self, x: Any, source: Range, where: Range) -> Any:
        """QUANTIZE of an activation of range `source`, as wide as the operator of `where` needs."""
        return x

    def leaving(self, x: Any, where: Range) -> Any:
        """QUANTIZE of the graph's result, of range `where`, to what the format has at its ends."""
        return x

    def averaged(self, x: Any, where: Range, halves: str) -> Any:
        """Return averages as the operator that made them rounds them, to the range of its input.

        Args:
            halves: what becomes of a number halfway between two: UP or AWAY, from zero.
        """
        return x

    def _fused(self, where: Range, activation: str | None, y: Any) -> Any:
        bounded = activation == BOUNDED
        return self.activation(where, self.bounded(where, y) if bounded else FUSED[activation](y))

    # products, with a layer's kernel and bias

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        """Return the kernel and the bias of a layer as they enter its product with x."""
        raise NotImplementedError

    def dense(self, layer: Linear, x: Any) -> Any:
        """FULLY_CONNECTED over the last axis: kernel (in, out), bias (out,)."""
        kernel, bias = self.weights(layer, x)
        return self._ended(layer, ops.matmul(x, kernel) + bias)

    def conv(self, layer: Convolution, x: Any) -> Any:
        """CONV_2D: kernel (height, width, in / groups, out), bias (out,)."""
        (kernel, bias), window = self.weights(layer, x), layer.window()
        strides = window.strides
        pointwise = tuple(kernel.shape[:2]) == (1, 1)
        if pointwise and strides != (1, 1) and x.shape[-1] < NARROW:
            x, strides = x[:, :: strides[0], :: strides[1]], (1, 1)
        y = ops.conv(x, kernel, strides, window.padding, LAST, window.dilation)
        return self._ended(layer, y + bias)

    def depthwise_conv(self, layer: Convolution, x: Any) -> Any:
        """DEPTHWISE_CONV_2D: kernel (height, width, channels, multiplier), bias (out,)."""
        (kernel, bias), window = self.weights(layer, x), layer.window()
        y = ops.depthwise_conv(x, kernel, window.strides, window.padding, LAST, window.dilation)
        return self._ended(layer, y + bias)

    def conv_transpose(self, layer: Transposed, x: Any) -> Any:
        """TRANSPOSE_CONV: kernel (height, width, out, in), bias (out,)."""
        (kernel, bias), window = self.weights(layer, x), layer.window()
        y = ops.conv_transpose(x, kernel, window.strides, window.padding, data_format=LAST)
        if any(layer.more):
            y = ops.pad(y, [(0, 0), *((0, more) for more in layer.more), (0, 0)])
        return self._ended(layer, y + bias)

    def _ended(self, layer: Linear, y: Any) -> Any:
        return self._fused(layer.output_range, layer.activation, y)

    def matmul(self, x: Any, y: Any, where: Range) -> Any:
        """BATCH_MATMUL of two activations, (..., rows, inner) and (..., inner, columns)."""
        return self.activation(where, ops.matmul(x, y))

    # element by element

    def add(self, x: Any, y: Any, where: Range, activation: str | None = None) -> Any:
        """ADD."""
        return self._fused(where, activation, x + y)

    def subtract(self, x: Any, y: Any, where: Range, activation: str | None = None) -> Any:
        """SUB."""
        return self._fused(where, activation, x - y)

    def multiply(self, x: Any, y: Any, where: Range, activation: str | None = None) -> Any:
        """MUL."""
        return self._fused(where, activation, x * y)

    def apply(self, function: str, x: Any, where: Range) -> Any:
        """An activation by its Keras name, or of `NAMED`: LOGISTIC, TANH, SOFTMAX and so on."""
        return self.activation(where, (NAMED.get(function) or keras.activations.get(function))(x))

    def curve(self, curve: Curve, x: Any, where: Range) -> Any:
        """CAST, ADD and GATHER of what a function of one value makes of every number."""
        return self.activation(where, curve(x))

    def requantize(self, x: Any, where: Range) -> Any:
        """QUANTIZE to another range, at whose bounds values end."""
        return self.activation(where, self.bounded(where, x))

    def leaky_relu(self, x: Any, slope: float, where: Range) -> Any:
        """LEAKY_RELU."""
        return self.activation(where, ops.leaky_relu(x, slope))

    def mean(self, x: Any, axes: tuple[int, ...], where: Range, keepdims: bool = False) -> Any:
        """MEAN over axes, which are counted with the batch."""
        return self.activation(where, ops.mean(x, axis=axes, keepdims=keepdims))

    def largest(self, x: Any, axes: tuple[int, ...], keepdims: bool = False) -> Any:
        """REDUCE_MAX over axes, which are counted with the batch; the range of x stays."""
        return ops.max(x, axis=axes, keepdims=keepdims)

    def lookup(self, table: Any, where: Range, ids: Any) -> Any:
        """GATHER of the rows of a table, (words, width), that stand at ids, (batch, length).

        Args:
            table: of the graph's own.
            where: the range of the table, and of the result.
            ids: whole numbers of any type.
        """
        rows = self.constant(where, table)
        return ops.take(rows, ops.cast(ids, "int32"), axis=0)

    # what keeps its range

    def reshape(self, x: Any, shape: Sequence[int]) -> Any:
        """RESHAPE of each row to `shape`, which leaves out the batch."""
        return ops.reshape(x, (-1, *shape))

    def fold(self, x: Any) -> Any:
        """RESHAPE that makes the steps of each row, (batch, steps, ...), rows of their own."""
        return ops.reshape(x, (-1, *x.shape[2:]))

    def unfold(self, x: Any, steps: int) -> Any:
        """RESHAPE that undoes `fold`."""
        return ops.reshape(x, (-1, steps, *x.shape[1:]))

    def transpose(self, x: Any, order: Sequence[int]) -> Any:
        """TRANSPOSE; the batch is axis 0."""
        return ops.transpose(x, tuple(order))

    def pad(self, x: Any, pads: Sequence[tuple[int, int]]) -> Any:
        """PAD with zeros, so many before and after on each axis."""
        return ops.pad(x, pads)

    def cut(
        self, x: Any, begin: Sequence[int], end: Sequence[int], step: Sequence[int] | None = None
    ) -> Any:
        """STRIDED_SLICE from `begin` up to `end`, by `step`, on each axis but the batch."""
        return x[(slice(None), *map(slice, begin, end, step or [1] * len(end)))]

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        """CONCATENATION of values on one range."""
        return ops.concatenate(parts, axis=axis)

    def split(self, x: Any, count: int) -> list[Any]:
        """SPLIT of the channels into equal parts."""
        return list(ops.split(x, count, axis=-1))

    def unstack(self, x: Any) -> list[Any]:
        """UNPACK of a sequence, (batch, steps, ...), into its steps."""
        return list(ops.unstack(x, axis=1))

    def stack(self, steps: Sequence[Any]) -> Any:
        """PACK of steps on one range into a sequence."""
        return ops.stack(steps, axis=1)

    def max_pool(self, x: Any, size: tuple[int, int], window: Window) -> Any:
        """MAX_POOL_2D."""
        return ops.max_pool(x, size, window.strides, window.padding, LAST)

    def average_pool(self, x: Any, size: tuple[int, int], window: Window) -> Any:
        """AVERAGE_POOL_2D."""
        return ops.average_pool(x, size, window.strides, window.padding, LAST)

    def resize(self, x: Any, size: Sequence[int], how: str) -> Any:
        """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR of an image to (height, width)."""
        return ops.image.resize(x, tuple(size), interpolation=how, data_format=LAST)
