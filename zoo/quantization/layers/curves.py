"""Functions of one value: on 256 integers each is a table, whatever it computes."""

from typing import Any

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.products import TwinLayer
from zoo.quantization.layers.ranges import Curve, Range


class Table(TwinLayer):
    """CAST, ADD and GATHER: what a curve makes of every integer is looked up."""

    def __init__(
        self,
        name: str,
        curve: Curve,
        bounds: tuple[float, float] | None = None,
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.curve = curve
        self.operators = ("CAST",)
        self.output_range = output or Range(f"{name}_output", bounds=bounds)
        self.output_range.wide = None  # 256 numbers

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.curve(self.curve, inputs[0], self.output_range)
