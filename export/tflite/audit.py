"""The audit: what a `.tflite` file holds, read from its bytes without running it."""

import hashlib
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from export.tflite.bounds import check_work
from export.tflite.metadata import description_bytes
from export.tflite.operators import ALLOWED, operator_name
from zoo.checks import UserError
from zoo.cost.graph import COUNTED, macs
from zoo.quantization.layers.numerics import INT8, Numerics

MAX_BYTES = 1 << 30
MOST_AXES = 8  # of a tensor
# not `flatbuffer_utils.type_to_name`: what it does with an unknown type depends on its version
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
    numerics: Numerics = INT8  # the format that it is to be of
    strangers: tuple[str, ...] = ()  # names of tensors of a type that this format does not have

    @property
    def model_bytes(self) -> int:
        """Bytes of the model itself, which a chip is flashed with: the C array's."""
        return self.bytes - self.description_bytes

    @property
    def takes_ids(self) -> bool:
        """ids of tokens, int32, in place of numbers."""
        return self.inputs == ("INT32",)

    @property
    def integer_only(self) -> bool:
        """No float tensor in any subgraph, fitting ends, no forbidden operator."""
        return not self.floats and not self.forbidden and self.fitting_ends

    @property
    def fits(self) -> bool:
        """Only tensors of the format, fitting ends, no forbidden operator."""
        return not self.strangers and not self.forbidden and self.fitting_ends

    @property
    def fitting_ends(self) -> bool:
        """The format's type in and out; or int32 in, ids that a GATHER looks up."""
        ids = self.takes_ids and "GATHER" in self.operators
        numerics = self.numerics
        fitting = {numerics.ends.tensor_type}
        if numerics.wide is not None:  # of the states of a step form
            fitting.add(numerics.wide.tensor_type)
        return ({*self.inputs} <= fitting or ids) and {*self.outputs} <= fitting


def audit(path: Path, numerics: Numerics = INT8) -> Audit:
    """Read a `.tflite` file, which is to be of a numeric format.

    Raises:
        UserError: missing, empty, too large, or not a whole `.tflite` file.
    """
    content = _content(path)
    try:
        check_work(content)
        return _audited(flatbuffer_utils.convert_bytearray_to_object(content), content, numerics)
    except zipfile.BadZipFile as error:
        raise UserError(f"{path} is damaged: the archive behind the model ({error}).") from error
    except (
        struct.error,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        MemoryError,
        NotImplementedError,
        RecursionError,
    ) as error:
        raise UserError(
            f"{path} is damaged: its tables lead outside the file, or repeat ({error})."
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


def _audited(model: Any, content: bytes, numerics: Numerics) -> Audit:
    operators = list(_operators(model))
    names = Counter(name for name, _, _ in operators)
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    dtypes = Counter(DTYPES[tensor.type] for tensor in tensors)
    first = model.subgraphs[0]
    signatures = [definition.signatureKey.decode() for definition in model.signatureDefs or ()]
    return Audit(
        bytes=len(content),
        description_bytes=description_bytes(model, content),
        sha256=hashlib.sha256(content).hexdigest(),
        operators=dict(sorted(names.items())),
        dtypes=dict(sorted(dtypes.items())),
        floats=tuple(tensor.name.decode() for tensor in tensors if _is_float(tensor)),
        float_operators=tuple(made for one in operators for made in _floats_made(*one)),
        forbidden=tuple(sorted({*names} - ALLOWED)),
        inputs=tuple(DTYPES[first.tensors[i].type] for i in first.inputs),
        outputs=tuple(DTYPES[first.tensors[i].type] for i in first.outputs),
        signature=signatures[0] if signatures else None,
        macs=sum(_macs(*one) for one in operators),
        numerics=numerics,
        strangers=tuple(
            tensor.name.decode()
            for tensor in tensors
            if DTYPES[tensor.type] not in numerics.allowed
        ),
    )


def _operators(model: Any) -> Iterator[tuple[str, Any, list[Any]]]:
    """Yield each operator of all subgraphs: its name, itself, the tensors its numbers stand for."""
    names = [operator_name(model, i) for i in range(len(model.operatorCodes))]
    for graph in model.subgraphs:
        for operator in graph.operators or ():
            yield names[operator.opcodeIndex], operator, graph.tensors


def _is_float(tensor: Any) -> bool:
    return DTYPES[tensor.type] not in INT8.allowed


def _floats_made(name: str, operator: Any, tensors: list[Any]) -> list[tuple[str, str]]:
    """Return an operator's name beside each float that it makes; a DEQUANTIZE is there for that."""
    if name == "DEQUANTIZE":
        return []
    outputs = [tensors[i] for i in operator.outputs]
    return [(name, tensor.name.decode()) for tensor in outputs if _is_float(tensor)]


def _macs(name: str, operator: Any, tensors: list[Any]) -> int:
    if name not in COUNTED:
        return 0
    known = range(len(tensors))  # -1 where there is no bias; a bias of a stranger's may be astray
    read = [_shape(tensors[i]) if i in known else () for i in operator.inputs]
    if name == "BATCH_MATMUL" and operator.builtinOptions.adjX:
        first = read[0]
        read[0] = (*first[:-2], first[-1], first[-2])
    return macs(name, read, _shape(tensors[operator.outputs[0]]))


def _shape(tensor: Any) -> tuple[int, ...]:
    if tensor.shape is not None and len(tensor.shape) > MOST_AXES:
        raise ValueError(f"a tensor with {len(tensor.shape)} axes")
    return () if tensor.shape is None else tuple(abs(int(size)) for size in tensor.shape)
