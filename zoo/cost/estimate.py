"""Cost of an untrained model as an int8 `.tflite`: from its configuration, in milliseconds.

The twin's drafts say which operators the file will have, so products are counted exactly. What a
file needs beside the values was measured on 84 files of all presets, each at two shapes, by least
squares over their tensors and operators: the estimates are within 3 % of these files, .8 % in the
root mean square. What LiteRT-Micro's arena needs was measured on 39 exports at `(8, 8, 1)` to
`(96, 96, 3)` and 8 to 100 steps (tflite-micro 0.dev20261023): within 2.5 % of these.
"""

import bisect
import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import asdict, dataclass

import keras
import numpy as np

from zoo.checks import UserError
from zoo.cost.graph import COUNTED, SPREAD, Graph, Operator, Tensor, macs
from zoo.cost.latency import milliseconds
from zoo.cost.lowering import lower
from zoo.devices.device import Device
from zoo.layers.inputs import count_parameters
from zoo.quantization.drawing import draw
from zoo.quantization.operations.calls import calls_of
from zoo.quantization.rules.table import RULES
from zoo.quantization.rules.values import unknown

# bytes of a file, beside constants, shapes and the operators' lists of inputs, each of which is
# there once. A kind is an operator that occurs at all; a range has a name and one scale.
FILE, FILE_TENSOR, FILE_RANGE, FILE_OPERATOR, FILE_KIND, FILE_CONSTANT = 412, 36, 53, 8, 66, 12
NUMBER, SCALE, ZERO = 4, 4, 8  # bytes; a vector begins with the number of its entries

# bytes of LiteRT-Micro's arena that stay in use, on a 64-bit host
ARENA, ARENA_TENSOR, ARENA_OPERATOR, ARENA_OTHER = 710, 24, 64, 24
ARENA_KERNEL = {  # what a kernel keeps for each of its operators
    "CONV_2D": 108,
    "DEPTHWISE_CONV_2D": 105,
    "FULLY_CONNECTED": 113,
    "BATCH_MATMUL": 175,
    "CONCATENATION": 115,
    "STRIDED_SLICE": 109,
    "SOFTMAX": 82,
    "MEAN": 78,
    "PAD": 76,
    "ADD": 73,
    "SUB": 67,
    "MUL": 57,
    "RESHAPE": 34,
    "TRANSPOSE": 0,
}
PER_CHANNEL = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}  # keep multipliers and shifts
ALIGNMENT = 16


@dataclass(frozen=True)
class Cost:
    """Cost of an untrained model as an int8 `.tflite`; for a GRU that of its rolled form."""

    parameters: int  # weights of the float model, without `Standardize`
    macs: int  # multiply-accumulates of one row, as `export` counts: a loop's body once
    bytes: int  # of the file, estimated
    arena: int  # bytes in use in LiteRT-Micro on a 64-bit host, estimated
    ms: float | None = None  # latency of one row on a device, estimated

    def known(self) -> dict[str, float]:
        """Return the figures by name, without a latency where there is no device."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Life:
    """A tensor in the arena, from the operator that makes it to the last one that reads it."""

    bytes: int
    first: int
    last: int


def estimate(model: keras.Model, device: Device | None = None) -> Cost:
    """Return the cost of a model; nothing is trained, converted or run.

    The model's weights do not matter. Where the host standardizes the rows (features of very
    different sizes) the file can be an ADD or a MUL smaller.

    Args:
        device: on which latency is estimated, too.

    Raises:
        UnknownLayer: a layer that the quantization twin cannot express.
        UserError: more than one input or output.
    """
    graph = outline(model)
    found = _with_calls(graph)
    return Cost(
        parameters=count_parameters(model),
        macs=sum(_macs(operator, one.tensors) for one in found for operator in one.operators),
        bytes=_file_bytes(found),
        arena=_planned(_lives(graph, 0)[0]) + _kept_bytes(found),
        ms=None if device is None else milliseconds(graph, device),
    )


def outline(model: keras.Model) -> Graph:
    """Return the operators of the model's int8 file to be. Raises as `estimate` does."""
    bare = keras.Model(model.inputs, model.outputs, name=model.name)
    if not _called_once(bare):
        bare = keras.models.clone_model(bare)
    _check(bare)
    with keras.StatelessScope([(weight, _trained(weight.shape)) for weight in bare.weights]):
        sketch = draw(bare)
    return lower(sketch, tuple(bare.inputs[0].shape[1:]))


