"""Bytes of a `.tflite` file: what is equal stands there once, and constants are aligned.

Python's generated code writes each name, shape and scale anew and leaves constants where they
fall; the schema asks for 16 bytes (`force_align` of a buffer), which microcontrollers rely on.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np

IDENTIFIER = b"TFL3"
ALIGNMENT = 16  # bytes, of a constant


def packed(model: Any) -> bytes:
    """Return the bytes of a `ModelT`, whose lists become arrays on the way."""
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.shape = _integers(tensor.shape)
            if tensor.quantization is not None:
                tensor.quantization = _Shared(tensor.quantization)
        for operator in graph.operators:
            operator.inputs, operator.outputs = map(_integers, (operator.inputs, operator.outputs))
    builder = _Builder(1 << 16)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _integers(values: Any) -> Any:
    return None if values is None else np.asarray(values, np.int32)


class _Builder(flatbuffers.Builder):
    """A builder that writes equal vectors, strings and scales once."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.places: dict[Hashable, int] = {}

    def CreateString(self, s: Any, encoding: str = "utf-8", errors: str = "strict") -> int:
        if s not in self.places:
            self.places[s] = super().CreateString(s, encoding, errors)
        return self.places[s]

    def CreateNumpyVector(self, x: Any) -> int:
        key = x.dtype.str, x.tobytes()
        if key not in self.places:
            if x.dtype == np.uint8:  # a buffer's: padded so that it begins where it should
                self.Prep(ALIGNMENT, x.size)
            self.places[key] = super().CreateNumpyVector(x)
        return self.places[key]


@dataclass(frozen=True)
class _Shared:
    """A `QuantizationParametersT` that is written once with all that are equal to it."""

    table: Any

    def Pack(self, builder: _Builder) -> int:
        given = self.table
        if given.details is not None:
            return int(given.Pack(builder))
        vectors = (given.min, given.max, given.scale, given.zeroPoint)
        key = tuple(None if one is None else np.asarray(one).tobytes() for one in vectors)
        key = (*key, given.quantizedDimension)
        if key not in builder.places:
            builder.places[key] = given.Pack(builder)
        return builder.places[key]
