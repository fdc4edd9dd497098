"""LiteRT metadata: the description of inputs and outputs inside a `.tflite` file.

The schema is LiteRT's own (tflite-support, metadata_schema.fbs, identifier M001): a flatbuffer in
the buffer "TFLITE_METADATA", and its associated files as a zip archive behind the model. Its Python
package has no wheel for today's Python, so the few tables are built here.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from export.tflite.joined import Joined, Output
from export.tflite.packing import packed
from export.tflite.scaling import Scaling

NAME, LABELS = b"TFLITE_METADATA", "labels.txt"
AXIS_LABELS, NORMALIZATION = 2, 1  # AssociatedFileType, ProcessUnitOptions
PARSER = "1.0.0"  # of the schema, the least that understands it
ENTRY = 56  # bytes of the model's own tables that point to the metadata

# the schema's tables: their fields in order, for a field's place is its number in the flatbuffer;
# what comes after the last one used is left out
MODEL = (
    "name",
    "description",
    "version",
    "subgraph_metadata",
    "author",
    "license",
    "associated_files",
    "min_parser_version",
)
SUBGRAPH = ("name", "description", "input_tensor_metadata", "output_tensor_metadata")
TENSOR = (
    "name",
    "description",
    "dimension_names",
    "content",
    "process_units",
    "stats",
    "associated_files",
)
FILE = ("name", "description", "type")
UNIT = ("options_type", "options")
OPTIONS = ("mean", "std")  # of a normalization
Table = Mapping[int, Any]  # field number -> text, small integer, floats, table or tables


@dataclass(frozen=True)
class Card:
    """What is said of a model."""

    name: str
    description: str
    rows: str  # what goes in
    answers: str  # what comes out
    labels: tuple[str, ...]  # empty for regression


def described(
    content: bytes, card: Card, scaling: Scaling | None, output: Output | None = None
) -> bytes:
    """Return a `.tflite` file with its metadata; what it computes stays as it is.

    Args:
        content: the file.
        card: what to say.
        scaling, output: of an int8 input and output. Where it is not the file's own, the file says
            how to normalize each feature before its own scale applies, or each output after it.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(content)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(_metadata(model, card, scaling, output), np.uint8)
    known = [one for one in model.metadata or () if one.name == NAME]
    if known:
        model.buffers[known[0].buffer] = buffer
    else:
        entry = schema.MetadataT()
        entry.name, entry.buffer = NAME, len(model.buffers)
        model.buffers.append(buffer)
        model.metadata = [*(model.metadata or ()), entry]
    return _with_file(packed(model), card.labels)


def description_bytes(model: Any, content: bytes) -> int:
    """Return how many bytes of a file only describe it: no runtime reads them."""
    entries = [one for one in model.metadata or () if one.name == NAME]
    if not entries:
        return 0
    data = model.buffers[entries[0].buffer].data
    return ENTRY + (0 if data is None else len(data)) + _archive_bytes(content)


