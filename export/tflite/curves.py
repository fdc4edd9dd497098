"""Functions of one value: a table where numbers are int8, a formula where they are floats."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import ops

from export.tflite.emitter import INT32, Tensor
from export.tflite.flatbuffer import type_code
from export.tflite.operations import Written
from zoo.quantization.layers.numerics import Grid
from zoo.quantization.layers.ranges import Curve, Range


class Curves(Written):
    """Writes functions of one value that no operator computes."""

    def curve(self, curve: Curve, x: Tensor, where: Range) -> Tensor:
        if not self.numerics.integer:
            y = FORMULAS[curve.name](Formula(self, x, where), **dict(curve.settings)).tensor
            return self.bounded(where, y)
        assert x.where is not None
        grid = x.where.grid(self.numerics)
        scale, zero = x.where.affine(self.numerics)
        steps = np.arange(grid.high - grid.steps, grid.high + 1, dtype=np.float32)
        values = curve(ops.convert_to_tensor((steps - zero) * np.float32(scale)))
        places = self._places(x, grid)
        inputs = (self.held(where, values), places)
        return self.made("GATHER", inputs, x.shape, where, "GatherOptions", axis=0)

    def _places(self, x: Tensor, grid: Grid) -> Tensor:
        """Return the numbers of a tensor as places in a table that begins with the lowest."""
        kinds = {"inDataType": type_code(grid.dtype), "outDataType": type_code(INT32)}
        whole, places = (self.tensor(name, x.shape, None) for name in ("whole", "places"))
        self.graph.operator("CAST", [x.number], [whole.number], False, "CastOptions", kinds)
        inputs = [whole.number, self.integers([grid.steps - grid.high])]
        self.graph.operator("ADD", inputs, [places.number], False, "AddOptions")
        return places


class Formula:
    """A tensor of floats in a formula: what is done to it is written."""

    def __init__(self, do: Written, tensor: Tensor, where: Range) -> None:
        self.do, self.tensor, self.where = do, tensor, where

    def _with(self, name: str, *inputs: Any, kind: str = "") -> "Formula":
        tensors = [self._tensor(x) for x in inputs]
        shape = np.broadcast_shapes(*(one.shape for one in tensors))
        return Formula(self.do, self.do.made(name, tensors, shape, self.where, kind), self.where)

    def _tensor(self, x: Any) -> Tensor:
        return x.tensor if isinstance(x, Formula) else self.do.held(self.where, np.full(1, x))

    def __add__(self, other: Any) -> "Formula":
        return self._with("ADD", self, other, kind="AddOptions")

    def __sub__(self, other: Any) -> "Formula":
        return self._with("SUB", self, other, kind="SubOptions")

    def __mul__(self, other: Any) -> "Formula":
        return self._with("MUL", self, other, kind="MulOptions")

    def __truediv__(self, other: Any) -> "Formula":
        return self._with("DIV", self, other, kind="DivOptions")

    def __rtruediv__(self, other: Any) -> "Formula":
        return self._with("DIV", other, self, kind="DivOptions")

    def least(self, other: Any) -> "Formula":
        """MINIMUM."""
        return self._with("MINIMUM", self, other, kind="MaximumMinimumOptions")

    def most(self, other: Any) -> "Formula":
        """MAXIMUM."""
        return self._with("MAXIMUM", self, other, kind="MaximumMinimumOptions")

    def of(self, name: str) -> "Formula":
        """Return what an operator without options makes of it."""
        return self._with(name, self)


def _softplus(x: Formula) -> Formula:
    return x.of("RELU") + ((x.of("ABS") * -1).of("EXP") + 1).of("LOG")


def _beyond(x: Formula, threshold: float) -> Formula:
    """1 where x is larger, else 0."""
    return (x - threshold).of("SIGN").most(0)


def _relu(
    x: Formula, negative_slope: float, threshold: float, max_value: float | None = None
) -> Formula:
    y = x * _beyond(x, threshold)
    y = y if max_value is None else y.most(0).least(max_value)
    return y - (x * -1 + threshold).of("RELU") * negative_slope


def _threshold(x: Formula, threshold: float, default_value: float) -> Formula:
    above = _beyond(x, threshold)
    return x * above + (above * -1 + 1) * default_value


def _soft_shrink(x: Formula, threshold: float) -> Formula:
    return (x - threshold).most(0) + (x + threshold).least(0)


def _squareplus(x: Formula, b: float) -> Formula:
    return (x + (x * x + b).of("SQRT")) * 0.5


def _sparse_plus(x: Formula) -> Formula:
    """(x + 1)^2 / 4 between -1 and 1, from there on x."""
    inside = x.most(-1).least(1) + 1
    return inside * inside * 0.25 + (x - 1).most(0)


def _erf(x: Formula) -> Formula:
    """Within 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26)."""
    t = 1 / (x.of("ABS") * 0.3275911 + 1)
    total = t * 1.061405429
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        total = (total + factor) * t
    return (total * (x * x * -1).of("EXP") * -1 + 1) * x.of("SIGN")


# by the names of Keras' functions; the order of the settings is theirs
FORMULAS: Mapping[str, Callable[..., Formula]] = {
    "exponential": lambda x: x.of("EXP"),
    "softplus": _softplus,
    "softsign": lambda x: x / (x.of("ABS") + 1),
    "mish": lambda x: x * _softplus(x).of("TANH"),
    "log_sigmoid": lambda x: _softplus(x * -1) * -1,
    "tanh_shrink": lambda x: x - x.of("TANH"),
    "soft_shrink": _soft_shrink,
    "hard_shrink": lambda x, threshold: x * _beyond(x.of("ABS"), threshold),
    "threshold": _threshold,
    "squareplus": _squareplus,
    "sparse_plus": _sparse_plus,
    "relu": _relu,
    "absolute": lambda x: x.of("ABS"),
    "cos": lambda x: x.of("COS"),
    "cosh": lambda x: (x.of("EXP") + (x * -1).of("EXP")) * 0.5,
    "erf": _erf,
    "erfc": lambda x: _erf(x) * -1 + 1,
    "exp2": lambda x: (x * math.log(2)).of("EXP"),
    "expm1": lambda x: x.of("EXP") - 1,
    "log": lambda x: x.of("LOG"),
    "log10": lambda x: x.of("LOG") * (1 / math.log(10)),
    "log1p": lambda x: (x + 1).of("LOG"),
    "log2": lambda x: x.of("LOG") * (1 / math.log(2)),
    "reciprocal": lambda x: 1 / x,
    "sign": lambda x: x.of("SIGN"),
    "sin": lambda x: x.of("SIN"),
    "sinh": lambda x: (x.of("EXP") - (x * -1).of("EXP")) * 0.5,
    "sqrt": lambda x: x.of("SQRT"),
    "hard_sigmoid": lambda x: (x * (1 / 6) + 0.5).most(0).least(1),
}
