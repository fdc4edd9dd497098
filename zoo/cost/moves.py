"""Operators that only move or choose values: what a twin's `Rearrange` layers ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.cost.graph import Graph, Shape
from zoo.quantization.layers.operations import Operations
from zoo.quantization.layers.ranges import Window


@dataclass(frozen=True)
class Moved:
    """A tensor of a graph: its number and its shape, with the batch."""

    number: int
    shape: Shape


class Moves(Operations):
    """Adds operators to a graph instead of computing."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def _added(
        self, name: str, inputs: Sequence[Moved], shape: Sequence[int], how: int = 0
    ) -> Moved:
        """Add an operator with a constant of `how` many numbers, if any."""
        whole = tuple(shape)
        said = [self.graph.constant(object(), shape=(how,))] if how else []
        numbers = [*(one.number for one in inputs), *said]
        return Moved(self.graph.apply(name, numbers, whole), whole)

    def reshape(self, x: Moved, shape: Sequence[int]) -> Moved:
        whole = (x.shape[0], *shape)
        return Moved(self.graph.reshape(x.number, whole), whole)

    def fold(self, x: Moved) -> Moved:
        whole = (x.shape[0] * x.shape[1], *x.shape[2:])
        return Moved(self.graph.reshape(x.number, whole), whole)

    def unfold(self, x: Moved, steps: int) -> Moved:
        whole = (x.shape[0] // steps, steps, *x.shape[1:])
        return Moved(self.graph.reshape(x.number, whole), whole)

    def transpose(self, x: Moved, order: Sequence[int]) -> Moved:
        shape = [x.shape[axis] for axis in order]
        return self._added("TRANSPOSE", [x], shape, len(shape))

    def pad(self, x: Moved, pads: Sequence[tuple[int, int]]) -> Moved:
        shape = [size + sum(both) for size, both in zip(x.shape, pads, strict=True)]
        return self._added("PAD", [x], shape, len(shape))

    def cut(
        self,
        x: Moved,
        begin: Sequence[int],
        end: Sequence[int],
        step: Sequence[int] | None = None,
    ) -> Moved:
        every = step or [1] * len(end)
        shape = [len(range(*three)) for three in zip(begin, end, every, strict=True)]
        return self._added("STRIDED_SLICE", [x], (x.shape[0], *shape), 1 + len(shape))

    def largest(self, x: Moved, axes: tuple[int, ...], keepdims: bool = False) -> Moved:
        sizes = [1 if i in axes else size for i, size in enumerate(x.shape)]
        shape = sizes if keepdims else [n for i, n in enumerate(x.shape) if i not in axes]
        return self._added("REDUCE_MAX", [x], shape, len(axes))

    def concatenate(self, parts: Sequence[Moved], axis: int) -> Moved:
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        return self._added("CONCATENATION", parts, shape)

    def max_pool(self, x: Moved, size: tuple[int, int], window: Window) -> Moved:
        return self._pooled("MAX_POOL_2D", x, size, window)

    def average_pool(self, x: Moved, size: tuple[int, int], window: Window) -> Moved:
        return self._pooled("AVERAGE_POOL_2D", x, size, window)

    def _pooled(self, name: str, x: Moved, size: tuple[int, int], window: Window) -> Moved:
        seen = (0, 0) if window.padding == "same" else (size[0] - 1, size[1] - 1)
        sides = zip(x.shape[1:3], seen, window.strides, strict=True)
        shape = (-(-(whole - less) // stride) for whole, less, stride in sides)
        return self._added(name, [x], (x.shape[0], *shape, x.shape[-1]))

    def resize(self, x: Moved, size: Sequence[int], how: str) -> Moved:
        name = {"nearest": "RESIZE_NEAREST_NEIGHBOR", "bilinear": "RESIZE_BILINEAR"}[how]
        shape = (x.shape[0], *size, x.shape[-1])
        return self._added(name, [x], shape, len(shape))
