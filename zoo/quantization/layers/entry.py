"""The layers of a twin where values come in, or change their range."""

from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.products import TwinLayer
from zoo.quantization.layers.ranges import Range


class Entry(TwinLayer):
    """An input of the twin.

    Args:
        row_shape: of one row.
        ids: whether it takes whole numbers, which are not rounded.
        label: the input's name, and its range's.
    """

    def __init__(self, name: str, row_shape: tuple[int, ...], ids: bool, label: str) -> None:
        super().__init__(name)
        self.row_shape, self.ids, self.label = row_shape, ids, label
        self.output_range = Range(label)

    def reads(self, source: Range) -> None:
        """Nothing: rows come from outside."""

    def groups(self) -> list[list[Range]]:
        return []  # the format says what a file takes

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return inputs[0] if self.ids else arithmetic.entered(inputs[0], self.output_range)


class Requantize(TwinLayer):
    """QUANTIZE of a value to another range, which others share."""

    def __init__(self, name: str, output: Range | None = None) -> None:
        super().__init__(name)
        self.output_range = output or Range(f"{name}_output")

    def entry(self) -> None:
        return None  # from any width to any

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.requantize(inputs[0], self.output_range)


class Held(TwinLayer):
    """A constant, (row shape), the same for each row: of the input only their number matters."""

    def __init__(self, name: str, values: np.ndarray, output: Range | None = None) -> None:
        super().__init__(name)
        self.values = self.constant("values", values[None])
        self.output_range = output or Range(f"{name}_output")

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.constant_like(inputs[0], self.output_range, self.values)
