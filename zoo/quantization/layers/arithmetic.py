"""The arithmetics in which a twin computes: exact, int8, and either of them watched.

A twin's layers name the places where the integer graph rounds (`Range`) and leave to the
arithmetic what happens there. The converter's child process adds a fourth, in TensorFlow's terms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from zoo.layers.padding import without_padding
from zoo.quantization.layers.numerics import INT8, Grid, Numerics

SAMPLE = 8192  # values kept of one tensor of one batch


class Range(keras.layers.Layer):
    """The range of one quantized tensor, as two weights `low <= 0 <= high`.

    Args:
        fixed: what the integer kernel dictates (`Numerics.sigmoid`); None to observe it.
        narrow: without the grid's lowest number, which puts a symmetric range's zero point at 0.
        limit: largest magnitude worth keeping, such as 8 before a sigmoid.
    """

    def __init__(
        self,
        name: str,
        *,
        fixed: tuple[float, float] | None = None,
        narrow: bool = False,
        limit: float = np.inf,
    ) -> None:
        super().__init__(name=name)
        self.fixed, self.narrow, self.limit = fixed, narrow, limit
        low, high = fixed or (-1.0, 1.0)
        for end, value in (("low", low), ("high", high)):
            start = keras.initializers.Constant(value)
            setattr(self, end, self.add_weight(name=end, initializer=start, trainable=False))
        self.built = True

    def grid(self, numerics: Numerics) -> Grid:
        """Return the numbers that the range is divided into."""
        whole = numerics.activations
        return replace(whole, narrow=True) if self.narrow else whole

    def step(self, numerics: Numerics) -> Any:
        """Return the distance of two of them."""
        return (self.high - self.low) / self.grid(numerics).steps

    def fix(self, low: float, high: float) -> None:
        """Let the range be this one, whatever is observed."""
        self.fixed = (low, high)
        self.low.assign(low)
        self.high.assign(high)

    def set(self, low: float, high: float) -> None:
        """Set the range: widened to hold zero, limited, symmetric where `narrow`."""
        low, high = max(min(low, 0.0), -self.limit), min(max(high, 0.0), self.limit)
        if self.narrow:
            low, high = -max(-low, high), max(-low, high)
        if high - low < 1e-6:  # a tensor that is always zero
            high = low + 1e-6
        self.low.assign(low)
        self.high.assign(high)


class Linear(Protocol):
    """A layer that is a product with a kernel, plus a bias (outputs,).

    `axes` of the kernel are summed over; each output has one scale.
    """

    kernel: Any
    bias: Any
    axes: tuple[int, ...]

    def source(self) -> Range:
        """Return the range of what the kernel is multiplied with."""


@dataclass(frozen=True)
class State:
    """What a recurrence carries from step to step, (batch, units)."""

    units: int
    where: Range
    reverse: bool  # whether its rows come from the back


@dataclass(frozen=True)
class Loop:
    """A recurrence over the steps of sequences."""

    # (for each state a row of every sequence, states) -> states
    step: Callable[[list[tuple[Any, ...]], list[Any]], list[Any]]
    states: tuple[State, ...]
    keep: tuple[int, ...]  # the states that are wanted at every step, by place


class Exact:
    """Float arithmetic: nothing is rounded."""

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        """Return the kernel and the bias of a layer as they enter its product with x."""
        return layer.kernel, layer.bias

    def activation(self, where: Range, x: Any) -> Any:
        """Return an activation as it leaves an operator."""
        return x

    def bounded(self, where: Range, x: Any) -> Any:
        """Return what a fixed range leaves of x; where it is rounded anyway, rounding does it."""
        return ops.clip(x, *where.fixed) if where.fixed else x

    def lookup(self, table: Any, where: Range, ids: Any) -> Any:
        """Return the rows of a table, (words, width), that stand at ids, (batch, length).

        Args:
            table: its first row counts as zero.
            where: the range of the table, and of the result.
        """
        return ops.take(self.activation(where, without_padding(table)), ids, axis=0)

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
            ops.flip(every[place], axis=0) if loop.states[place].reverse else every[place]
            for place in loop.keep
        ]
        return last, [ops.transpose(one, (1, 0, 2)) for one in kept]


def zeros(loop: Loop, x: Any) -> list[Any]:
    """Return the first states of a recurrence over `x`."""
    return [ops.zeros((ops.shape(x)[0], state.units)) for state in loop.states]


def step_by_step(
    loop: Loop, sequences: Sequence[Any], states: list[Any]
) -> tuple[list[Any], list[Any]]:
    """Run a recurrence written out, one step after the other. Returns what `Exact.loop` does."""
    every = []
    rows = list(zip(*(ops.unstack(x, axis=1) for x in sequences), strict=True))
    for t in range(len(rows)):
        fed = [rows[-1 - t] if state.reverse else rows[t] for state in loop.states]
        states = loop.step(fed, states)
        every.append(states)
    kept = []
    for place in loop.keep:
        in_order = every[::-1] if loop.states[place].reverse else every
        kept.append(ops.stack([new[place] for new in in_order], axis=1))
    return states, kept


class Int8(Exact):
    """What the integer graph computes, in floats, with the straight-through gradient.

    Kernels are rounded with one scale per output channel and biases to multiples of input scale x
    kernel scale, as the converter does (TensorFlow Lite 8-bit quantization specification);
    activations pass a fake quantization.
    """

    numerics = INT8

    def limits(self, where: Range) -> tuple[Any, Any]:
        """Return both ends of a range."""
        return where.low, where.high

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        kernel, bias = super().weights(layer, x)
        largest = ops.max(ops.abs(kernel), axis=layer.axes, keepdims=True)
        step = ops.maximum(largest, 1e-12) / self.numerics.weights.high
        scale = ops.reshape(step, (-1,)) * layer.source().step(self.numerics)
        return _rounded(kernel, step), _rounded(bias, scale)

    def activation(self, where: Range, x: Any) -> Any:
        grid = where.grid(self.numerics)
        return keras.quantizers.fake_quant_with_min_max_vars(
            x, *self.limits(where), num_bits=grid.bits, narrow_range=grid.narrow
        )

    def bounded(self, where: Range, x: Any) -> Any:
        return x


def _rounded(x: Any, step: Any) -> Any:
    """Return multiples of `step`, with the gradient of x."""
    return x + ops.stop_gradient(ops.round(x / step) * step - x)


class Watching(Exact):
    """Another arithmetic, watched: a sample of every range's values is kept, extremes included."""

    def __init__(self, arithmetic: Exact) -> None:
        self.arithmetic = arithmetic
        self.seen: dict[Range, list[np.ndarray]] = {}

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        return self.arithmetic.weights(layer, x)

    def bounded(self, where: Range, x: Any) -> Any:
        return self.arithmetic.bounded(where, x)

    def activation(self, where: Range, x: Any) -> Any:
        x = self.arithmetic.activation(where, x)
        flat = np.asarray(ops.convert_to_numpy(x), np.float32).ravel()
        stride = -(-flat.size // SAMPLE)
        kept = np.concatenate([flat[::stride], [flat.min(), flat.max()]])
        self.seen.setdefault(where, []).append(kept)
        return x

    def loop(self, loop: Loop, *sequences: Any) -> tuple[list[Any], list[Any]]:
        # where values can be looked at
        return step_by_step(loop, sequences, zeros(loop, sequences[0]))

    def values(self, where: Range) -> np.ndarray:
        """Return the sample of one range's values."""
        return np.concatenate(self.seen[where])
