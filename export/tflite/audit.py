"""The audit: what a `.tflite` file holds, read from its bytes without running it."""

import hashlib
import math
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.tflite.metadata import description_bytes
from export.tflite.operators import ALLOWED
from zoo import UserError
from zoo.quantization.layers.numerics import INT8

MAX_BYTES = 1 << 30
OPERATORS = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
DTYPES = {code: name for name, code in vars(schema.TensorType).items() if name.isupper()}


@dataclass(frozen=True)
class Audit:
    """What a `.tflite` file holds, over all its subgraphs."""

    bytes: int
    description_bytes: int  # of these: metadata and labels, which no runtime reads
    sha256: str
    operators: dict[str, int]  # name -> count
    dtypes: dict[str, int]  # tensor type -> count
    floats: tuple[str, ...]  # names of tensors that are not integers
    float_operators: tuple[tuple[str, str], ...]  # (operator, its output) where that is a float
    forbidden: tuple[str, ...]  # operators outside the allow-list: custom, Flex, stateful
    inputs: tuple[str, ...]  # types of the inputs
    outputs: tuple[str, ...]
    signature: str | None
    macs: int  # multiply-accumulates of one inference; a loop's body counts once

    @property
    def model_bytes(self) -> int:
        """Bytes of the model itself, which a chip is flashed with: the C array's."""
        return self.bytes - self.description_bytes

    @property
    def integer_only(self) -> bool:
        """No float tensor in any subgraph, fitting ends, no forbidden operator."""
        return not self.floats and not self.forbidden and self.fitting_ends

    @property
    def fitting_ends(self) -> bool:
        """int8 in and out; or int32 in, ids that a GATHER looks up."""
        ids = self.inputs == ("INT32",) and "GATHER" in self.operators
        fitting = {INT8.ends.tensor_type}
        return ({*self.inputs} == fitting or ids) and {*self.outputs} == fitting


def audit(path: Path) -> Audit:
    """Read a `.tflite` file.

    Raises:
        UserError: missing, empty, too large, or not a whole `.tflite` file.
    """
    content = _content(path)
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        return _audited(model, content)
    except (
        struct.error,
        IndexError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
    ) as error:
        raise UserError(
            f"{path} is damaged: its tables lead outside the file ({error})."
        ) from error


def _content(path: Path) -> bytes:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"{path} {what}. Give the path of a .tflite file.")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UserError(f"{path} has {size} bytes; at most {MAX_BYTES} are read.")
    content = path.read_bytes()
    if content[4:8] != b"TFL3":
        raise UserError(f"{path} is not a .tflite file (its identifier is not TFL3).")
    return content


def _audited(model: Any, content: bytes) -> Audit:
    codes = [_operator(code) for code in model.operatorCodes]
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    names = [codes[op.opcodeIndex] for graph in model.subgraphs for op in graph.operators or ()]
    first = model.subgraphs[0]
    signatures = [definition.signatureKey.decode() for definition in model.signatureDefs or ()]
    return Audit(
        bytes=len(content),
        description_bytes=description_bytes(model, content),
        sha256=hashlib.sha256(content).hexdigest(),
        operators=dict(sorted(Counter(names).items())),
        dtypes=dict(sorted(Counter(DTYPES[tensor.type] for tensor in tensors).items())),
        floats=tuple(tensor.name.decode() for tensor in tensors if _is_float(tensor)),
        float_operators=tuple(
            (codes[op.opcodeIndex], graph.tensors[i].name.decode())
            for graph in model.subgraphs
            for op in graph.operators or ()
            for i in op.outputs
            if codes[op.opcodeIndex] != "DEQUANTIZE" and _is_float(graph.tensors[i])
        ),
        forbidden=tuple(sorted({name for name in names if name not in ALLOWED})),
        inputs=tuple(DTYPES[first.tensors[i].type] for i in first.inputs),
        outputs=tuple(DTYPES[first.tensors[i].type] for i in first.outputs),
        signature=signatures[0] if signatures else None,
        macs=sum(
            _macs(codes[op.opcodeIndex], op, graph.tensors)
            for graph in model.subgraphs
            for op in graph.operators or ()
        ),
    )


def _is_float(tensor: Any) -> bool:
    return DTYPES[tensor.type] not in INT8.allowed


def _operator(code: Any) -> str:
    if code.customCode is not None:
        return f"CUSTOM:{code.customCode.decode(errors='replace')}"
    # files from before 2021 keep the code in the first field only
    return str(OPERATORS.get(max(code.builtinCode, code.deprecatedBuiltinCode), "UNKNOWN"))


def _macs(name: str, op: Any, tensors: list[Any]) -> int:
    def shape(index: int) -> list[int]:
        sizes = tensors[index].shape
        return [] if sizes is None else [abs(int(size)) for size in np.asarray(sizes)]

    if name in ("CONV_2D", "FULLY_CONNECTED"):  # weights (out, ..., in)
        return math.prod(shape(op.outputs[0])) * math.prod(shape(op.inputs[1])[1:])
    if name == "DEPTHWISE_CONV_2D":  # weights (1, height, width, channels)
        return math.prod(shape(op.outputs[0])) * math.prod(shape(op.inputs[1])[1:3])
    if name == "BATCH_MATMUL":
        axis = -2 if op.builtinOptions.adjX else -1
        return math.prod(shape(op.outputs[0])) * shape(op.inputs[0])[axis]
    return 0
