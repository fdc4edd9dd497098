"""Another arithmetic, watched."""

from typing import Any

import numpy as np
from keras import ops

from zoo.quantization.layers.arithmetic import Exact, step_by_step, zeros
from zoo.quantization.layers.ranges import Linear, Loop, Range

SAMPLE = 8192  # values kept of one tensor of one batch


class Watching(Exact):
    """Another arithmetic, watched: a sample of every range's values is kept, extremes included."""

    def __init__(self, arithmetic: Exact) -> None:
        self.arithmetic = arithmetic
        self.seen: dict[Range, list[np.ndarray]] = {}

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        return self.arithmetic.weights(layer, x)

    def averaged(self, x: Any, where: Range, halves: str) -> Any:
        return self.arithmetic.averaged(x, where, halves)

    def bounded(self, where: Range, x: Any) -> Any:
        return self.arithmetic.bounded(where, x)

    def activation(self, where: Range, x: Any) -> Any:
        x = self.arithmetic.activation(where, x)
        flat = np.asarray(ops.convert_to_numpy(x), np.float32).ravel()
        stride = -(-flat.size // SAMPLE)
        kept = np.concatenate([flat[::stride], [flat.min(), flat.max()]])
        self.seen.setdefault(where, []).append(kept)
        return x

    def loop(self, loop: Loop, *sequences: Any) -> tuple[list[Any], list[Any]]:
        # where values can be looked at
        return step_by_step(self, loop, sequences, zeros(loop, sequences[0]))

    def values(self, where: Range) -> np.ndarray:
        """Return the sample of one range's values."""
        return np.concatenate(self.seen[where])

    def ends(self, where: Range, room: float = 1.0) -> tuple[float, float]:
        """Return the least and the largest of these values, times `room`."""
        values = self.values(where)
        return room * float(values.min()), room * float(values.max())
