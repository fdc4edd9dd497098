"""The layers of a twin that token ids and masks need."""

from typing import Any

import numpy as np

from zoo.layers.padding import without_padding
from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.products import Dense, TwinLayer
from zoo.quantization.layers.ranges import Range

MASK = (0.0, 1.0)  # the range on which int8 has both exactly


class Lookup(TwinLayer):
    """GATHER of the rows of an int8 table, (words, width), by ids.

    Args:
        mask: whether the table holds a mask: its range is known, and it is never trained.
        padded: whether the first row counts as zero, whatever training makes of it.
    """

    def __init__(
        self, name: str, table: np.ndarray, mask: bool = False, padded: bool = True
    ) -> None:
        super().__init__(name)
        self.operators = ("GATHER",)
        self.words, self.padded = len(table), padded
        self.table = self.constant("table", table, trainable=not mask)
        self.output_range = Range(f"{name}_output", fixed=MASK if mask else None)

    def entry(self) -> None:
        return None  # ids

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        table = without_padding(self.table) if self.padded else self.table
        return arithmetic.lookup(table, self.output_range, inputs[0])


class Threshold(Dense):
    """FULLY_CONNECTED whose output is cut off at 0 and 1: a mask."""

    def __init__(self, name: str, kernel: np.ndarray, bias: np.ndarray) -> None:
        super().__init__(name, kernel, bias, output_limits=MASK)

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.bounded(self.output_range, super().run(*inputs, arithmetic=arithmetic))


class Hold(TwinLayer):
    """`mask * new + (1 - mask) * old` of states on one range: exact for masks of 0 and 1."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.one_range = Range(f"{name}_one", fixed=MASK)
        self.absent_range = Range(f"{name}_absent", fixed=MASK)

    def absent(self, present: Any, arithmetic: Exact) -> Any:
        """Return 1 - mask."""
        present = self._as_wide(present, self.absent_range, arithmetic)
        one = arithmetic.constant(self.one_range, np.ones((1, 1), np.float32))
        return arithmetic.subtract(one, present, self.absent_range)

    def hold(
        self, present: Any, absent: Any, new: Any, old: Any, where: Range, arithmetic: Exact
    ) -> Any:
        """Return the new state where the mask is 1, the old one elsewhere."""
        taken = arithmetic.multiply(self._as_wide(present, where, arithmetic), new, where)
        absent = self._as_wide(absent, where, arithmetic)
        return arithmetic.add(taken, arithmetic.multiply(absent, old, where), where)

    def _as_wide(self, mask: Any, where: Range, arithmetic: Exact) -> Any:
        return arithmetic.convert(mask, self.one_range, where)
