"""A `.tflite` file in the making: graphs of tensors and operators, signatures, and constants."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.tflite.packing import packed

VERSION = 3  # of the schema
SIGNATURE = b"serving_default"
NAME = 16  # bytes of a tensor's name: longer ones can be a tenth of a file
DESCRIPTION = b"pocketzoo"
# what an operator's version says is needed of it, least first: for floats, for 8-bit integers, for
# 16-bit ones (LiteRT, tflite/converter/tools/versioning/op_version.cc)
VERSIONS = {
    "ADD": (1, 2, 3),
    "CONV_2D": (1, 3, 5),
    "DEPTHWISE_CONV_2D": (1, 3, 5),
    "FULLY_CONNECTED": (1, 4, 11),
    "TRANSPOSE_CONV": (3, 3, 3),  # with a bias
    "ELU": (1, 1, 1),
    "GATHER": (1, 2, 4),
    "GELU": (1, 2, 2),
    "HARD_SWISH": (1, 1, 1),
    "LEAKY_RELU": (1, 2, 2),
    "LESS": (1, 1, 1),  # of counts
    "MAXIMUM": (1, 2, 4),
    "MINIMUM": (1, 2, 4),
    "MUL": (1, 2, 4),
    "QUANTIZE": (1, 1, 2),
    "RESHAPE": (1, 1, 1),
    "RESIZE_BILINEAR": (3, 3, 4),  # half_pixel_centers
    "RESIZE_NEAREST_NEIGHBOR": (3, 3, 4),
    "SPLIT": (1, 2, 4),
    "STRIDED_SLICE": (1, 2, 2),
    "SUB": (1, 2, 5),
    "TRANSPOSE": (1, 2, 5),
    "UNPACK": (1, 2, 4),
    "WHILE": (1, 1, 1),
}
OTHERS = (1, 2, 3)
# of floats and a kernel of integers
HYBRID = {"CONV_2D": 5, "DEPTHWISE_CONV_2D": 6, "FULLY_CONNECTED": 12, "DEQUANTIZE": 2}
# (operator, an option that is set or the most axes) -> version
LATER: dict[tuple[str, str | int], int] = {
    ("FULLY_CONNECTED", "keepNumDims"): 5,
    ("TRANSPOSE_CONV", "fusedActivationFunction"): 4,
    ("TRANSPOSE", 4): 4,
    ("STRIDED_SLICE", 4): 4,
    ("GATHER", 4): 5,
}


@dataclass(frozen=True)
class Scales:
    """How the integers of a tensor are to be read: `(q - zero) * scale`.

    Attributes:
        scale: one, or one for each index along `axis`.
        zero: the same for all.
        axis: that has a scale of each index.
    """

    scale: np.ndarray
    zero: int
    axis: int = 0

    def table(self) -> Any:
        made = schema.QuantizationParametersT()
        made.scale = np.atleast_1d(self.scale).astype(np.float32)
        made.zeroPoint = np.full(made.scale.shape, self.zero, np.int64)
        made.quantizedDimension = self.axis
        return made


def type_code(dtype: np.dtype[Any]) -> int:
    """Return the number of a type of tensors."""
    code: int = getattr(schema.TensorType, dtype.name.upper())
    return code


class Graph:
    """A subgraph: its tensors by number, and operators in the order in which they run."""

    def __init__(self, file: "File", name: str) -> None:
        self.file, self.number = file, len(file.model.subgraphs)
        self.table = schema.SubGraphT()
        self.table.name = name.encode()
        self.table.tensors, self.table.operators = [], []
        self.table.inputs, self.table.outputs = [], []
        self.known: dict[Any, int] = {}
        file.model.subgraphs.append(self.table)

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: np.dtype[Any],
        scales: Scales | None = None,
        buffer: int = 0,
    ) -> int:
        """Add a tensor and return its number."""
        made = schema.TensorT()
        made.name, made.shape = name.encode()[:NAME], list(shape)
        made.type, made.buffer = type_code(dtype), buffer
        made.hasRank = True
        made.quantization = None if scales is None else scales.table()
        self.table.tensors.append(made)
        return len(self.table.tensors) - 1

    def like(self, number: int, shape: Sequence[int]) -> int:
        """Add a tensor of the type and scales of another and return its number."""
        made = copy(self.table.tensors[number])
        made.name, made.shape, made.buffer = b"rows", list(shape), 0
        self.table.tensors.append(made)
        return len(self.table.tensors) - 1

    def constant(self, values: np.ndarray, scales: Scales | None = None) -> int:
        """Return the number of a tensor with these values, one for all that want the same.

        It has no name: who reads it has one.
        """
        content = np.ascontiguousarray(values).tobytes()
        read = None if scales is None else (scales.scale.tobytes(), scales.zero, scales.axis)
        key = content, values.shape, values.dtype.str, read
        if key not in self.known:
            buffer = self.file.buffer(content)
            self.known[key] = self.tensor("", values.shape, values.dtype, scales, buffer)
        return self.known[key]

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        integer: bool,
        kind: str = "",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an operator.

        Args:
            name: of `BuiltinOperator`.
            inputs: numbers of tensors.
            outputs: numbers of tensors.
            integer: whether it computes with quantized integers.
            kind: of its table of options, such as "Conv2DOptions".
            options: fields of that table.
        """
        made, given = schema.OperatorT(), options or {}
        read = [self.table.tensors[i] for i in (*inputs, *outputs) if i >= 0]
        rank = max(len(tensor.shape) for tensor in read)
        bits = _bits({tensor.type for tensor in read}, integer)
        made.opcodeIndex = self.file.code(name, _version(name, bits, given, rank))
        made.inputs, made.outputs = list(inputs), list(outputs)
        if kind:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            made.builtinOptions = getattr(schema, f"{kind}T")()
            for field, value in given.items():
                assert hasattr(made.builtinOptions, field), field
                setattr(made.builtinOptions, field, value)
        self.table.operators.append(made)


