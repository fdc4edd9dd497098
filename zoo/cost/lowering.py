"""Operators of the int8 file that a twin's drafts become. Shapes count the batch, which is one."""

from collections.abc import Callable, Sequence

from zoo.cost.graph import VALUE, WEIGHT, Graph, Shape, Tensor
from zoo.cost.moves import Moved, Moves
from zoo.cost.recurrence import recurrence
from zoo.quantization.layers.attention import Attention, Normalize, Pooling
from zoo.quantization.layers.curves import Table
from zoo.quantization.layers.elementwise import Add, Multiply, Subtract
from zoo.quantization.layers.gathering import Concat, Mean, Rearrange, Regroup
from zoo.quantization.layers.gru import Recurrence
from zoo.quantization.layers.lookup import Lookup, Threshold
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.products import (
    Activation,
    Conv,
    ConvTranspose,
    Dense,
    DepthwiseConv,
    GroupedConv,
)
from zoo.quantization.layers.ranges import Window
from zoo.quantization.layers.stem import DENSE_CHANNELS, geometry, is_narrow
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Draft, UnknownLayer


def lower(sketch: Sketch, row: Shape) -> Graph:
    """Return the operators of a sketch of rows of a shape."""
    entry, *drafts = sketch.drafts
    ids = entry.arguments["ids"]
    graph = Graph([Tensor((1, *row), width=4, scales=0) if ids else Tensor((1, *row))])
    values = [0]
    for draft in drafts:
        inputs = [values[i] for i in draft.inputs]
        if _is_idle(sketch, draft, graph.tensors[inputs[0]].shape):
            values.append(inputs[0])
        elif draft.kind in LOWERED:
            values.append(LOWERED[draft.kind](graph, draft, inputs))
        else:
            raise UnknownLayer(f"the cost of {draft.name!r} ({draft.kind.__name__})")
    graph.outputs = (values[-1],)
    return graph


def _is_idle(sketch: Sketch, draft: Draft, before: Shape) -> bool:
    """Return whether a draft only drops axes of size 1, which dense layers do by themselves."""
    number = sketch.drafts.index(draft)
    readers = [one.kind for one in sketch.drafts if number in one.inputs]
    flat = draft.kind is Rearrange and draft.shape == before[-1:] and set(before[:-1]) == {1}
    return flat and readers == [Dense]


