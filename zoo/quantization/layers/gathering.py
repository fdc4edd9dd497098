"""The layers of a twin that gather values or move them."""

from collections.abc import Callable
from typing import Any

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.products import TwinLayer
from zoo.quantization.layers.ranges import Range


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
        return arithmetic.mean(inputs[0], self.axes, self.output_range, self.keepdims)


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
        return arithmetic.concatenate(inputs, self.axis)


class Regroup(TwinLayer):
    """CONCATENATION of values that come from one, and so have one range already."""

    def __init__(self, name: str, axis: int) -> None:
        super().__init__(name)
        self.axis = axis

    def result(self) -> Range:
        return self.source()

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        return arithmetic.concatenate(inputs, self.axis)


class Rearrange(TwinLayer):
    """An operator that moves values without changing them: no range of its own.

    Args:
        function: (arithmetic, x) -> x moved.
        averages: how halves are rounded (UP, AWAY) if it makes new values, on the range of x.
        largest: whether it chooses the largest of several, so that signs must not change before it.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[Exact, Any], Any],
        averages: str | None = None,
        largest: bool = False,
    ) -> None:
        super().__init__(name)
        self.function, self.averages, self.largest = function, averages, largest

    def result(self) -> Range:
        return self.source()

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        y = self.function(arithmetic, inputs[0])
        return y if self.averages is None else arithmetic.averaged(y, self.source(), self.averages)
