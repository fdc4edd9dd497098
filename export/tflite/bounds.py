"""A bound on the work of reading a `.tflite` file, checked before any object of it is built.

A flatbuffer may name one table again and again: 8 KB then stand for a million objects. In a file
that a converter wrote each table is there once, and takes 8 bytes at least with its offset.
"""

from collections.abc import Iterator
from typing import Any

from ai_edge_litert import schema_py_generated as schema

LEAST = 8  # bytes of a table and of the offset that leads to it
TABLES = ("OperatorCodes", "Subgraphs", "Buffers", "Metadata", "SignatureDefs")
OTHERS = ("ExternalBufferGroups", "ExternalBuffers")  # of newer schemas


def check_work(content: bytes) -> None:
    """Raise ValueError for a file with more tables and names than fit in its bytes."""
    left = len(content)
    for size in _sizes(schema.Model.GetRootAs(content, 0)):
        left -= size
        if left < 0:
            raise ValueError("it names the same tables again and again")


def _sizes(model: Any) -> Iterator[int]:
    """Yield the bytes that tables take which are not shared, each group before it is entered."""
    for name in (*TABLES, *OTHERS):
        yield LEAST * _length(model, name)
    for code in _of(model, "OperatorCodes"):
        yield len(code.CustomCode() or b"")
    for graph in _of(model, "Subgraphs"):
        yield LEAST * (_length(graph, "Tensors") + _length(graph, "Operators"))
        for tensor in _of(graph, "Tensors"):
            yield len(tensor.Name() or b"")
            yield LEAST * _length(tensor, "VariantTensors")
            sparsity = tensor.Sparsity()
            yield 0 if sparsity is None else LEAST * _length(sparsity, "DimMetadata")
    for signature in _of(model, "SignatureDefs"):
        yield len(signature.SignatureKey() or b"")
        for name in ("Inputs", "Outputs"):
            yield LEAST * _length(signature, name)
            yield from (len(end.Name() or b"") for end in _of(signature, name))
    yield from (len(one.Name() or b"") for one in _of(model, "Metadata"))


def _length(table: Any, name: str) -> int:
    return int(getattr(table, f"{name}Length", int)())


def _of(table: Any, name: str) -> Iterator[Any]:
    return map(getattr(table, name), range(_length(table, name)))
