"""16-bit tensors where that is worth its cost: a greedy search on calibration rows.

Each round widens the group of tensors that takes most error from the outputs for its cost. That of
a loop's states comes early: what they lose at each step adds up. All that 16 bits need beside the
kernels they have in 8 are QUANTIZE operators between the two (`Operations.convert`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.quantization.errors import relative_error
from zoo.quantization.layers.arithmetic import Exact, Rounded
from zoo.quantization.layers.numerics import MIXED
from zoo.quantization.layers.ranges import Linear, Range
from zoo.quantization.layers.watching import Watching
from zoo.quantization.rows import Rows, batch_size, evenly, taken, tensors
from zoo.quantization.twin import Twin

QUIET = 0.01  # of the outputs' standard deviation: less noise is heard by no task
LEAST = 0.05  # of the squared error left: what a group must take away
TRIED = 4  # groups a round after the first: those that promised most in the last
ROOM = 2.0  # times what was seen: other rows may go beyond it, and a bit of 16 can be spared
# a 16-bit operator's time, measured on x86 in LiteRT's reference kernels: 15 ns a value, and 1.4 ns
# a multiplication with a weight
PER_VALUE, PER_PRODUCT = 15.0, 1.4


@dataclass(frozen=True)
class Group:
    """Ranges that are wide together, for an operator wants all its tensors of one width."""

    ranges: tuple[Range, ...]
    cost: float  # nanoseconds of an inference

    def set(self, ends: Mapping[Range, tuple[float, float]]) -> None:
        """Set those that can be chosen."""
        for where in self.ranges:
            if where in ends:
                where.set(*ends[where])


class _Counting(Watching):
    """Exact arithmetic, watched, that counts what an inference computes."""

    def __init__(self) -> None:
        super().__init__(Exact())
        self.counts: Counter[Range] = Counter()
        self.weighed: dict[Range, float] = {}  # products for a value

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        kernel, bias = super().weights(layer, x)
        size = int(np.prod(kernel.shape))
        self.weighed[layer.output_range] = size / int(bias.shape[0])
        return kernel, bias

    def activation(self, where: Range, x: Any) -> Any:
        self.counts[where] += int(np.prod(x.shape[1:]))
        return super().activation(where, x)

    def cost(self, where: Range) -> float:
        """Return nanoseconds that the makers of a range's values would take with 16 bits."""
        return self.counts[where] * (PER_VALUE + PER_PRODUCT * self.weighed.get(where, 0.0))


class _Either(Rounded):
    """The arithmetic of `MIXED` with flags that say what is wide.

    Args:
        flags: of the ranges that may be; 1 or 0.
    """

    def __init__(self, flags: dict[Range, Any]) -> None:
        super().__init__(MIXED)
        self.flags = flags

    def _chosen(self, where: Range, wide: Any, narrow: Any) -> Any:
        return ops.where(self.flags[where] > 0, wide, narrow) if where in self.flags else narrow

    def activation(self, where: Range, x: Any) -> Any:
        return self._chosen(where, self._on(where, x, True), self._on(where, x, False))

    def convert(self, x: Any, source: Range, where: Range) -> Any:
        return self._chosen(where, x, self._on(source, x, False))

    def leaving(self, x: Any, where: Range) -> Any:
        return self._on(where, x, False)


class _Trial(keras.Model):
    """A twin whose groups are wide or not by a weight: compiled once for all that is tried."""

    def __init__(self, twin: Twin, groups: list[Group]) -> None:
        super().__init__(name="trial")
        self.twin, self.groups = twin, tuple(groups)
        self.flags = self.add_weight(
            name="flags", shape=(len(groups),), initializer="zeros", trainable=False
        )

    def call(self, x: Any, training: bool = False) -> Any:
        flags = {w: self.flags[i] for i, group in enumerate(self.groups) for w in group.ranges}
        return self.twin.run(x, _Either(flags))


def widen(twin: Twin, rows: Rows, exact: Rows) -> None:
    """Make a calibrated twin one of the format `MIXED`: some of its ranges become wide.

    Args:
        twin: with the ranges of int8, none of them wide.
        rows: as the twin takes them, (rows, *row shape), for each input.
        exact: the float model's outputs for them, (rows, outputs), each.
    """
    some = evenly(rows)
    rows, exact = taken(rows, some), twin.in_units(taken(exact, some))
    counting = _Counting()
    twin.run(tensors(rows), counting)
    groups = _groups(twin, counting)
    trial = _Trial(twin, groups)
    free = [where for where in counting.seen if where.fixed is None]
    roomy = {where: counting.ends(where, ROOM) for where in free}
    before = {where: (float(where.low), float(where.high)) for where in free}
    on = np.zeros(len(groups), np.float32)

    def noise(wide: Sequence[int]) -> float:
        """Return the squared error in squared deviations with more groups, by place, wide."""
        flags = on.copy()
        flags[list(wide)] = 1
        for group, flag in zip(groups, flags, strict=True):
            group.set(roomy if flag else before)
        trial.flags.assign(flags)
        found = trial.predict(rows, batch_size=batch_size(rows), verbose=0)
        return relative_error(found, exact) ** 2

    left = noise(())
    gains = dict.fromkeys(range(len(groups)), left)
    while gains and left > QUIET**2:
        tried = sorted(gains, key=lambda i: -gains[i] / groups[i].cost)
        tried = tried[:TRIED] if on.any() else tried
        gains |= {i: left - noise((i,)) for i in tried}
        paying = [i for i in tried if gains[i] > LEAST * left]
        if not paying:
            break
        best = max(paying, key=lambda i: gains[i] / groups[i].cost)
        left -= gains.pop(best)
        on[best] = 1
    noise(())  # which sets the ranges
    twin.numerics, twin.predict_function = MIXED, None  # what Keras compiled knows int8
    for group, flag in zip(groups, on, strict=True):
        for where in group.ranges:
            where.wide = bool(flag)


def _groups(twin: Twin, counting: _Counting) -> list[Group]:
    """Return the groups of all layers, those joined that share a range."""
    joined: list[set[Range]] = []
    for found in (group for part in twin.parts for group in part.groups()):
        apart = [one for one in joined if not one & set(found)]
        together = [one for one in joined if one & set(found)]
        joined = [*apart, set(found).union(*together)]
    return [
        Group(tuple(sorted(one, key=lambda where: where.name)), _cost(one, counting))
        for one in joined
        if all(where.wide is not None for where in one)
    ]


def _cost(group: Iterable[Range], counting: _Counting) -> float:
    return max(sum(map(counting.cost, group)), PER_VALUE)


def wide_names(twin: Twin) -> list[str]:
    """Return the names of a twin's wide ranges."""
    found = (one for part in twin.parts for one in part._flatten_layers())
    return sorted({one.name for one in found if isinstance(one, Range) and one.wide})
