"""Terms of an arithmetic: ranges of tensors, weights of products, curves, loops and states."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import keras
import numpy as np

from zoo.quantization.layers.numerics import INT8, Grid, Numerics


class Range(keras.layers.Layer):
    """The range of one quantized tensor, as two weights `low <= 0 <= high`.

    Args:
        fixed: what the integer kernel dictates (`Numerics.sigmoid`); None to observe it.
        narrow: without the grid's lowest number, which puts a symmetric range's zero point at 0.
        limit: largest magnitude worth keeping, such as 8 before a sigmoid.
        bounds: what the graph clamps its values to; those of a fixed range are its ends.

    Attributes:
        wide: whether a format that has wide numbers for some tensors has them here; None where no
            kernel takes them.
    """

    def __init__(
        self,
        name: str,
        *,
        fixed: tuple[float, float] | None = None,
        narrow: bool = False,
        limit: float = np.inf,
        bounds: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(name=name)
        self.fixed, self.narrow, self.limit = fixed, narrow, limit
        self.bounds = bounds or fixed
        self.wide: bool | None = False
        low, high = fixed or (-1.0, 1.0)
        for end, value in (("low", low), ("high", high)):
            start = keras.initializers.Constant(value)
            setattr(self, end, self.add_weight(name=end, initializer=start, trainable=False))
        self.built = True

    def is_wide(self, numerics: Numerics) -> bool:
        """Return whether a format has its wide numbers here."""
        if numerics.wide is None or self.wide is None:
            return False
        return numerics.everywhere or self.wide

    def grid(self, numerics: Numerics, wide: bool | None = None) -> Grid:
        """Return the numbers that the range is divided into; `wide`: which, None: its own."""
        wide = self.is_wide(numerics) if wide is None else wide
        if wide and numerics.wide is not None:
            return numerics.wide
        whole = numerics.activations
        return replace(whole, narrow=True) if self.narrow else whole

    def ends(self, grid: Grid) -> tuple[Any, Any]:
        """Return what a grid's lowest and highest number stand for."""
        if not grid.narrow or (self.narrow and grid.bits == INT8.activations.bits):
            return self.low, self.high
        if self.fixed in (INT8.sigmoid, INT8.tanh):  # of which wide kernels make [-1, 1)
            largest = grid.high / (grid.high + 1)
        else:
            largest = keras.ops.maximum(-self.low, self.high)
        return -largest, largest

    def step(self, numerics: Numerics, wide: bool | None = None) -> Any:
        """Return the distance of two of them."""
        grid = self.grid(numerics, wide)
        low, high = self.ends(grid)
        return (high - low) / grid.steps

    def affine(self, numerics: Numerics, wide: bool | None = None) -> tuple[float, int]:
        """Return scale and zero point: `(q - zero) * scale` is what a number q stands for."""
        grid = self.grid(numerics, wide)
        low, high = map(float, self.ends(grid))
        scale = (high - low) / grid.steps
        return scale, int(np.clip(np.rint(grid.low - low / scale), grid.low, grid.high))

    def fix(self, low: float, high: float) -> None:
        """Let the range be this one, whatever is observed."""
        self.fixed = (low, high)
        self.low.assign(low)
        self.high.assign(high)

    def set(self, low: float, high: float) -> None:
        """Set the range: widened to hold zero, limited, bounded, symmetric where `narrow`."""
        least, most = self.bounds or (-np.inf, np.inf)
        low = max(min(low, 0.0), -self.limit, least)
        high = min(max(high, 0.0), self.limit, most)
        if self.narrow:
            low, high = -max(-low, high), max(-low, high)
        if high - low < 1e-6:  # always zero; LiteRT aborts at an ADD of far larger steps to finer
            low, high = (-1.0 if self.narrow else 0.0), 1.0
        grid = self.grid(INT8)
        if not grid.narrow and math.isclose((grid.low - low / (high - low) * grid.steps) % 1, 0.5):
            # zero, and with it both ends, would lie halfway between two numbers: 1 of -1..1 were
            # .996, and pixels in steps of 2/255 were rounded by two to the same number
            low -= (high - low) / (grid.steps - 1)
        self.low.assign(low)
        self.high.assign(high)


class Linear(Protocol):
    """A layer that is a product with a kernel, plus a bias (outputs,).

    `axes` of the kernel are summed over; each output has one scale.
    """

    kernel: Any
    bias: Any
    axes: tuple[int, ...]
    activation: str | None  # that its operator clamps the output with
    output_range: Range

    def source(self) -> Range:
        """Return the range of what the kernel is multiplied with."""


@dataclass(frozen=True)
class Window:
    """How a kernel or a pool goes over an image: of height and width each."""

    strides: tuple[int, int]
    padding: str  # "same" or "valid"
    dilation: tuple[int, int] = (1, 1)


class Convolution(Linear, Protocol):
    """A product with what a kernel sees of an image, place by place."""

    def window(self) -> Window:
        """Return how the kernel goes over the image."""


class Transposed(Convolution, Protocol):
    """A convolution the other way round.

    `more` are rows and columns at the end that no tap reaches.
    """

    more: tuple[int, int]


@dataclass(frozen=True)
class State:
    """What a recurrence carries from step to step, (batch, units)."""

    units: int
    where: Range
    reverse: bool  # whether its rows come from the back
    as_made: bool = False  # whether kept ones stand as they are made, from the back too

    @property
    def turned(self) -> bool:
        """Whether kept ones are put in the order of the rows."""
        return self.reverse and not self.as_made


@dataclass(frozen=True)
class Loop:
    """A recurrence over the steps of sequences."""

    # (for each state a row of every sequence, states) -> states
    step: Callable[[list[tuple[Any, ...]], list[Any]], list[Any]]
    states: tuple[State, ...]
    keep: tuple[int, ...]  # the states that are wanted at every step, by place


@dataclass(frozen=True)
class Curve:
    """A function of `keras.activations`, else of `keras.ops`, with its settings.

    Attributes:
        name: such as "softplus".
        settings: arguments beside the value, such as `(("threshold", 0.5),)`.
    """

    name: str
    settings: tuple[tuple[str, float], ...] = ()

    def __call__(self, x: Any) -> Any:
        home = keras.activations if hasattr(keras.activations, self.name) else keras.ops
        return getattr(home, self.name)(x, **dict(self.settings))
