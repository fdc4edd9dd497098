"""One integer step of an LSTM, whose memory is a state beside its output."""

from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.products import Dense, TwinLayer
from zoo.quantization.layers.ranges import Range
from zoo.quantization.layers.squash import Squash


class Memory(TwinLayer):
    """One step of an LSTM, every intermediate on a range of its own.

    `c' = f * c + i * g` and `h' = o * tanh(c')` (Hochreiter and Schmidhuber 1997 with the forget
    gate of Gers et al. 2000). The memory c is int8 like the rest, clipped where calibration says,
    at 8 at the latest: its tanh is 1 from 4 on. Its range is symmetric, so that it starts at 0.

    Args:
        kernel: (features, 4 units), in Keras' order: input, forget, candidate, output.
        recurrent: (units, 4 units).
        bias: (4 units,).
        functions: Keras' names of the activations of candidate and memory, and of the gates.
        output: a range to share; None makes one.
    """

    def __init__(
        self,
        name: str,
        kernel: np.ndarray,
        recurrent: np.ndarray,
        bias: np.ndarray,
        functions: tuple[str, ...] = ("tanh", "sigmoid"),
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.units = units = recurrent.shape[0]
        candidate = np.arange(2 * units, 3 * units)
        gates = np.delete(np.arange(4 * units), candidate)
        none = np.zeros_like(bias)

        def dense(part: str, kernel: np.ndarray, bias: np.ndarray, columns: np.ndarray) -> Dense:
            return Dense(f"{name}_{part}", kernel[:, columns], bias[columns])

        self.input_gates = dense("input_gates", kernel, bias, gates)
        self.state_gates = dense("state_gates", recurrent, none, gates)
        self.input_candidate = dense("input_candidate", kernel, bias, candidate)
        self.state_candidate = dense("state_candidate", recurrent, none, candidate)
        usual = functions[0] == "tanh" and functions[1] in ("sigmoid", BOUNDED)
        limit = 8.0 if usual else np.inf
        self.gates = Squash(f"{name}_gates", functions[1])
        self.candidate = Squash(f"{name}_candidate", functions[0])
        self.kept_range = Range(f"{name}_kept", limit=limit)
        self.added_range = Range(f"{name}_added")
        self.memory_range = Range(f"{name}_memory", limit=limit, narrow=True)
        self.squash = Squash(f"{name}_squashed", functions[0], summed=False)
        fixed = INT8.activations.unit if usual else None
        self.output_range = output or Range(f"{name}_output", fixed=fixed, narrow=usual)
        for one in (self.state_gates, self.state_candidate):
            one.reads(self.output_range)

    def reads(self, source: Range) -> None:
        for dense in (self.input_gates, self.input_candidate):
            dense.reads(source)

    def states(self) -> tuple[Range, ...]:
        """Return the ranges of what is carried from step to step; the output comes first."""
        return self.output_range, self.memory_range

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        """Return the next output and memory from an input (batch, features) and these two."""
        x, state, memory = inputs
        do = arithmetic

        def total(of_input: Dense, of_state: Dense, where: Range) -> Any:
            return do.add(of_input.read(x, do, where), of_state.read(state, do, where), where)

        gates = total(self.input_gates, self.state_gates, self.gates.sum_range)
        gates = self.gates.run(gates, arithmetic=do)
        gates = do.convert(gates, self.gates.output_range, self.memory_range)
        write, keep, show = do.split(gates, 3)
        candidate = total(self.input_candidate, self.state_candidate, self.candidate.sum_range)
        candidate = self.candidate.run(candidate, arithmetic=do)
        candidate = do.convert(candidate, self.candidate.output_range, self.added_range)
        added = do.multiply(write, candidate, self.added_range)
        memory = do.add(do.multiply(keep, memory, self.kept_range), added, self.memory_range)
        squash = self.squash.output_range
        squashed = self.squash.run(do.convert(memory, self.memory_range, squash), arithmetic=do)
        squashed = do.convert(squashed, squash, self.output_range)
        return do.multiply(show, squashed, self.output_range), memory

    def groups(self) -> list[list[Range]]:
        memory, squashed = self.memory_range, self.squash.output_range
        products = self.input_gates, self.state_gates, self.input_candidate, self.state_candidate
        return [
            [memory, self.kept_range, self.added_range, squashed, self.output_range],
            [self.gates.sum_range, self.gates.output_range],
            [self.candidate.sum_range, self.candidate.output_range],
            *([one.output_range] for one in products),
        ]
