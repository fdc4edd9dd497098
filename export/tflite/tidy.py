"""Edits of a converted file: the state of a WHILE becomes int8, unread operators are removed.

The converter keeps the values that a loop carries in float32, between a DEQUANTIZE at the end of
the body and a QUANTIZE at its beginning. Both have the same scale, so carrying the int8 value
itself changes no result; whoever edits a file checks that (`convert.py` does).
"""

import copy
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from export.tflite.operators import operator_name
from zoo.quantization.layers.numerics import INT8

GRID = INT8.activations
FLOAT32, INTEGER = schema.TensorType.FLOAT32, getattr(schema.TensorType, GRID.tensor_type)
Quantization = tuple[float, int]
NAME = 24  # bytes


def tidied(content: bytes) -> bytes:
    """Return a `.tflite` file whose loops carry int8, and without tensors that nothing reads."""
    model = flatbuffer_utils.convert_bytearray_to_object(content)
    for graph in model.subgraphs:
        for operator in graph.operators:
            if _is(model, operator, "WHILE"):
                _make_integer(model, graph, operator)
    for graph in model.subgraphs:
        for operator in graph.operators:
            if _is(model, operator, "WHILE"):
                _drop_idle_values(model, graph, operator)
        _merge_requantizations(model, graph)
    for graph in model.subgraphs:
        _drop_dead_operators(graph)
        _drop_unused_tensors(model, graph)
        _shorten_names(graph)
    _drop_codes(model)
    _drop_buffers(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _is(model: Any, operator: Any, name: str) -> bool:
    return operator_name(model, operator.opcodeIndex) == name


def _make_integer(model: Any, graph: Any, loop: Any) -> None:
    """Carry as int8 each float value of a loop that the body dequantizes at its end."""
    options = loop.builtinOptions
    body = model.subgraphs[options.bodySubgraphIndex]
    condition = model.subgraphs[options.condSubgraphIndex]
    for place, output in enumerate(list(body.outputs)):
        last = [op for op in body.operators if op.outputs[0] == output]
        if body.tensors[output].type != FLOAT32 or not last:
            continue
        if not _is(model, last[0], "DEQUANTIZE"):
            continue
        source = body.tensors[last[0].inputs[0]]
        body.outputs = [*body.outputs[:place], last[0].inputs[0], *body.outputs[place + 1 :]]
        _own_start(model, graph, loop, place)
        for owner, index in (
            (body, body.inputs[place]),
            (condition, condition.inputs[place]),
            (graph, loop.inputs[place]),
            (graph, loop.outputs[place]),
        ):
            _retype(model, owner.tensors[index], source)


def _own_start(model: Any, graph: Any, loop: Any, place: int) -> None:
    """Give a value of a loop a start of its own: the zeros of all are one constant so far."""
    start = graph.tensors[loop.inputs[place]]
    if model.buffers[start.buffer].data is not None:
        graph.tensors.append(copy.copy(start))
        loop.inputs = [*loop.inputs[:place], len(graph.tensors) - 1, *loop.inputs[place + 1 :]]


def _drop_idle_values(model: Any, graph: Any, loop: Any) -> None:
    """Stop carrying what only feeds itself, such as the second counter TensorFlow adds."""
    options = loop.builtinOptions
    body = model.subgraphs[options.bodySubgraphIndex]
    condition = model.subgraphs[options.condSubgraphIndex]
    read = {*graph.outputs, *(i for op in graph.operators for i in op.inputs)}
    kept = []
    for place, (start, end) in enumerate(zip(body.inputs, body.outputs, strict=True)):
        readers = [op for op in body.operators if start in op.inputs]
        idle = start != end and all([*op.outputs] == [end] for op in readers)
        deciding = any(condition.inputs[place] in op.inputs for op in condition.operators)
        if not idle or deciding or loop.outputs[place] in read:
            kept.append(place)
    for owner in (body, condition, loop):
        owner.inputs = [owner.inputs[place] for place in kept]
    for owner in (body, loop):
        owner.outputs = [owner.outputs[place] for place in kept]


def _retype(model: Any, tensor: Any, like: Any) -> None:
    """Make a float tensor int8 with the scale of `like`; a constant's values are quantized."""
    if tensor.type == INTEGER:
        return
    tensor.type, tensor.quantization = INTEGER, like.quantization
    data = model.buffers[tensor.buffer].data
    if data is not None:
        scale, zero_point = _quantization(like)
        steps = np.rint(np.frombuffer(bytes(data), "<f4") / scale) + zero_point
        buffer = schema.BufferT()
        buffer.data = np.clip(steps, GRID.low, GRID.high).astype(GRID.dtype).view(np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1


def _quantization(tensor: Any) -> Quantization:
    return float(tensor.quantization.scale[0]), int(tensor.quantization.zeroPoint[0])


def _merge_requantizations(model: Any, graph: Any) -> None:
    """Remove each QUANTIZE that became one from int8 to the same int8."""
    kept = []
    for operator in graph.operators:
        if _is(model, operator, "QUANTIZE"):
            source, target = (graph.tensors[i] for i in (operator.inputs[0], operator.outputs[0]))
            if source.type == target.type == INTEGER and _quantization(source) == _quantization(
                target
            ):
                _redirect(model, graph, operator.outputs[0], operator.inputs[0])
                continue
        kept.append(operator)
    graph.operators = kept


def _redirect(model: Any, graph: Any, old: int, new: int) -> None:
    for operator in graph.operators:
        operator.inputs = [new if i == old else i for i in operator.inputs]
    graph.outputs = [new if i == old else i for i in graph.outputs]
    for signature in model.signatureDefs or ():
        if model.subgraphs[signature.subgraphIndex] is graph:
            for end in signature.outputs:
                end.tensorIndex = new if end.tensorIndex == old else end.tensorIndex


def _drop_dead_operators(graph: Any) -> None:
    """Remove operators whose values lead nowhere: those nothing reads, from the last to the first.

    An operator comes after those that make what it reads.
    """
    read, kept = {*graph.outputs}, []
    for operator in reversed(graph.operators):
        if {*operator.outputs} & read:
            read |= {*operator.inputs}
            kept.append(operator)
    graph.operators = kept[::-1]


def _drop_unused_tensors(model: Any, graph: Any) -> None:
    """Keep the tensors of operators and of the graph's ends, and number them anew."""
    used = {*graph.inputs, *graph.outputs}
    used |= {i for op in graph.operators for i in (*op.inputs, *op.outputs) if i >= 0}
    order = sorted(used)
    new = {old: i for i, old in enumerate(order)} | {-1: -1}
    graph.tensors = [graph.tensors[i] for i in order]
    graph.inputs = [new[i] for i in graph.inputs]
    graph.outputs = [new[i] for i in graph.outputs]
    for operator in graph.operators:
        operator.inputs = [new[i] for i in operator.inputs]
        operator.outputs = [new[i] for i in operator.outputs]
    for signature in model.signatureDefs or ():
        if model.subgraphs[signature.subgraphIndex] is graph:
            for end in (*signature.inputs, *signature.outputs):
                end.tensorIndex = new[end.tensorIndex]


def _shorten_names(graph: Any) -> None:
    """Keep one short name of the many that the converter joins: they can be a tenth of a file."""
    ends = {*graph.inputs, *graph.outputs}
    for index, tensor in enumerate(graph.tensors):
        if index not in ends:
            tensor.name = tensor.name.split(b";")[0].split(b"/")[-1][:NAME]


def _drop_codes(model: Any) -> None:
    """Keep the operator codes in use: an interpreter built for a file holds a kernel for each."""
    operators = [operator for graph in model.subgraphs for operator in graph.operators]
    used = sorted({operator.opcodeIndex for operator in operators})
    for operator in operators:
        operator.opcodeIndex = used.index(operator.opcodeIndex)
    model.operatorCodes = [model.operatorCodes[index] for index in used]


def _drop_buffers(model: Any) -> None:
    """Keep each buffer that is read, once; buffer 0 is empty, as the schema asks."""
    buffers, places = [model.buffers[0]], {b"": 0}
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    for reader in (*tensors, *(model.metadata or ())):
        buffer = model.buffers[reader.buffer]
        content = b"" if buffer.data is None else bytes(buffer.data)
        if content not in places:
            places[content] = len(buffers)
            buffers.append(buffer)
        reader.buffer = places[content]
    model.buffers = buffers
