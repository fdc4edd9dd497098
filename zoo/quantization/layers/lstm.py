"""One integer step of an LSTM, whose memory is a state beside its output."""

from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.products import Dense, TwinLayer
from zoo.quantization.layers.ranges import Range


class Memory(TwinLayer):
    """One step of an LSTM, every intermediate on a range of its own.

    `c' = f * c + i * g` and `h' = o * tanh(c')` (Hochreiter and Schmidhuber 1997 with the forget
    gate of Gers et al. 2000). The memory c is int8 like the rest, clipped where calibration says,
    at 8 at the latest: its tanh is 1 from 4 on. Its range is symmetric, so that it starts at 0.

    Args:
        kernel: (features, 4 units), in Keras' order: input, forget, candidate, output.
        recurrent: (units, 4 units).
        bias: (4 units,).
    """

    def __init__(
        self, name: str, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray
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
        self.gates_sum_range = Range(f"{name}_gates_sum", limit=8.0)
        self.gates_range = Range(f"{name}_gates", fixed=INT8.sigmoid)
        self.candidate_sum_range = Range(f"{name}_candidate_sum", limit=4.0)
        self.candidate_range = Range(f"{name}_candidate", fixed=INT8.tanh)
        self.kept_range = Range(f"{name}_kept", limit=8.0)
        self.added_range = Range(f"{name}_added")
        self.memory_range = Range(f"{name}_memory", limit=8.0, narrow=True)
        self.squashed_range = Range(f"{name}_squashed", fixed=INT8.tanh)
        self.output_range = Range(f"{name}_output", fixed=INT8.tanh)
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
            products = of_input.run(x, arithmetic=do), of_state.run(state, arithmetic=do)
            return do.add(*products, where)

        gates = total(self.input_gates, self.state_gates, self.gates_sum_range)
        write, keep, show = do.split(do.apply("sigmoid", gates, self.gates_range), 3)
        candidate = total(self.input_candidate, self.state_candidate, self.candidate_sum_range)
        candidate = do.apply("tanh", candidate, self.candidate_range)
        added = do.multiply(write, candidate, self.added_range)
        memory = do.add(do.multiply(keep, memory, self.kept_range), added, self.memory_range)
        squashed = do.apply("tanh", memory, self.squashed_range)
        return do.multiply(show, squashed, self.output_range), memory
