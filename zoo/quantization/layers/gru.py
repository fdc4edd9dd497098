"""Recurrent layers of a twin: an integer step, driven as a loop, step by step, or unrolled."""

from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.lookup import Hold
from zoo.quantization.layers.lstm import Memory
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.products import Dense, TwinLayer
from zoo.quantization.layers.ranges import Loop, Range, State


class Cell(TwinLayer):
    """One step of a GRU with `reset_after`, every intermediate on a range of its own.

    `h' = c + z * (h - c)` (Cho et al. 2014, arXiv:1406.1078, eq. 7, with Keras' sense of z). Gate
    sums beyond 8 and candidate sums beyond 4 change nothing that 8 bits can tell. The gates' and
    the candidate's columns are products of their own: cheaper than cutting one result in two, and
    each has its own range.

    Args:
        kernel: (features, 3 units), in Keras' order: update, reset, candidate.
        recurrent: (units, 3 units).
        bias: (2, 3 units), of the input and of the state.
    """

    def __init__(
        self, name: str, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray
    ) -> None:
        super().__init__(name)
        self.units = recurrent.shape[0]
        gates, candidate = slice(2 * self.units), slice(2 * self.units, None)
        self.input_gates = Dense(f"{name}_input_gates", kernel[:, gates], bias[0, gates])
        self.state_gates = Dense(f"{name}_state_gates", recurrent[:, gates], bias[1, gates])
        self.input_candidate = Dense(
            f"{name}_input_candidate", kernel[:, candidate], bias[0, candidate]
        )
        self.state_candidate = Dense(
            f"{name}_state_candidate", recurrent[:, candidate], bias[1, candidate]
        )
        self.gates_sum_range = Range(f"{name}_gates_sum", limit=8.0)
        self.gates_range = Range(f"{name}_gates", fixed=INT8.sigmoid)
        self.reset_range = Range(f"{name}_reset")
        self.candidate_sum_range = Range(f"{name}_candidate_sum", limit=4.0)
        self.candidate_range = Range(f"{name}_candidate", fixed=INT8.tanh)
        self.difference_range = Range(f"{name}_difference")
        self.kept_range = Range(f"{name}_kept")
        self.output_range = Range(f"{name}_output", fixed=INT8.tanh)
        for dense in (self.state_gates, self.state_candidate):
            dense.reads(self.output_range)

    def reads(self, source: Range) -> None:
        for dense in (self.input_gates, self.input_candidate):
            dense.reads(source)

    def states(self) -> tuple[Range, ...]:
        """Return the ranges of what is carried from step to step; the output comes first."""
        return (self.output_range,)

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        """Return the next state, alone in a tuple, from an input (batch, features) and a state."""
        x, state = inputs
        do = arithmetic

        def product(dense: Dense, value: Any) -> Any:
            return dense.run(value, arithmetic=do)

        of_input, of_state = product(self.input_gates, x), product(self.state_gates, state)
        gates = do.add(of_input, of_state, self.gates_sum_range)  # (B, 2 units)
        update, reset = do.split(do.apply("sigmoid", gates, self.gates_range), 2)
        recalled = do.multiply(reset, product(self.state_candidate, state), self.reset_range)
        candidate = do.add(product(self.input_candidate, x), recalled, self.candidate_sum_range)
        candidate = do.apply("tanh", candidate, self.candidate_range)
        difference = do.subtract(state, candidate, self.difference_range)
        kept = do.multiply(update, difference, self.kept_range)
        return (do.add(candidate, kept, self.output_range),)


class Recurrence(TwinLayer):
    """Recurrent layers over a sequence, (batch, steps, features) -> (batch, [steps,] units).

    A second input is a mask, (batch, steps, 1): where it is 0, every state stays what it was.

    Args:
        cell: `Cell` (GRU) or `Memory` (LSTM).
        cells: its arguments, for the stacked layers, or for the two directions of a bidirectional
            one; all share a loop.
        bidirectional: which of the two.
        sequences: whether every step's output is wanted, or the last one's.
        masked: whether there is a mask.
    """

    def __init__(
        self,
        name: str,
        cell: type[Cell] | type[Memory],
        cells: list[dict[str, Any]],
        bidirectional: bool,
        sequences: bool,
        masked: bool = False,
    ) -> None:
        super().__init__(name)
        self.cells = [cell(**arguments) for arguments in cells]
        self.hold = Hold(f"{name}_hold") if masked else None
        self.operators = ("WHILE",)
        self.bidirectional, self.sequences = bidirectional, sequences

    def reads(self, source: Range) -> None:
        for cell in self.cells:
            cell.reads(source)
            if not self.bidirectional:
                source = cell.output_range

    def result(self) -> Range:
        return self.cells[-1].output_range

    def step(self, rows: list[tuple[Any, ...]], states: list[Any], arithmetic: Exact) -> list[Any]:
        """Return the next states. `rows` holds one input for each; stacked cells use the first.

        With a mask each is a pair.
        """
        new: list[Any] = []
        x, absent = rows[0][0], None
        for cell, place in zip(self.cells, self.places(), strict=True):
            held = states[place : place + len(cell.states())]
            x = rows[place][0] if self.bidirectional else x
            found = cell.run(x, *held, arithmetic=arithmetic)
            if self.hold is not None:
                present = rows[place][1]
                if absent is None or self.bidirectional:
                    absent = self.hold.absent(present, arithmetic)
                found = [
                    self.hold.hold(present, absent, *state, arithmetic)
                    for state in zip(found, held, cell.states(), strict=True)
                ]
            x, new = found[0], [*new, *found]
        return new

    def places(self) -> list[int]:
        """Return where among all states those of each cell begin: the place of its output."""
        counts = [len(cell.states()) for cell in self.cells]
        return [sum(counts[:i]) for i in range(len(counts))]

    def carried(self) -> tuple[State, ...]:
        """Return the states of all cells; the second direction reads from the back."""
        backward = self.cells[1] if self.bidirectional else None
        return tuple(
            State(cell.units, where, reverse=cell is backward)
            for cell in self.cells
            for where in cell.states()
        )

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        wanted = self.places() if self.bidirectional else self.places()[-1:]
        loop = Loop(
            step=lambda rows, states: self.step(rows, states, arithmetic),
            states=self.carried(),
            keep=tuple(wanted) if self.sequences else (),
        )
        last, kept = arithmetic.loop(loop, *inputs)
        found = kept if self.sequences else [last[place] for place in wanted]
        return arithmetic.concatenate(found, -1) if len(found) > 1 else found[0]
