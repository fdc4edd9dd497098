"""The layers of a twin that combine two tensors, or one and a constant, element by element."""

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.products import TwinLayer
from zoo.quantization.layers.ranges import Range


def narrowed(values: np.ndarray) -> np.ndarray:
    """Return values without what they repeat along an axis."""
    for axis in range(values.ndim):
        first = values.take([0], axis)
        values = first if (values == first).all() else values
    return values


class Elementwise(TwinLayer):
    """An operator on two tensors, the second perhaps a constant without batch axis.

    Args:
        constant: the second operand; None: a second input.
        activation: one that the operator clamps its output with.
        bounds: what the activation "bounded" clamps to.
        output: a range to share; None makes one.
    """

    def __init__(
        self,
        name: str,
        constant: np.ndarray | None = None,
        activation: str | None = None,
        bounds: tuple[float, float] | None = None,
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.constant_range = None
        if constant is not None:
            self.operand = self.constant("operand", constant)
            self.constant_range = Range(f"{name}_constant")
        self.activation = activation
        self.output_range = output or Range(f"{name}_output", bounds=bounds)

    def operation(self, arithmetic: Exact) -> Callable[..., Any]:
        """Return what the two operands are combined by."""
        raise NotImplementedError

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        other = inputs[-1]
        if self.constant_range is not None:
            other = arithmetic.constant(self.constant_range, self.operand)
        combine = self.operation(arithmetic)
        return combine(inputs[0], other, self.output_range, self.activation)


class Add(Elementwise):
    """ADD."""

    def operation(self, arithmetic: Exact) -> Callable[..., Any]:
        return arithmetic.add


class Subtract(Elementwise):
    """SUB."""

    def operation(self, arithmetic: Exact) -> Callable[..., Any]:
        return arithmetic.subtract


class Multiply(Elementwise):
    """MUL."""

    def operation(self, arithmetic: Exact) -> Callable[..., Any]:
        return arithmetic.multiply