def _check(model: keras.Model) -> None:
    """Raise UnknownLayer for what costs cannot be told of: several ends, layers used twice."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(f"{model.name} must have one input and one output for an estimate.")
    used = Counter(call.operation for call in calls_of(keras.Function(model.inputs, model.outputs)))
    for layer, times in used.items():
        if times > 1:
            raise unknown(layer, f"it is used {times} times")
        if isinstance(layer, keras.layers.Layer) and type(layer) not in RULES:
            raise unknown(layer, "there is no rule for its class")


def _called_once(model: keras.Model) -> bool:
    """Return whether the layers were called for this model only.

    Each then has one output, and all that is read is one of these. (Keras could count the calls,
    but imports TensorFlow for it on any backend.)
    """
    made = {id(tensor) for layer in model.operations for tensor in keras.tree.flatten(layer.output)}
    read = [tensor for layer in model.operations for tensor in keras.tree.flatten(layer.input)]
    return made.issuperset(id(tensor) for tensor in [*read, *model.outputs])


def _trained(shape: tuple[int, ...]) -> np.ndarray:
    """Return weights that fold as trained ones do: no scale is 1, no offset 0, no two are equal."""
    values = np.linspace(2.0, 3.0, math.prod(shape), dtype=np.float32)
    return values.reshape(shape)


def _with_calls(graph: Graph) -> list[Graph]:
    called = [one for operator in graph.operators for one in operator.calls]
    return [graph, *(found for one in called for found in _with_calls(one))]


def _macs(operator: Operator, tensors: list[Tensor]) -> int:
    if operator.name not in COUNTED:
        return 0
    read = [tensors[i].shape for i in operator.inputs]
    return macs(operator.name, read, tensors[operator.outputs[0]].shape)


def _file_bytes(graphs: list[Graph]) -> int:
    constants: dict[Hashable, int] = {}
    for graph in graphs:
        constants |= {content: graph.tensors[i].bytes for content, i in graph.constants.items()}
    tensors = [tensor for graph in graphs for tensor in graph.tensors]
    operators = [operator for graph in graphs for operator in graph.operators]
    channels = [tensor.scales for tensor in tensors if tensor.scales > 1]
    lists = [*{tensor.shape for tensor in tensors}, *(operator.inputs for operator in operators)]
    return (
        FILE
        + sum(FILE_CONSTANT + _aligned(NUMBER + size) for size in constants.values())
        + sum(NUMBER * (1 + len(one)) for one in lists)
        + sum(NUMBER + SCALE * count for count in channels)
        + sum(ZERO * (1 + count) for count in {*channels})
        + FILE_TENSOR * len(tensors)
        + FILE_RANGE * sum(one.scales == 1 and not one.shares for one in tensors)
        + FILE_OPERATOR * len(operators)
        + FILE_KIND * len({operator.name for operator in operators})
    )


def _kept_bytes(graphs: list[Graph]) -> int:
    """Return the bytes of the arena's tail: what is set up once and stays."""
    operators = [(operator, one.tensors) for one in graphs for operator in one.operators]
    return (
        ARENA
        + ARENA_TENSOR * sum(len(graph.tensors) for graph in graphs)
        + sum(ARENA_OPERATOR + _kernel_bytes(*operator) for operator in operators)
    )


def _kernel_bytes(operator: Operator, tensors: list[Tensor]) -> int:
    kept = ARENA_KERNEL.get(operator.name, ARENA_OTHER)
    if operator.name in PER_CHANNEL:
        return kept + 2 * _aligned(4 * tensors[operator.inputs[1]].scales)
    if operator.name == "BATCH_MATMUL":  # the second factor, transposed
        return kept + _aligned(tensors[operator.inputs[1]].bytes)
    return kept


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _lives(graph: Graph, clock: int) -> tuple[list[Life], int]:
    """Return the lives of all tensors but constants, and the time at the end.

    Time passes with every operator; a loop's inputs outlive the graphs that it calls.
    """
    first = dict.fromkeys(graph.inputs, clock)
    last, called = dict(first), []
    for operator in graph.operators:
        clock += 1
        first |= dict.fromkeys(operator.outputs, clock)
        for one in operator.calls:
            lives, clock = _lives(one, clock)
            called += lives
        if operator.name == SPREAD:  # its sums, in 32 bits, before they are rounded
            sums = 4 * math.prod(graph.tensors[operator.outputs[0]].shape)
            called.append(Life(_aligned(sums), clock, clock))
        last |= dict.fromkeys((*operator.inputs, *operator.outputs), clock)
    last |= dict.fromkeys(graph.outputs, clock)
    own = [Life(_aligned(graph.tensors[i].bytes), first[i], last[i]) for i in sorted(first)]
    return own + called, clock


def _planned(lives: list[Life]) -> int:
    """Return the bytes of the arena's head as LiteRT-Micro's GreedyMemoryPlanner lays it out.

    The largest tensor comes first, of equal ones the youngest; each goes into the lowest gap
    between those that live at the same time.
    """
    placed: list[tuple[int, int]] = []  # offset, place in `lives`
    for i in sorted(range(len(lives)), key=lambda i: (-lives[i].bytes, -i)):
        life, offset = lives[i], 0
        for start, j in placed:
            if lives[j].last < life.first or lives[j].first > life.last:
                continue
            if start - offset >= life.bytes:
                break
            offset = max(offset, start + lives[j].bytes)
        bisect.insort(placed, (offset, i))
    return max(start + lives[i].bytes for start, i in placed)
