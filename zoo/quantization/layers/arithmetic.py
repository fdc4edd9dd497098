"""The arithmetics in which a twin computes: exact, and those of numeric formats.

A twin's layers name the places where the integer graph rounds (`Range`) and leave to the
arithmetic what happens there.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.quantization.layers.numerics import FLOATS, INT8, Grid, Numerics
from zoo.quantization.layers.operations import AWAY, Operations
from zoo.quantization.layers.ranges import Linear, Loop, Range

HALF_NOISE = 1e-3  # of a step: less than an average of 500 numbers is from a half, more than floats


class Exact(Operations):
    """Float arithmetic: nothing is rounded."""

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        return layer.kernel, layer.bias

    def activation(self, where: Range, x: Any) -> Any:
        return x

    def loop(self, loop: Loop, *sequences: Any) -> tuple[list[Any], list[Any]]:
        """Run a recurrence over sequences, (batch, steps, features) each, from states of zero.

        Returns:
            The last states, (batch, units) each, and the kept ones in the order of the sequences,
            (batch, steps, units) each.
        """
        rows = [ops.transpose(x, (1, 0, 2)) for x in sequences]  # (steps, batch, features)
        back = any(state.reverse for state in loop.states)
        flipped = [ops.flip(x, axis=0) for x in rows] if back else rows
        sources = [tuple(flipped if state.reverse else rows) for state in loop.states]

        def body(states: list[Any], rows: list[Any]) -> tuple[list[Any], list[Any]]:
            new = loop.step(rows, states)
            return new, new

        last, every = ops.scan(body, zeros(loop, sequences[0]), sources)
        kept = [
            ops.flip(every[place], axis=0) if loop.states[place].turned else every[place]
            for place in loop.keep
        ]
        return last, [ops.transpose(one, (1, 0, 2)) for one in kept]


def zeros(loop: Loop, x: Any) -> list[Any]:
    """Return the first states of a recurrence over `x`."""
    return [ops.zeros((ops.shape(x)[0], state.units)) for state in loop.states]


def step_by_step(
    arithmetic: Exact, loop: Loop, sequences: Sequence[Any], states: list[Any]
) -> tuple[list[Any], list[Any]]:
    """Run a recurrence written out, one step after the other. Returns what `Exact.loop` does."""
    every = []
    rows = list(zip(*map(arithmetic.unstack, sequences), strict=True))
    for t in range(len(rows)):
        fed = [rows[-1 - t] if state.reverse else rows[t] for state in loop.states]
        states = loop.step(fed, states)
        every.append(states)
    kept = []
    for place in loop.keep:
        in_order = every[::-1] if loop.states[place].turned else every
        kept.append(arithmetic.stack([new[place] for new in in_order]))
    return states, kept


class Rounded(Exact):
    """What the graph of a numeric format computes, in floats, with the straight-through gradient.

    Kernels are rounded with one scale per output channel and biases to multiples of input scale x
    kernel scale, as the converter does (TensorFlow Lite 8-bit quantization specification);
    activations pass a fake quantization.
    """

    def __init__(self, numerics: Numerics) -> None:
        self.numerics = numerics

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        kernel, bias = super().weights(layer, x)
        grid = self.numerics.weights
        if grid.real:
            return _stored(kernel, grid), _stored(bias, grid)
        largest = ops.max(ops.abs(kernel), axis=layer.axes, keepdims=True)
        step = ops.maximum(largest, 1e-12) / grid.high
        if not self.numerics.integer:
            return _rounded(kernel, step), bias
        wide = layer.output_range.is_wide(self.numerics)
        scale = ops.reshape(step, (-1,)) * layer.source().step(self.numerics, wide)
        return _rounded(kernel, step), _rounded(bias, scale)

    def activation(self, where: Range, x: Any) -> Any:
        return self._on(where, x, where.is_wide(self.numerics))

    def convert(self, x: Any, source: Range, where: Range) -> Any:
        return self._turned(x, source, where.is_wide(self.numerics))

    def leaving(self, x: Any, where: Range) -> Any:
        return self._turned(x, where, self.numerics.wide_ends)

    def averaged(self, x: Any, where: Range, halves: str) -> Any:
        if halves == AWAY and self.numerics.integer and not where.is_wide(self.numerics):
            step, grid = where.step(self.numerics), self.numerics.activations
            from_zero = x / step + ops.round(grid.low - where.low / step)
            x = x + ops.stop_gradient(HALF_NOISE * step * ops.sign(from_zero))
        return self.activation(where, x)

    def _turned(self, x: Any, where: Range, wide: bool) -> Any:
        return x if wide == where.is_wide(self.numerics) else self._on(where, x, wide)

    def _on(self, where: Range, x: Any, wide: bool) -> Any:
        grid = where.grid(self.numerics, wide)
        if grid.real:
            return x
        low, high = where.ends(grid)
        if wide:
            return _rounded(ops.clip(x, low, high), where.step(self.numerics, wide))
        return keras.quantizers.fake_quant_with_min_max_vars(
            x, low, high, num_bits=grid.bits, narrow_range=grid.narrow
        )

    def bounded(self, where: Range, x: Any) -> Any:
        narrow = self.numerics.integer and not where.is_wide(self.numerics)
        return x if narrow else super().bounded(where, x)

    def lookup(self, table: Any, where: Range, ids: Any) -> Any:
        # a table is a weight: narrow, whatever becomes of its rows
        table, grid = ops.convert_to_tensor(table) + 0.0, self.numerics.weights
        if self.numerics.integer:
            rows = self._on(where, table, False)
        elif grid.real:
            rows = _stored(table, grid)
        else:
            rows = _rounded(table, ops.maximum(ops.max(ops.abs(table)), 1e-12) / grid.high)
        rows = ops.take(rows, ops.cast(ids, "int32"), axis=0)
        return self._on(where, rows, True) if where.is_wide(self.numerics) else rows


class Int8(Rounded):
    """What the int8 graph computes."""

    def __init__(self) -> None:
        super().__init__(INT8)


def _rounded(x: Any, step: Any) -> Any:
    """Return multiples of `step`, with the gradient of x."""
    return x + ops.stop_gradient(ops.round(x / step) * step - x)


def _stored(x: Any, grid: Grid) -> Any:
    """Return floats as a file holds them."""
    return ops.cast(ops.cast(x, grid.dtype.name), FLOATS.dtype.name)
