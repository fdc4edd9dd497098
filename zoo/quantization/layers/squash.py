"""Activations within a recurrence, and the cell that is one of them: a simple RNN's."""

from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.products import FIXED, Dense, TwinLayer
from zoo.quantization.layers.ranges import Curve, Range

# sums beyond these change nothing that 8 bits can tell
LIMITS = {"sigmoid": 8.0, "tanh": 4.0}
OPERATORS = ("sigmoid", "tanh", "relu")  # the others are looked up


class Squash(TwinLayer):
    """An activation of a sum.

    Args:
        function: its Keras name; "linear" hands the sum on, "bounded" clamps it to 0..1.
        summed: whether the sum has a range of its own, `sum_range`.
        output: a range to share; None makes one.
    """

    def __init__(
        self, name: str, function: str, summed: bool = True, output: Range | None = None
    ) -> None:
        super().__init__(name)
        self.function = function
        self.output_range = output or Range(name, fixed=FIXED.get(function))
        if summed:
            bounds = (0.0, 1.0) if function == BOUNDED else None
            limit = LIMITS.get(function, np.inf)
            own = Range(f"{name}_sum", limit=limit, bounds=bounds)
            self.sum_range = self.output_range if function == "linear" else own
        if function not in (*OPERATORS, "linear", BOUNDED):  # a table has 256 entries
            self.output_range.wide = None
            if summed:
                self.sum_range.wide = None

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        x = inputs[0]
        if self.function == "linear":
            return x
        if self.function == BOUNDED:
            return arithmetic.bounded(self.sum_range, x)
        if self.function in OPERATORS:
            return arithmetic.apply(self.function, x, self.output_range)
        return arithmetic.curve(Curve(self.function), x, self.output_range)


class Plain(TwinLayer):
    """One step of a simple RNN: `h' = f(x W + h U + b)`.

    Args:
        kernel: (features, units).
        recurrent: (units, units).
        bias: (units,).
        functions: Keras' name of f.
        output: a range to share; None makes one.
    """

    def __init__(
        self,
        name: str,
        kernel: np.ndarray,
        recurrent: np.ndarray,
        bias: np.ndarray,
        functions: tuple[str, ...] = ("tanh",),
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.units = recurrent.shape[0]
        self.of_input = Dense(f"{name}_input", kernel, bias)
        self.of_state = Dense(f"{name}_state", recurrent, np.zeros_like(bias))
        self.squash = Squash(f"{name}_output", functions[0], output=output)
        self.output_range = self.squash.output_range
        self.of_state.reads(self.output_range)

    def reads(self, source: Range) -> None:
        self.of_input.reads(source)

    def states(self) -> tuple[Range, ...]:
        """Return the range of what is carried from step to step."""
        return (self.output_range,)

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        """Return the next state, alone in a tuple, from an input (batch, features) and a state."""
        x, state = inputs
        where = self.squash.sum_range
        of_input = self.of_input.read(x, arithmetic, where)
        total = arithmetic.add(of_input, self.of_state.read(state, arithmetic, where), where)
        return (self.squash.run(total, arithmetic=arithmetic),)

    def groups(self) -> list[list[Range]]:
        products = self.of_input, self.of_state
        of_sum = [self.output_range, self.squash.sum_range]
        return [of_sum, *([one.output_range] for one in products)]