def _dense(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    return graph.dense(inputs[0], draft.arguments["bias"].size)


def _conv(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    given, x = draft.arguments, inputs[0]
    kernel: Shape = given["kernel"].shape
    window = Window(given["strides"], given["padding"], given.get("dilation", (1, 1)))
    if draft.kind is Conv and is_narrow(kernel, window):
        x, kernel = _densified(graph, x, kernel, given["strides"][0], given["padding"])
    *taps, channels, filters = kernel
    return graph.product("CONV_2D", x, (filters, *taps, channels), filters, (1, *draft.shape))


def _densified(graph: Graph, x: int, kernel: Shape, stride: int, padding: str) -> tuple[int, Shape]:
    """Do what `zoo.quantization.layers.stem.densified` does, in operators."""
    _, height, width, channels = graph.tensors[x].shape
    taps, outs, pads = geometry((height, width), kernel[:2], stride, padding)
    rows, columns = (out - 1 + tap for out, tap in zip(outs, taps, strict=True))
    if stride == 1:
        x = _padded(graph, x, pads, (1, rows, columns, channels))
    else:
        x = _padded(graph, x, pads, (1, rows, stride, columns, stride * channels))
        x = graph.transpose(x, (0, 1, 3, 2, 4))
        channels *= stride * stride
        x = graph.reshape(x, (1, rows, columns, channels))
    if taps[1] > 1:
        x = _side_by_side(graph, x, 2, taps[1], outs[1])
        channels *= taps[1]
    if taps[0] > 1 and channels < DENSE_CHANNELS:
        x = _side_by_side(graph, x, 1, taps[0], outs[0])
        return x, (1, 1, taps[0] * channels, kernel[-1])
    return x, (taps[0], 1, channels, kernel[-1])


def _padded(graph: Graph, x: int, pads: Sequence[tuple[int, int]], shape: Shape) -> int:
    """Return an image with zeros around it, or cut off, in a new shape."""
    _, *sizes, channels = graph.tensors[x].shape
    ends = [size + min(after, 0) for size, (_, after) in zip(sizes, pads, strict=True)]
    if ends != sizes:
        x = graph.cut(x, (0, 0, 0, 0), (1, *ends, channels))
    (top, bottom), (left, right) = [(before, max(after, 0)) for before, after in pads]
    if any((top, bottom, left, right)):
        x = graph.reshape(x, (1, ends[0], ends[1] * channels))
        where = graph.constant("pads", tuple(pads), channels, shape=(3, 2))
        flat = (1, top + ends[0] + bottom, (left + ends[1] + right) * channels)
        x = graph.apply("PAD", (x, where), flat)
    return graph.reshape(x, shape)


def _side_by_side(graph: Graph, x: int, axis: int, count: int, size: int) -> int:
    """Concatenate `count` windows of an axis, each shifted by one, along the channels."""
    shape = list(graph.tensors[x].shape)
    shape[axis] = size
    begins = [tuple(start if i == axis else 0 for i in range(4)) for start in range(count)]
    parts = [graph.cut(x, begin, tuple(shape)) for begin in begins]
    return graph.apply("CONCATENATION", parts, (*shape[:-1], count * shape[-1]))


def _depthwise(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    channels = draft.arguments["bias"].size
    kernel = (1, *draft.arguments["kernel"].shape[:2], channels)
    shape = (1, *draft.shape)
    return graph.product("DEPTHWISE_CONV_2D", inputs[0], kernel, channels, shape)


def _transposed(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    height, width, channels, depth = draft.arguments["kernel"].shape
    kernel, shape = (channels, height, width, depth), (1, *draft.shape)
    weights = graph.constant(object(), shape=kernel, width=WEIGHT, scales=channels)
    bias = graph.constant(object(), shape=(channels,), scales=channels)
    return graph.apply("TRANSPOSE_CONV", (graph.numbers(*shape), weights, inputs[0], bias), shape)


def _elementwise(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    """ADD, SUB or MUL of two tensors, or of one and a constant."""
    operand = draft.arguments.get("constant")
    if operand is not None:
        inputs = [*inputs, graph.constant(object(), shape=operand.shape, width=VALUE, scales=1)]
    return graph.apply(ELEMENTWISE[draft.kind], inputs, (1, *draft.shape))


def _lookup(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    table = draft.arguments["table"].shape
    content = graph.constant(object(), shape=table, width=VALUE, scales=1)
    return graph.apply("GATHER", (content, inputs[0]), (1, *draft.shape))


def _concat(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    return graph.apply("CONCATENATION", inputs, (1, *draft.shape))


def _activation(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    shape, x = (1, *draft.shape), inputs[0]
    if draft.arguments["function"] == "silu":
        return graph.apply("MUL", (x, graph.apply("LOGISTIC", (x,), shape)), shape)
    return graph.apply(ACTIVATIONS[draft.arguments["function"]], (x,), shape)


def _table(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    whole = Tensor((1, *draft.shape), width=4, scales=0)
    (x,) = graph.call("CAST", inputs, [whole])
    (x,) = graph.call("ADD", (x, graph.numbers(-INT8.activations.low)), [whole])
    content = graph.constant(object(), shape=(256,), width=VALUE, scales=1)
    return graph.apply("GATHER", (content, x), (1, *draft.shape))


def _mean(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    axes = graph.numbers(*draft.arguments["axes"])
    return graph.apply("MEAN", (inputs[0], axes), (1, *draft.shape))


def _rearrange(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    x = Moved(inputs[0], graph.tensors[inputs[0]].shape)
    moved: Moved = draft.arguments["function"](Moves(graph), x)
    return moved.number


def _normalize(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    shape: Shape = (1, *draft.shape)
    axes, x = draft.arguments["axes"], inputs[0]
    one = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    last = graph.numbers(*axes)
    if draft.arguments["centre"]:
        x = graph.apply("SUB", (x, graph.apply("MEAN", (x, last), one)), shape)
    variance = graph.apply("MEAN", (graph.apply("MUL", (x, x), shape), last), one)
    epsilon = graph.constant("epsilon", width=VALUE, scales=1)
    inverse = graph.apply("RSQRT", (graph.apply("ADD", (variance, epsilon), one),), one)
    return graph.apply("MUL", (x, inverse), shape)


def _attention(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    tokens, width = draft.shape
    heads, inner = draft.arguments["heads"], draft.arguments["dense"]["query"][0].shape[-1]
    split, square = (1, tokens, heads, inner // heads), (1, heads, tokens, tokens)
    biased = [draft.arguments["dense"][part][1].any() for part in ("query", "key", "value")]
    query, key, value = (graph.reshape(graph.dense(inputs[0], inner, one), split) for one in biased)
    query, key = graph.transpose(query, (0, 2, 1, 3)), graph.transpose(key, (0, 2, 3, 1))
    scores = graph.apply("BATCH_MATMUL", (query, key), square)
    if draft.arguments["shift"] is None:
        weights = graph.apply("SOFTMAX", (scores,), square)
    else:
        shift = graph.constant("shift", width=VALUE, scales=1)
        weights = graph.apply("ADD", (scores, shift), square)
        weights = graph.apply("LOGISTIC", (weights,), square)
    value = graph.transpose(value, (0, 2, 1, 3))
    mixed = graph.apply("BATCH_MATMUL", (weights, value), graph.tensors[value].shape)
    mixed = graph.reshape(graph.transpose(mixed, (0, 2, 1, 3)), (tokens, inner))
    return graph.dense(mixed, width)


def _pooling(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    x = inputs[0]
    _, tokens, width = graph.tensors[x].shape
    scores = graph.reshape(graph.dense(x, 1), (1, 1, tokens))
    weights = graph.apply("SOFTMAX", (scores,), (1, 1, tokens))
    # no RESHAPE to (1, width): the dense layer that comes next does that by itself
    return graph.apply("BATCH_MATMUL", (weights, x), (1, 1, width))


ACTIVATIONS = {
    "relu": "RELU",
    "relu6": "RELU6",
    "hard_silu": "HARD_SWISH",
    "bounded": "QUANTIZE",
    "gelu": "GELU",
    "gelu_tanh": "GELU",
    "elu": "ELU",
    "leaky_relu": "LEAKY_RELU",
    "tanh": "TANH",
    "sigmoid": "LOGISTIC",
    "softmax": "SOFTMAX",
    "log_softmax": "LOG_SOFTMAX",
}
ELEMENTWISE: dict[type, str] = {Add: "ADD", Subtract: "SUB", Multiply: "MUL"}
LOWERED: dict[type, Callable[[Graph, Draft, list[int]], int]] = {
    Dense: _dense,
    Conv: _conv,
    GroupedConv: _conv,
    DepthwiseConv: _depthwise,
    Add: _elementwise,
    **dict.fromkeys((Concat, Regroup), _concat),
    Rearrange: _rearrange,
    Subtract: _elementwise,
    Multiply: _elementwise,
    ConvTranspose: _transposed,
    Activation: _activation,
    Table: _table,
    Mean: _mean,
    Normalize: _normalize,
    Attention: _attention,
    Pooling: _pooling,
    Recurrence: recurrence,
    Lookup: _lookup,
    Threshold: _dense,
}
