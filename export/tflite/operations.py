"""The operations of a twin (`zoo.quantization.layers.operations`) as operators of a file."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.tflite.emitter import FUSED, PADDING, Converted, Emitter, Tensor, covered
from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.ranges import Range, Window

UNARY: dict[str, tuple[str, str, dict[str, Any]]] = {
    "relu": ("RELU", "", {}),
    "relu6": ("RELU6", "", {}),
    "sigmoid": ("LOGISTIC", "", {}),
    "tanh": ("TANH", "", {}),
    "gelu": ("GELU", "GeluOptions", {"approximate": False}),
    "gelu_tanh": ("GELU", "GeluOptions", {"approximate": True}),
    "elu": ("ELU", "", {}),
    "hard_silu": ("HARD_SWISH", "HardSwishOptions", {}),
    "softmax": ("SOFTMAX", "SoftmaxOptions", {"beta": 1.0}),
    "log_softmax": ("LOG_SOFTMAX", "LogSoftmaxOptions", {}),
    "rsqrt": ("RSQRT", "", {}),
}
RESIZES = {
    "nearest": ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
    "bilinear": ("RESIZE_BILINEAR", "ResizeBilinearOptions"),
}


class Written(Emitter, Exact):
    """Operators of a file, whose tensors hold one row."""

    def activation(self, where: Range, x: Any) -> Any:
        raise NotImplementedError  # operators round their results themselves

    def entered(self, x: Tensor, where: Range) -> Tensor:
        return x

    def bounded(self, where: Range, x: Tensor) -> Tensor:
        narrow = self.numerics.integer and not where.is_wide(self.numerics)
        if narrow or where.bounds is None:
            return x  # whose range ends there
        for name, end in zip(("MAXIMUM", "MINIMUM"), where.bounds, strict=True):
            if np.isfinite(end):
                pair = (x, self.held(where, np.full(1, end)))
                x = self.made(name, pair, x.shape, where, "MaximumMinimumOptions")
        return x

    def ended(self, x: Tensor, where: Range, activation: str | None) -> Tensor:
        """Return what an operator makes, clamped where it cannot do that by itself."""
        return self.bounded(where, x) if activation == BOUNDED else x

    def constant(self, where: Range, values: Any) -> Tensor:
        return self.held(where, values)

    def constant_like(self, x: Any, where: Range, values: Any) -> Tensor:
        return self.held(where, values)

    def matmul(self, x: Tensor, y: Tensor, where: Range) -> Tensor:
        batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        shape = (*batch, x.shape[-2], y.shape[-1])
        return self.made("BATCH_MATMUL", (x, y), shape, where, "BatchMatMulOptions")

    # element by element

    def add(self, x: Any, y: Any, where: Range, activation: str | None = None) -> Tensor:
        return self._combined("ADD", "AddOptions", x, y, where, activation)

    def subtract(self, x: Any, y: Any, where: Range, activation: str | None = None) -> Tensor:
        return self._combined("SUB", "SubOptions", x, y, where, activation)

    def multiply(self, x: Any, y: Any, where: Range, activation: str | None = None) -> Tensor:
        return self._combined("MUL", "MulOptions", x, y, where, activation)

    def _combined(
        self, name: str, kind: str, x: Any, y: Any, where: Range, activation: str | None
    ) -> Tensor:
        pair = [one if isinstance(one, Tensor) else self.scalar(one, where) for one in (x, y)]
        shape = np.broadcast_shapes(*(one.shape for one in pair))
        fused = FUSED[activation]
        if self.numerics.integer and name != "MUL":
            self._widen(where, pair)
        y = self.made(name, pair, shape, where, kind, fusedActivationFunction=fused)
        return self.ended(y, where, activation)

    def _widen(self, where: Range, pair: Sequence[Tensor]) -> None:
        """Widen the range of a sum that is as good as zero: LiteRT aborts on too small a scale.

        Inputs are shifted left by 20 bits, or 15 of 16-bit ones, and must not overflow then
        (tensorflow/lite/kernels/add.cc).
        """
        known = [x.where.affine(self.numerics)[0] for x in pair if isinstance(x.where, Range)]
        grid = where.grid(self.numerics)
        least = max(known, default=0.0) / 2 ** (18 if grid.bytes == 1 else 13)
        if where.fixed is None and float(where.step(self.numerics)) < least:
            where.set(float(where.low), float(where.low) + least * grid.steps)

    def apply(self, function: str, x: Tensor, where: Range) -> Tensor:
        name, kind, options = UNARY[function]
        return self.made(name, (x,), x.shape, where, kind, **options)

    def requantize(self, x: Tensor, where: Range) -> Tensor:
        if self.numerics.integer:
            x = self.made("QUANTIZE", (x,), x.shape, where, "QuantizeOptions")
        return self.bounded(where, x)

    def leaky_relu(self, x: Tensor, slope: float, where: Range) -> Tensor:
        return self.made("LEAKY_RELU", (x,), x.shape, where, "LeakyReluOptions", alpha=slope)

    def mean(
        self, x: Tensor, axes: tuple[int, ...], where: Range, keepdims: bool = False
    ) -> Tensor:
        return self._reduced("MEAN", x, axes, where, keepdims)

    def largest(self, x: Tensor, axes: tuple[int, ...], keepdims: bool = False) -> Tensor:
        return self._reduced("REDUCE_MAX", x, axes, x.where, keepdims)

    def _reduced(
        self,
        name: str,
        x: Tensor,
        axes: tuple[int, ...],
        where: Range | Converted | None,
        keepdims: bool,
    ) -> Tensor:
        sizes = [1 if i in axes else size for i, size in enumerate(x.shape)]
        shape = sizes if keepdims else [n for i, n in enumerate(x.shape) if i not in axes]
        inputs = (x, self.integers(axes))
        return self.made(name, inputs, shape, where, "ReducerOptions", keepDims=keepdims)

    def lookup(self, table: Any, where: Range, ids: Tensor) -> Tensor:
        rows = self.table(where, table)
        shape, kind = (*ids.shape, rows.shape[-1]), "GatherOptions"
        if self.numerics.integer or self.numerics.weights.real:
            found = self.made("GATHER", (rows, ids), shape, rows.where, kind, axis=0)
            return self.convert(found, where, where)
        held = self.graph.like(rows.number, shape)
        self.graph.operator("GATHER", [rows.number, ids.number], [held], True, kind, {"axis": 0})
        return self.made("DEQUANTIZE", (held,), shape, where)

    # what keeps its range

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        source = x if x.before is None else x.before
        whole = (x.shape[0], *shape)
        if source.shape == whole:
            return source
        key = self.graph.number, source.number, whole
        if key not in self.reshaped:
            y = self.made("RESHAPE", (source, self.integers(whole)), whole, x.where)
            self.reshaped[key] = Tensor(y.number, y.shape, y.where, source)
        return self.reshaped[key]

    def fold(self, x: Tensor) -> Tensor:
        return self._in_rows(x, (x.shape[0] * x.shape[1], *x.shape[2:]))

    def unfold(self, x: Tensor, steps: int) -> Tensor:
        return self._in_rows(x, (x.shape[0] // steps, steps, *x.shape[1:]))

    def _in_rows(self, x: Tensor, whole: tuple[int, ...]) -> Tensor:
        return self.made("RESHAPE", (x, self.integers(whole)), whole, x.where)

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        shape = [x.shape[axis] for axis in order]
        inputs = (x, self.integers(order))
        return self.made("TRANSPOSE", inputs, shape, x.where)

    def pad(self, x: Tensor, pads: Sequence[tuple[int, int]]) -> Tensor:
        shape = [size + sum(both) for size, both in zip(x.shape, pads, strict=True)]
        return self.made("PAD", (x, self.integers(pads)), shape, x.where, "PadOptions")

    def cut(
        self,
        x: Tensor,
        begin: Sequence[int],
        end: Sequence[int],
        step: Sequence[int] | None = None,
    ) -> Tensor:
        step = step or [1] * len(end)
        rows = x.shape[0]
        shape = (rows, *(len(range(*three)) for three in zip(begin, end, step, strict=True)))
        places = [(0, *begin), (rows, *end), (1, *step)]
        numbers = [self.integers(place) for place in places]
        return self.made("STRIDED_SLICE", (x, *numbers), shape, x.where, "StridedSliceOptions")

    def concatenate(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        axis %= len(shape)
        where, kind = parts[0].where, "ConcatenationOptions"
        return self.made("CONCATENATION", parts, shape, where, kind, axis=axis)

    def split(self, x: Tensor, count: int) -> list[Tensor]:
        shape = (*x.shape[:-1], x.shape[-1] // count)
        outputs = [self.tensor("split", shape, x.where) for _ in range(count)]
        inputs = (self.integers(len(shape) - 1), x)
        self.operator("SPLIT", inputs, outputs, "SplitOptions", numSplits=count)
        return outputs

    def unstack(self, x: Tensor) -> list[Tensor]:
        batch, count, *rest = x.shape
        outputs = [self.tensor("step", (batch, *rest), x.where) for _ in range(count)]
        self.operator("UNPACK", (x,), outputs, "UnpackOptions", num=count, axis=1)
        return outputs

    def stack(self, steps: Sequence[Tensor]) -> Tensor:
        batch, *rest = steps[0].shape
        shape, where = (batch, len(steps), *rest), steps[0].where
        given = {"valuesCount": len(steps), "axis": 1}
        return self.made("PACK", steps, shape, where, "PackOptions", **given)

    def max_pool(self, x: Tensor, size: tuple[int, int], window: Window) -> Tensor:
        return self._pooled("MAX_POOL_2D", x, size, window)

    def average_pool(self, x: Tensor, size: tuple[int, int], window: Window) -> Tensor:
        return self._pooled("AVERAGE_POOL_2D", x, size, window)

    def _pooled(self, name: str, x: Tensor, size: tuple[int, int], window: Window) -> Tensor:
        shape = (x.shape[0], *covered(x, size, window), x.shape[-1])
        given = {"padding": PADDING[window.padding]}
        given |= {"strideH": window.strides[0], "strideW": window.strides[1]}
        given |= {"filterHeight": size[0], "filterWidth": size[1]}
        return self.made(name, (x,), shape, x.where, "Pool2DOptions", **given)

    def resize(self, x: Tensor, size: Sequence[int], how: str) -> Tensor:
        (name, kind), shape = RESIZES[how], (x.shape[0], *size, x.shape[-1])
        inputs = (x, self.integers(list(size)))
        return self.made(name, inputs, shape, x.where, kind, halfPixelCenters=True)
