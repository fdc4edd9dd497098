"""The twin in the converter's terms: constants, fake quantization, and a real loop."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from zoo.quantization import Twin
from zoo.quantization.layers.arithmetic import Int8, Linear, Loop, Range, step_by_step


class Constant(Int8):
    """The arithmetic whose graph the converter turns into integers, one row at a time.

    Weights and ranges are constants of the graph. Weights are not rounded: the converter rounds
    them by the same rules as `Int8` does.
    """

    def __init__(self, twin: Twin) -> None:
        # read now: within a traced function a variable has no value
        self.values = {id(weight): ops.convert_to_numpy(weight) for weight in twin.weights}

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        return self.values[id(layer.kernel)], self.values[id(layer.bias)]

    def limits(self, where: Range) -> tuple[Any, Any]:
        return self.values[id(where.low)], self.values[id(where.high)]

    def lookup(self, table: Any, where: Range, ids: Any) -> Any:
        """A GATHER; the table is a constant, which takes the range of what leaves it."""
        values = self.values[id(table)].copy()
        values[0] = 0
        rows = self.activation(where, tf.constant(values))
        return self.activation(where, tf.gather(rows, ids))

    def loop(self, loop: Loop, *sequences: Any) -> tuple[list[Any], list[Any]]:
        """A WHILE with an integer body, whose size does not depend on the number of steps.

        A kept sequence is a shift register: each step drops its oldest row and adds the new one,
        at the back, or at the front where the rows come from the back. What enters and leaves the
        loop is fake-quantized too, or floats stay there.
        """
        count, ranges = sequences[0].shape[1], [state.where for state in loop.states]

        def body(t: Any, states: list[Any], registers: list[Any]) -> tuple[Any, Any, Any]:
            rows = {
                back: tuple(tf.gather(x, count - 1 - t if back else t, axis=1) for x in sequences)
                for back in {state.reverse for state in loop.states}
            }
            states = self._each(ranges, states)
            new = loop.step([rows[state.reverse] for state in loop.states], states)
            shifted = []
            for i, register in zip(loop.keep, registers, strict=True):
                register = self.activation(ranges[i], register)
                row = new[i][:, None]
                back = loop.states[i].reverse
                parts = [row, register[:, :-1]] if back else [register[:, 1:], row]
                shifted.append(self.activation(ranges[i], tf.concat(parts, axis=1)))
            return t + 1, new, shifted

        registers = [np.zeros((1, count, loop.states[i].units), np.float32) for i in loop.keep]
        start = (0, _first_states(loop), registers)
        _, last, kept = tf.while_loop(lambda t, *_: t < count, body, start)
        return self._each(ranges, last), self._each([ranges[i] for i in loop.keep], kept)

    def _each(self, ranges: Sequence[Range], values: Sequence[Any]) -> list[Any]:
        return [self.activation(where, x) for where, x in zip(ranges, values, strict=True)]


class Unrolled(Constant):
    """The same with the loop written out, for targets that refuse a WHILE."""

    def loop(self, loop: Loop, *sequences: Any) -> tuple[list[Any], list[Any]]:
        return step_by_step(loop, sequences, _first_states(loop))


def _first_states(loop: Loop) -> list[Any]:
    return [np.zeros((1, state.units), np.float32) for state in loop.states]


def step_function(twin: Twin) -> Any:
    """Return the step of a twin that starts with a recurrence: (x, states...) -> logits, states.

    x is one row of a sequence, (1, features); each state and its new value are on one scale, so
    that a host copies bytes.
    """
    arithmetic = Constant(twin)
    first: Any = twin.nodes[0].layer

    def step(input: Any, **states: Any) -> dict[str, Any]:
        row = arithmetic.activation(twin.input_range, input)
        ranges = [where for cell in first.cells for where in cell.states()]
        held = [
            arithmetic.activation(where, states[f"state_{i}"]) for i, where in enumerate(ranges)
        ]
        new = first.step([(row,)], held, arithmetic)
        logits = twin.run_from(new[first.places()[-1]], 1, arithmetic)
        return {"output": logits} | {f"state_{i}": state for i, state in enumerate(new)}

    return step
