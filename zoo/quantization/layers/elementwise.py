"""The layers of a twin that combine two tensors, or one and a constant, element by element."""

from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact, Range
from zoo.quantization.layers.products import FUSED, TwinLayer


class Elementwise(TwinLayer):
    """An operator on two tensors, the second perhaps a constant without batch axis.

    Args:
        constant: the second operand; None: a second input.
        activation: one that the operator clamps its output with.
        output: a range to share; None makes one.
    """

    def __init__(
        self,
        name: str,
        constant: np.ndarray | None = None,
        activation: str | None = None,
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.constant_range = None
        if constant is not None:
            self.operand = self.constant("operand", constant)
            self.constant_range = Range(f"{name}_constant")
        self.activation = activation
        self.output_range = output or Range(f"{name}_output")

    def combined(self, x: Any, other: Any) -> Any:
        """Return what the operator makes of its two operands."""
        raise NotImplementedError

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        other = inputs[-1]
        if self.constant_range is not None:
            other = arithmetic.activation(self.constant_range, self.operand + 0.0)
        y = FUSED[self.activation](self.combined(inputs[0], other))
        return arithmetic.activation(self.output_range, y)


class Add(Elementwise):
    """ADD."""

    def combined(self, x: Any, other: Any) -> Any:
        return x + other


class Subtract(Elementwise):
    """SUB."""

    def combined(self, x: Any, other: Any) -> Any:
        return x - other


class Multiply(Elementwise):
    """MUL."""

    def combined(self, x: Any, other: Any) -> Any:
        return x * other
