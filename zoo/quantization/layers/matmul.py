"""The layer of a twin that multiplies two activations as matrices."""

from typing import Any

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.products import TwinLayer
from zoo.quantization.layers.ranges import Range


class MatMul(TwinLayer):
    """BATCH_MATMUL: (..., rows, inner) by (..., inner, columns)."""

    def __init__(self, name: str, output: Range | None = None) -> None:
        super().__init__(name)
        self.output_range = output or Range(f"{name}_output")

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.matmul(inputs[0], inputs[1], self.output_range)
