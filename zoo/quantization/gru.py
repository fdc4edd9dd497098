"""The GRU of a twin: one integer step, driven as a loop, step by step, or unrolled."""

from typing import Any

import numpy as np
from keras import ops

from zoo.quantization.arithmetic import Exact, Loop, Range
from zoo.quantization.layers import SIGMOID, TANH, TwinLayer


class Cell(TwinLayer):
    """One step of a GRU with `reset_after`, every intermediate on a range of its own.

    `h' = c + z * (h - c)` (Cho et al. 2014, arXiv:1406.1078, eq. 7, with Keras' sense of z). Gate
    sums beyond 8 and candidate sums beyond 4 change nothing that 8 bits can tell.

    Args:
        kernel: (features, 3 units), gates in Keras' order z, r, h.
        recurrent: (units, 3 units).
        bias: (2, 3 units), of the input and of the state.
    """

    def __init__(
        self, name: str, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray
    ) -> None:
        super().__init__(name)
        self.units = recurrent.shape[0]
        self.kernel = self.constant("kernel", kernel)
        self.recurrent = self.constant("recurrent", recurrent)
        self.bias = self.constant("bias", bias)
        self.input_range = Range(f"{name}_input")
        self.state_range = Range(f"{name}_state")
        self.gates_sum_range = Range(f"{name}_gates_sum", limit=8.0)
        self.gates_range = Range(f"{name}_gates", fixed=SIGMOID)
        self.reset_range = Range(f"{name}_reset")
        self.candidate_sum_range = Range(f"{name}_candidate_sum", limit=4.0)
        self.candidate_range = Range(f"{name}_candidate", fixed=TANH)
        self.difference_range = Range(f"{name}_difference")
        self.kept_range = Range(f"{name}_kept")
        self.output_range = Range(f"{name}_output", fixed=TANH)

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        """Return the next state from an input (batch, features) and a state (batch, units)."""
        x, state = inputs
        q = arithmetic.activation
        of_input = ops.matmul(x, arithmetic.weight(self.kernel, (0,))) + self.bias[0]
        of_input = q(self.input_range, of_input)  # (B, 3 units)
        of_state = ops.matmul(state, arithmetic.weight(self.recurrent, (0,))) + self.bias[1]
        of_state = q(self.state_range, of_state)  # (B, 3 units)
        two = 2 * self.units
        gates = q(self.gates_sum_range, of_input[:, :two] + of_state[:, :two])
        gates = q(self.gates_range, ops.sigmoid(gates))
        update, reset = gates[:, : self.units], gates[:, self.units :]
        recalled = q(self.reset_range, reset * of_state[:, two:])
        candidate = q(self.candidate_sum_range, of_input[:, two:] + recalled)
        candidate = q(self.candidate_range, ops.tanh(candidate))
        difference = q(self.difference_range, state - candidate)
        kept = q(self.kept_range, update * difference)
        return q(self.output_range, candidate + kept)


class Recurrence(TwinLayer):
    """GRU layers over a whole sequence, (batch, steps, features) -> (batch, [steps,] units).

    Args:
        cells: arguments of `Cell`: the stacked layers, or the two directions of a bidirectional one; they share a loop.
        bidirectional: which of the two.
        sequences: whether every step's output is wanted, or the last one's.
    """

    def __init__(
        self, name: str, cells: list[dict[str, Any]], bidirectional: bool, sequences: bool
    ) -> None:
        super().__init__(name)
        self.cells = [Cell(**arguments) for arguments in cells]
        self.bidirectional, self.sequences = bidirectional, sequences

    def step(self, rows: list[Any], states: list[Any], arithmetic: Exact) -> list[Any]:
        """Return the next states. `rows` holds one input for each; stacked cells use the first."""
        if self.bidirectional:
            return [
                cell.run(row, state, arithmetic=arithmetic)
                for cell, row, state in zip(self.cells, rows, states, strict=True)
            ]
        x, new = rows[0], []
        for cell, state in zip(self.cells, states, strict=True):
            x = cell.run(x, state, arithmetic=arithmetic)
            new.append(x)
        return new

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        outputs = (0, 1) if self.bidirectional else (len(self.cells) - 1,)
        loop = Loop(
            step=lambda rows, states: self.step(rows, states, arithmetic),
            units=tuple(cell.units for cell in self.cells),
            ranges=tuple(cell.output_range for cell in self.cells),
            reverse=(False, True) if self.bidirectional else (False,) * len(self.cells),
            keep=outputs if self.sequences else (),
        )
        last, kept = arithmetic.loop(loop, inputs[0])
        found = kept if self.sequences else [last[i] for i in outputs]
        return ops.concatenate(found, axis=-1) if len(found) > 1 else found[0]
