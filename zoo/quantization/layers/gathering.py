"""The layers of a twin that gather values or move them."""

from collections.abc import Callable
from typing import Any

from keras import ops

from zoo.quantization.layers.arithmetic import Exact, Range
from zoo.quantization.layers.products import TwinLayer


class Mean(TwinLayer):
    """MEAN over axes, which are counted with the batch."""

    def __init__(
        self,
        name: str,
        axes: tuple[int, ...],
        keepdims: bool = False,
        output: Range | None = None,
    ) -> None:
        super().__init__(name)
        self.axes, self.keepdims = axes, keepdims
        self.output_range = output or Range(f"{name}_output")

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        y = ops.mean(inputs[0], axis=self.axes, keepdims=self.keepdims)
        return arithmetic.activation(self.output_range, y)


class Concat(TwinLayer):
    """CONCATENATION; LiteRT wants one scale for all its inputs and its output.

    Args:
        axis: counted with the batch.
        output: the range that the makers of all inputs round to.
    """

    def __init__(self, name: str, axis: int, output: Range) -> None:
        super().__init__(name)
        self.axis, self.output_range = axis, output

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return ops.concatenate(inputs, axis=self.axis)


class Rearrange(TwinLayer):
    """An operator that moves values without changing them: no range of its own."""

    def __init__(self, name: str, function: Callable[[Any], Any]) -> None:
        super().__init__(name)
        self.function = function

    def result(self) -> Range:
        return self.source()

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return self.function(inputs[0])
