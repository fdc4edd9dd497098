"""Outline of a `.tflite` file: tensors, operators and their order, without values.

Shapes count the batch, which is one row; axes are in the file's order.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from zoo.quantization.layers.numerics import INT8

Shape = tuple[int, ...]
WEIGHT, VALUE = INT8.weights.bytes, INT8.activations.bytes  # of an element


@dataclass(frozen=True)
class Tensor:
    """A tensor of the file."""

    shape: Shape
    width: int = VALUE  # bytes of an element; 4 of int32
    scales: int = 1  # one, one per output channel, or none where integers only count
    constant: bool = False
    shares: bool = False  # name and scale with the tensor it was made from, or is handed on from

    @property
    def bytes(self) -> int:
        return self.width * math.prod(self.shape)


@dataclass(frozen=True)
class Operator:
    """An operator: its LiteRT name, the numbers of its tensors, the graphs that it calls."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    calls: tuple["Graph", ...] = ()
    times: int = 1  # that it calls them


# operator -> which of its inputs is the factor that its outputs are sums over, and along which axes
SUMMED = {
    "CONV_2D": (1, slice(1, None)),  # kernel (outputs, height, width, inputs)
    "FULLY_CONNECTED": (1, slice(1, None)),  # kernel (outputs, inputs)
    "DEPTHWISE_CONV_2D": (1, slice(1, 3)),  # kernel (1, height, width, channels)
    "BATCH_MATMUL": (0, slice(-1, None)),  # first factor (..., rows, summed)
}
SPREAD = "TRANSPOSE_CONV"  # (shape, kernel, image): each value is spread over its whole kernel
COUNTED = {*SUMMED, SPREAD}


def macs(name: str, inputs: Sequence[Shape], output: Shape) -> int:
    """Return the multiply-accumulates of an operator by the shapes it reads and makes."""
    if name == SPREAD:
        _, kernel, image, *_ = inputs
        return math.prod(image) * math.prod(kernel[:3])
    if name not in SUMMED:
        return 0
    place, axes = SUMMED[name]
    return math.prod(output) * math.prod(inputs[place][axes])


# operators whose output has the range of what they read, or one that all of their kind have
KEEPING = {
    "RESHAPE",
    "TRANSPOSE",
    "PAD",
    "STRIDED_SLICE",
    "CONCATENATION",
    "GATHER",
    "MAX_POOL_2D",
    "AVERAGE_POOL_2D",
    "RESIZE_NEAREST_NEIGHBOR",
    "LOGISTIC",
    "SOFTMAX",
    "TANH",
}


class Graph:
    """A subgraph of the file in the making: tensors and operators in their order."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        self.tensors = list(inputs)
        self.inputs = tuple(range(len(inputs)))
        self.operators: list[Operator] = []
        self.outputs: tuple[int, ...] = ()
        self.constants: dict[Hashable, int] = {}  # content -> number

    def constant(
        self, *content: Hashable, shape: Shape = (), width: int = 4, scales: int = 0
    ) -> int:
        """Return the number of a constant; the file holds equal content once."""
        key = (shape, *content)
        if key not in self.constants:
            self.constants[key] = self._new(Tensor(shape, width, scales, constant=True))
        return self.constants[key]

    def numbers(self, *values: int) -> int:
        """Return the number of a constant vector of int32."""
        return self.constant(values, shape=(len(values),))

    def apply(self, name: str, inputs: Sequence[int], shape: Shape) -> int:
        """Add an operator of one int8 output of the given shape and return its number."""
        return self.call(name, inputs, [Tensor(shape, shares=name in KEEPING)])[0]

    def call(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[Tensor],
        *graphs: "Graph",
        times: int = 1,
    ) -> tuple[int, ...]:
        """Add any operator and return the numbers of its outputs."""
        numbers = tuple(self._new(tensor) for tensor in outputs)
        self.operators.append(Operator(name, tuple(inputs), numbers, graphs, times))
        return numbers

    def product(
        self, name: str, x: int, kernel: Shape, channels: int, shape: Shape, bias: bool = True
    ) -> int:
        """Add a product with a constant kernel (in the file's order of axes) and bias."""
        new = object()  # no two kernels are equal
        weights = self.constant(new, shape=kernel, width=WEIGHT, scales=channels)
        if not bias:
            return self.apply(name, (x, weights), shape)
        added = self.constant(object(), shape=(channels,), scales=channels)
        return self.apply(name, (x, weights, added), shape)

    def dense(self, x: int, outputs: int, bias: bool = True) -> int:
        shape = self.tensors[x].shape
        kernel = (outputs, shape[-1])
        return self.product("FULLY_CONNECTED", x, kernel, outputs, (*shape[:-1], outputs), bias)

    def reshape(self, x: int, shape: Shape) -> int:
        """Return a value in another shape; the file holds equal reshapes once."""
        if shape == self.tensors[x].shape:
            return x
        for operator in self.operators:
            made = operator.outputs[0]
            if (operator.name, operator.inputs[0], self.tensors[made].shape) == (
                "RESHAPE",
                x,
                shape,
            ):
                return made
        return self.apply("RESHAPE", (x, self.numbers(*shape)), shape)

    def transpose(self, x: int, order: Shape) -> int:
        shape = tuple(self.tensors[x].shape[axis] for axis in order)
        return self.apply("TRANSPOSE", (x, self.numbers(*order)), shape)

    def cut(self, x: int, begin: Shape, shape: Shape) -> int:
        """Add a STRIDED_SLICE of the given shape."""
        end = self.constant("end", begin, shape, shape=(len(shape),))
        strides = self.numbers(*(1,) * len(shape))
        return self.apply("STRIDED_SLICE", (x, self.numbers(*begin), end, strides), shape)

    def _new(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1
