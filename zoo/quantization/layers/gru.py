"""Recurrent layers of a twin: an integer step, driven as a loop, step by step, or unrolled."""

from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.lookup import Hold
from zoo.quantization.layers.lstm import Memory
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.products import Dense, TwinLayer
from zoo.quantization.layers.ranges import Loop, Range, State
from zoo.quantization.layers.squash import Plain, Squash


class Cell(TwinLayer):
    """One step of a GRU, every intermediate on a range of its own.

    `h' = c + z * (h - c)` (Cho et al. 2014, arXiv:1406.1078, eq. 7, with Keras' sense of z). Gate
    sums beyond 8 and candidate sums beyond 4 change nothing that 8 bits can tell. The gates' and
    the candidate's columns are products of their own: cheaper than cutting one result in two, and
    each has its own range.

    Args:
        kernel: (features, 3 units), in Keras' order: update, reset, candidate.
        recurrent: (units, 3 units).
        bias: (2, 3 units), of the input and of the state.
        functions: Keras' names of the activations of the candidate and of the gates.
        reset_after: whether the state is forgotten after its product, or before.
        output: a range to share; None makes one.
    """

    def __init__(
        self,
        name: str,
        kernel: np.ndarray,
        recurrent: np.ndarray,
        bias: np.ndarray,
        functions: tuple[str, ...] = ("tanh", "sigmoid"),
        reset_after: bool = True,
        output: Range | None = None,
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
        self.reset_after = reset_after
        self.gates = Squash(f"{name}_gates", functions[1])
        self.reset_range = Range(f"{name}_reset")
        self.candidate = Squash(f"{name}_candidate", functions[0])
        self.difference_range = Range(f"{name}_difference")
        self.kept_range = Range(f"{name}_kept")
        within = functions[0] == "tanh" and functions[1] in ("sigmoid", BOUNDED)
        fixed = INT8.tanh if within else None
        self.output_range = output or Range(f"{name}_output", fixed=fixed)
        self.state_gates.reads(self.output_range)
        self.state_candidate.reads(self.output_range if reset_after else self.reset_range)

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

        of_input = self.input_gates.read(x, do, self.gates.sum_range)
        of_state = self.state_gates.read(state, do, self.gates.sum_range)
        gates = do.add(of_input, of_state, self.gates.sum_range)  # (B, 2 units)
        update, reset = do.split(self.gates.run(gates, arithmetic=do), 2)
        recalled = self._recalled(reset, state, do)
        of_input = self.input_candidate.read(x, do, self.candidate.sum_range)
        total = do.add(of_input, recalled, self.candidate.sum_range)
        candidate = self.candidate.run(total, arithmetic=do)
        candidate = do.convert(candidate, self.candidate.output_range, self.output_range)
        difference = do.subtract(state, candidate, self.difference_range)
        update = do.convert(update, self.gates.output_range, self.kept_range)
        kept = do.multiply(update, difference, self.kept_range)
        return (do.add(candidate, kept, self.output_range),)

    def _recalled(self, reset: Any, state: Any, do: Exact) -> Any:
        """Return what the candidate takes from the state, as wide as its sum."""
        reset = do.convert(reset, self.gates.output_range, self.reset_range)
        if self.reset_after:
            of_state = self.state_candidate.read(state, do, self.reset_range)
            recalled = do.multiply(reset, of_state, self.reset_range)
            return do.convert(recalled, self.reset_range, self.candidate.sum_range)
        state = do.convert(state, self.output_range, self.reset_range)
        kept = do.multiply(reset, state, self.reset_range)
        return self.state_candidate.read(kept, do, self.candidate.sum_range)

    def groups(self) -> list[list[Range]]:
        return [
            [self.output_range, self.difference_range, self.kept_range],
            [self.gates.sum_range, self.gates.output_range],
            [self.reset_range, self.candidate.sum_range, self.candidate.output_range],
            [self.input_gates.output_range],
            [self.state_gates.output_range],
            [self.input_candidate.output_range],
            [self.state_candidate.output_range],
        ]


class Recurrence(TwinLayer):
    """Recurrent layers over a sequence, (batch, steps, features) -> (batch, [steps,] units).

    A second input is a mask, (batch, steps, 1): where it is 0, every state stays what it was.

    Args:
        cell: `Cell` (GRU), `Memory` (LSTM) or `Plain`.
        cells: its arguments, for the stacked layers, or for the two directions of a bidirectional
            one; all share a loop.
        bidirectional: which of the two.
        sequences: whether every step's output is wanted, or the last one's.
        masked: whether there is a mask.
        backwards: whether the steps are read from the last to the first, and handed on so.
        merge: how two directions become one: "concat", "sum" or "mul".
    """

    def __init__(
        self,
        name: str,
        cell: type[Cell] | type[Memory] | type[Plain],
        cells: list[dict[str, Any]],
        bidirectional: bool,
        sequences: bool,
        masked: bool = False,
        backwards: bool = False,
        merge: str = "concat",
    ) -> None:
        super().__init__(name)
        joined = None
        if bidirectional and merge == "concat" and "functions" in cells[0]:  # not fixed
            joined = Range(f"{name}_joined")
        self.cells = [cell(**arguments, output=joined) for arguments in cells]
        self.backwards, self.merge = backwards, merge
        self.merged_range = Range(f"{name}_merged")
        self.hold = Hold(f"{name}_hold") if masked else None
        self.operators = ("WHILE",)
        self.bidirectional, self.sequences = bidirectional, sequences

    def reads(self, source: Range) -> None:
        for cell in self.cells:
            cell.reads(source)
            if not self.bidirectional:
                source = cell.output_range

    def result(self) -> Range:
        merged = self.bidirectional and self.merge != "concat"
        return self.merged_range if merged else self.cells[-1].output_range

    def entry(self) -> None:
        return None  # cells convert what they read

    def groups(self) -> list[list[Range]]:
        states, *others = zip(*(cell.groups() for cell in self.cells), strict=True)
        together = [where for group in states for where in group]  # a step form has one type
        merged = [] if self.merge == "concat" else [[self.merged_range]]
        return [together, *(group for part in others for group in part), *merged]

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
            State(cell.units, where, cell is backward or self.backwards, self.backwards)
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
        if len(found) == 1:
            return found[0]
        if self.merge == "concat":
            return arithmetic.concatenate(found, -1)
        combine = arithmetic.multiply if self.merge == "mul" else arithmetic.add
        first, second = (
            arithmetic.convert(one, cell.output_range, self.merged_range)
            for one, cell in zip(found, self.cells, strict=True)
        )
        return combine(first, second, self.merged_range)
