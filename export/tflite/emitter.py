"""Tensors and operators of a file, by the ranges of a twin.

Quantized as LiteRT's specification asks: one scale per output channel of a kernel, biases of
input scale x kernel scale, one scale and zero point for any other tensor
(https://ai.google.dev/edge/litert/models/quantization_spec).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from export.tflite.flatbuffer import File, Graph, Scales
from zoo.quantization.layers.numerics import Grid, Numerics
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.ranges import Range, Window

FLOAT, INT32 = np.dtype(np.float32), np.dtype(np.int32)
FEWEST = 1e-12  # the largest of a kernel that is all zero
FUSED = {None: 0, "relu": 1, "relu6": 3, BOUNDED: 0}  # ActivationFunctionType
PADDING = {"same": 0, "valid": 1}
NONE = -1  # the number of an input that is left out
MOST = 1 << 30  # of a bias: half of what an int32 holds


@dataclass(frozen=True)
class Tensor:
    """A tensor of a file: one row, so that its first axis is 1.

    Attributes:
        number: in its graph.
        shape: with the batch.
        where: its range; None for whole numbers such as ids.
        before: the tensor that it is a RESHAPE of, if it is one.
    """

    number: int
    shape: tuple[int, ...]
    where: Range | None
    before: "Tensor | None" = None


class Emitter:
    """What adds to the graph that is being written.

    Args:
        numerics: what values are rounded to; None writes a float file.
    """

    def __init__(self, numerics: Numerics | None) -> None:
        self.numerics = numerics
        self.file = File()
        self.graph = Graph(self.file, "main")
        self.reshaped: dict[tuple[int, int, tuple[int, ...]], Tensor] = {}  # made once for all

    def tensor(self, name: str, shape: Sequence[int], where: Range | None) -> Tensor:
        """Add a tensor of quantized values, or of floats; of whole numbers where no range is."""
        dtype: np.dtype[Any] = INT32
        if where is not None:
            dtype = FLOAT if self.numerics is None else where.grid(self.numerics).dtype
        number = self.graph.tensor(name, shape, dtype, self._scales(where))
        return Tensor(number, tuple(shape), where)

    def like(self, x: Tensor, name: str) -> Tensor:
        """Add a tensor of the same shape and range."""
        return self.tensor(name, x.shape, x.where)

    def operator(
        self,
        name: str,
        inputs: Sequence[Tensor | int],
        outputs: Sequence[Tensor],
        kind: str = "",
        **options: Any,
    ) -> None:
        """Add an operator with the options of a table, such as "Conv2DOptions"."""
        numbers = [one.number if isinstance(one, Tensor) else one for one in inputs]
        found = [one.number for one in outputs]
        self.graph.operator(name, numbers, found, self.numerics is not None, kind, options)

    def made(
        self,
        name: str,
        inputs: Sequence[Tensor | int],
        shape: Sequence[int],
        where: Range | None,
        kind: str = "",
        **options: Any,
    ) -> Tensor:
        """Add an operator and the tensor that it makes, which is returned."""
        known = name.lower() if where is None else where.name.removesuffix("_output")
        y = self.tensor(known, shape, where)
        self.operator(name, inputs, [y], kind, **options)
        return y

    def integers(self, values: Any) -> int:
        """Return the number of a constant of whole numbers, such as axes or a shape."""
        return self.graph.constant(np.asarray(values, np.int32))

    def held(self, where: Range, values: Any) -> Tensor:
        """Return constant values on a range."""
        values = np.asarray(ops.convert_to_numpy(values), np.float32)
        scales = self._scales(where)
        if scales is not None and self.numerics is not None:
            values = _rounded(values, scales.scale, scales.zero, where.grid(self.numerics))
        return Tensor(self.graph.constant(values, scales), values.shape, where)

    def scalar(self, value: float) -> Tensor:
        """Return a number as a tensor; at an end of its own range it is exact."""
        where = Range("scalar")
        where.set(value, value)
        return self.held(where, np.full(1, value))

    def product(
        self, x: Tensor, kernel: np.ndarray, bias: np.ndarray, axis: int
    ) -> tuple[int, int]:
        """Return the tensors of a kernel, whose outputs are along `axis`, and of its bias.

        A matrix's bias is left out where it is zero.
        """
        of_kernel, of_bias = None, None
        if self.numerics is not None and x.where is not None:
            grid, (source, _) = self.numerics.weights, x.where.affine(self.numerics)
            others = tuple(i for i in range(kernel.ndim) if i != axis)
            largest = np.maximum(np.abs(kernel).max(axis=others), FEWEST).astype(np.float64)
            # a bias that would not fit makes its kernel's steps larger
            step = np.maximum(largest / grid.high, np.abs(bias) / (source * MOST))
            along = [-1 if i == axis else 1 for i in range(kernel.ndim)]
            kernel = _rounded(kernel, step.reshape(along), 0, grid)
            bias = np.rint(bias.astype(np.float64) / (step * source)).astype(np.int32)
            of_kernel, of_bias = Scales(step, 0, axis), Scales(step * source, 0)
        no_bias = kernel.ndim == 2 and not bias.any()
        shift = NONE if no_bias else self.graph.constant(bias, of_bias)
        return self.graph.constant(kernel, of_kernel), shift

    def _scales(self, where: Range | None) -> Scales | None:
        if self.numerics is None or where is None:
            return None
        scale, zero = where.affine(self.numerics)
        return Scales(np.asarray([scale]), zero)


def _rounded(values: np.ndarray, scale: np.ndarray, zero: int, grid: Grid) -> np.ndarray:
    steps = np.rint(values.astype(np.float64) / scale) + zero
    return np.asarray(np.clip(steps, grid.low, grid.high), grid.dtype)


def covered(x: Tensor, taps: Sequence[int], window: Window) -> list[int]:
    """Return height and width of what a window makes of an image."""
    found = []
    for size, tap, stride, dilation in zip(
        x.shape[1:3], taps, window.strides, window.dilation, strict=True
    ):
        seen = 0 if window.padding == "same" else (tap - 1) * dilation
        found.append(-(-(size - seen) // stride))
    return found