class File:
    """A model in the making."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version, self.model.description = VERSION, DESCRIPTION
        self.model.buffers = [schema.BufferT()]  # the schema wants the first one empty
        self.model.operatorCodes, self.model.subgraphs = [], []
        self.held: dict[bytes, int] = {}  # content -> number of its buffer
        self.coded: dict[tuple[str, int], int] = {}  # operator and version -> number

    def buffer(self, content: bytes) -> int:
        """Return the number of the buffer with these bytes."""
        if content not in self.held:
            made = schema.BufferT()
            made.data = np.frombuffer(content, np.uint8)
            self.held[content] = len(self.model.buffers)
            self.model.buffers.append(made)
        return self.held[content]

    def code(self, name: str, version: int) -> int:
        """Return the number of an operator's code."""
        if (name, version) not in self.coded:
            made = schema.OperatorCodeT()
            made.builtinCode = getattr(schema.BuiltinOperator, name)
            old = schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES
            made.deprecatedBuiltinCode = min(made.builtinCode, old)  # for old readers
            made.version = version
            self.coded[name, version] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(made)
        return self.coded[name, version]

    def content(self, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> bytes:
        """Return the file's bytes; the first graph's ends are numbers of tensors by name."""
        first = self.model.subgraphs[0]
        first.inputs, first.outputs = list(inputs.values()), list(outputs.values())
        made = schema.SignatureDefT()
        made.signatureKey, made.subgraphIndex = SIGNATURE, 0
        made.inputs, made.outputs = _named(inputs), _named(outputs)
        self.model.signatureDefs = [made]
        for graph in self.model.subgraphs:
            _drop_unread(graph)
        return packed(self.model)


def _named(ends: Mapping[str, int]) -> list[Any]:
    found = []
    for name, number in ends.items():
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name.encode(), number
        found.append(made)
    return found


def _drop_unread(graph: Any) -> None:
    """Remove the operators whose results nothing reads, from the last to the first."""
    read, kept = {*graph.outputs}, []
    for operator in reversed(graph.operators):
        if {*operator.outputs} & read:
            read |= {*operator.inputs}
            kept.append(operator)
    graph.operators = kept[::-1]


def _bits(types: set[int], integer: bool) -> int:
    """Return where an operator's version stands: 0 of floats, 1 of 8 bits, 2 of 16, 3 of both."""
    kinds = schema.TensorType
    if not integer:
        return 3 if {kinds.FLOAT32, kinds.INT8} <= types else 0
    return 2 if kinds.INT16 in types else 1


def _version(name: str, bits: int, options: Mapping[str, Any], rank: int) -> int:
    """Return the least version of an operator that does what is asked."""
    least = HYBRID.get(name, 1) if bits == 3 else VERSIONS.get(name, OTHERS)[bits]
    for (about, why), needed in LATER.items():
        asked = rank > why if isinstance(why, int) else bool(options.get(why))
        if name == about and asked:
            least = max(least, needed)
    return least