def _archive_bytes(content: bytes) -> int:
    """Return the size of the zip archive behind a model, 0 without one."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = min((one.header_offset for one in archive.infolist()), default=len(content))
    return len(content) - first


def _with_file(content: bytes, labels: Iterable[str]) -> bytes:
    text = label_lines(labels)
    if not text:
        return content
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(LABELS), text, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def brings(path: Path, labels: Iterable[str]) -> bool:
    """Return whether the labels that a file brings, if any, are these."""
    wanted = label_lines(labels).encode()
    try:
        if not zipfile.is_zipfile(path):
            return True
        with zipfile.ZipFile(path) as archive:
            if LABELS not in archive.namelist():
                return True
            with archive.open(LABELS) as file:
                return file.read(len(wanted) + 1) == wanted
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError):  # damaged, encrypted
        return False


def label_lines(labels: Iterable[str]) -> str:
    """Return the text of `labels.txt`: a line a class, whatever characters its name has."""
    return "".join(f"{one_line(label)}\n" for label in labels)


def one_line(text: str) -> str:
    """Return a text without line ends and other characters that no reader shows."""
    return "".join(char if char.isprintable() else " " for char in text)


def _metadata(model: Any, card: Card, scaling: Scaling | None, output: Output | None) -> bytes:
    graph = model.subgraphs[0]
    signature = model.signatureDefs[0] if model.signatureDefs else None
    ends = [*signature.inputs, *signature.outputs] if signature else []
    names = {end.tensorIndex: end.name.decode() for end in ends}
    parts = {names.get(i) for i in graph.outputs if len(graph.inputs) == 1 < len(graph.outputs)}
    of = _by_name(output)

    def tensors(indices: Iterable[int]) -> list[Table]:
        found = []
        for index in indices:
            name, tensor = names.get(index, ""), graph.tensors[index]
            own, numbers = _own(tensor), None
            if own is not None and name == "input" and scaling is not None:
                numbers = scaling.mean_and_std_before(own)
            if own is not None and name in of:
                numbers = of[name].mean_and_std_after(own)
            found.append(_tensor(name, card, _options(numbers), part=name in parts))
        return found

    subgraph = _fields(
        SUBGRAPH,
        input_tensor_metadata=tensors(graph.inputs),
        output_tensor_metadata=tensors(graph.outputs),
    )
    table = _fields(
        MODEL,
        name=one_line(card.name),
        description=one_line(card.description),
        subgraph_metadata=[subgraph],
        min_parser_version=PARSER,
    )
    builder = flatbuffers.Builder(1024)
    builder.Finish(_table(builder, table), b"M001")
    return bytes(builder.Output())


def _by_name(output: Output | None) -> dict[str, Scaling]:
    """Return the scaling of each output."""
    if isinstance(output, Joined):
        pairs = zip(output.joint.places, output.scalings, strict=True)
        return {place.name: one for place, one in pairs}
    return {} if output is None else {"output": output}


def _tensor(name: str, card: Card, normalized: Table | None, part: bool) -> Table:
    """Return what is said of the input, an output, a part of the answers or a state."""
    other = f"A part of the answers. {card.answers}" if part else "A state; zeros at first."
    about = {"input": card.rows, "output": card.answers}.get(name, other)
    found = _fields(TENSOR, name=name, description=about)
    if normalized:
        unit = _fields(UNIT, options_type=NORMALIZATION, options=normalized)
        found |= _fields(TENSOR, process_units=[unit])
    if name == "output" and card.labels:
        told = "The classes, in the order of the outputs."
        file = _fields(FILE, name=LABELS, description=told, type=AXIS_LABELS)
        found |= _fields(TENSOR, associated_files=[file])
    return found


def _fields(table: tuple[str, ...], **values: Any) -> dict[int, Any]:
    """Return a table's values by field number. Raises ValueError for a field it has not."""
    return {table.index(name): value for name, value in values.items()}


def _own(tensor: Any) -> Scaling | None:
    """Return the scaling that a file gives a tensor; None where it is not quantized as a whole."""
    found = tensor.quantization
    if found is None or found.scale is None or len(found.scale) != 1:
        return None
    return Scaling((float(found.scale[0]),), (float(found.zeroPoint[0]),))


def _options(numbers: tuple[np.ndarray, np.ndarray] | None) -> Table | None:
    if numbers is None:
        return None
    mean, std = (one.astype(np.float32) for one in numbers)
    return _fields(OPTIONS, mean=mean, std=std)


def _table(builder: Any, table: Table) -> int:
    """Write a table and return where it begins."""
    inner = {n: _offset(builder, v) for n, v in table.items() if not isinstance(v, int)}
    builder.StartObject(1 + max(table))
    for number, value in table.items():
        if isinstance(value, int):
            builder.PrependInt8Slot(number, value, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(number, inner[number], 0)
    return int(builder.EndObject())


def _offset(builder: Any, value: Any) -> int:
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, Mapping):
        return _table(builder, value)
    if isinstance(value, np.ndarray):
        return int(builder.CreateNumpyVector(value))
    offsets = [_table(builder, one) for one in value]
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
