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
from zoo.quantization.layers.numerics import FLOAT, Grid, Numerics
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.ranges import Range, Window

INT32 = np.dtype(np.int32)
FEWEST = 1e-12  # the largest of a kernel that is all zero
FUSED = {None: 0, "relu": 1, "relu6": 3, BOUNDED: 0}  # ActivationFunctionType
PADDING = {"same": 0, "valid": 1}
NONE = -1  # the number of an input that is left out
MOST = 1 << 30  # of a bias: half of what an int32 holds


@dataclass(frozen=True)
class Converted:
    """A range on the numbers of another width than its own."""

    where: Range
    wide: bool

    @property
    def name(self) -> str:
        return str(self.where.name)

    def is_wide(self, _: Numerics) -> bool:
        return self.wide

    def grid(self, numerics: Numerics) -> Grid:
        return self.where.grid(numerics, self.wide)

    def affine(self, numerics: Numerics) -> tuple[float, int]:
        return self.where.affine(numerics, self.wide)


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
    where: Range | Converted | None
    before: "Tensor | None" = None


class Emitter:
    """What adds to the graph that is being written.

    Args:
        numerics: what values are rounded to; None writes a float file.
    """

    def __init__(self, numerics: Numerics | None) -> None:
        self.numerics = numerics or FLOAT
        self.file = File()
        self.graph = Graph(self.file, "main")
        self.reshaped: dict[tuple[int, int, tuple[int, ...]], Tensor] = {}  # made once for all
        self.converted: dict[tuple[int, int], Tensor] = {}
        self.unpacked: dict[tuple[int, int], int] = {}

    def tensor(self, name: str, shape: Sequence[int], where: Range | Converted | None) -> Tensor:
        """Add a tensor of quantized values, or of floats; of whole numbers where no range is."""
        dtype: np.dtype[Any] = INT32
        if where is not None:
            dtype = where.grid(self.numerics).dtype
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
        self.graph.operator(name, numbers, found, self.numerics.integer, kind, options)

    def made(
        self,
        name: str,
        inputs: Sequence[Tensor | int],
        shape: Sequence[int],
        where: Range | Converted | None,
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

    def convert(self, x: Tensor, source: Range, where: Range) -> Tensor:
        return self.turned(x, where.is_wide(self.numerics))

    def leaving(self, x: Tensor, where: Range) -> Tensor:
        return self.turned(x, self.numerics.wide_ends)

    def is_wide(self, x: Tensor) -> bool:
        """Return whether a tensor is wide."""
        return x.where is not None and x.where.is_wide(self.numerics)

    def turned(self, x: Tensor, wide: bool) -> Tensor:
        """Return a tensor, wide or not, as an operator wants it."""
        if x.where is None or x.where.is_wide(self.numerics) == wide:
            return x
        key = self.graph.number, x.number
        if key not in self.converted:
            of = x.where.where if isinstance(x.where, Converted) else x.where
            self.converted[key] = self.made("QUANTIZE", (x,), x.shape, Converted(of, wide))
        return self.converted[key]

    def held(self, where: Range | Converted, values: Any) -> Tensor:
        """Return constant values on a range."""
        values = np.asarray(ops.convert_to_numpy(values), np.float32)
        scales = self._scales(where)
        if scales is not None:
            values = _rounded(values, scales.scale, scales.zero, where.grid(self.numerics))
        return Tensor(self.graph.constant(values, scales), values.shape, where)

    def table(self, where: Range, values: Any) -> Tensor:
        """Return the weights of a table, whose rows are on a range."""
        if self.numerics.integer:
            return self.held(Converted(where, wide=False), values)
        values, grid = np.asarray(ops.convert_to_numpy(values), np.float32), self.numerics.weights
        if grid.real:
            return Tensor(self.floats(values), values.shape, where)
        step = np.asarray([max(float(np.abs(values).max()), FEWEST) / grid.high])
        number = self.graph.constant(_rounded(values, step, 0, grid), Scales(step, 0))
        return Tensor(number, values.shape, where)

    def scalar(self, value: float, beside: Range) -> Tensor:
        """Return a number as a tensor; at an end of its own range it is exact."""
        where = Range("scalar")
        where.wide = beside.wide
        where.set(value, value)
        return self.held(where, np.full(1, value))

    def product(
        self, x: Tensor, kernel: np.ndarray, bias: np.ndarray, axis: int
    ) -> tuple[int, int]:
        """Return the tensors of a kernel, whose outputs are along `axis`, and of its bias.

        A matrix's bias is left out where it is zero.
        """
        numerics = self.numerics
        if numerics.weights.real:
            shift = NONE if kernel.ndim == 2 and not bias.any() else self.floats(bias)
            return self.floats(kernel), shift
        of_bias, grid = None, numerics.weights
        others = tuple(i for i in range(kernel.ndim) if i != axis)
        step = np.maximum(np.abs(kernel).max(axis=others), FEWEST).astype(np.float64) / grid.high
        if numerics.integer and x.where is not None:
            (source, _), wide = x.where.affine(numerics), x.where.is_wide(numerics)
            if not wide:  # a bias that would not fit makes its kernel's steps larger
                step = np.maximum(step, np.abs(bias) / (source * MOST))
            of_bias = Scales(step * source, 0)
            bias = np.rint(bias.astype(np.float64) / (step * source))
            bias = bias.astype(np.int64 if wide else np.int32)
        along = [-1 if i == axis else 1 for i in range(kernel.ndim)]
        kernel = _rounded(kernel, step.reshape(along), 0, grid)
        no_bias = kernel.ndim == 2 and not bias.any()
        shift = NONE if no_bias else self.graph.constant(bias, of_bias)
        return self.graph.constant(kernel, Scales(step, 0, axis)), shift

    def floats(self, values: np.ndarray) -> int:
        """Return the number of a tensor of floats, which are held as the format has its weights."""
        grid = self.numerics.weights
        number = self.graph.constant(values.astype(grid.dtype))
        if grid == FLOAT.weights:
            return number
        key = self.graph.number, number
        if key not in self.unpacked:
            made = self.graph.tensor("weights", values.shape, FLOAT.weights.dtype)
            self.graph.operator("DEQUANTIZE", [number], [made], integer=False)
            self.unpacked[key] = made
        return self.unpacked[key]

    def _scales(self, where: Range | Converted | None) -> Scales | None:
        if not self.numerics.integer or where is None:
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
