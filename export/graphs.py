"""Any Keras graph as `.tflite` files, from arrays alone, and how near they come to it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export.conversion.inspection import inspect
from export.conversion.job import FLOAT
from export.conversion.nearness import Nearness, nearness
from export.conversion.written import checked_files
from export.device.c_array import c_source
from export.runtimes.apart import try_apart
from export.runtimes.litert import load_content, scaling_of
from export.tflite.audit import Audit, audit
from export.tflite.scaling import Scaling
from export.tflite.writer import write
from zoo import Run, UserError
from zoo.checks import at_least
from zoo.files import as_json
from zoo.quantization import Twin
from zoo.quantization.calibration import answers, quantize_rows
from zoo.quantization.layers.numerics import FLOAT as FLOATS
from zoo.quantization.layers.numerics import INT8, Numerics
from zoo.quantization.rows import MIN_ROWS, CalibrationRows, Rows, length, taken
from zoo.stages import stage

FIDELITY = "fidelity.json"
HELD_OUT = 4  # times the fewest calibration rows: with more, a fifth of them calibrates nothing
Arrays = np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray]


@dataclass(frozen=True)
class GraphExport:
    """The files of a graph, and how near the integer one comes.

    Attributes:
        run: the folder they lie in, with `fidelity.json` and C sources.
        audits: file name -> what it holds.
        inputs: name -> scale and zero point of the integer file's input.
        outputs: name -> those of its output; of each channel where one scale would blur some.
        rows: the number of rows that the fidelity was measured on.
        held_out: whether these calibrated nothing.
        fidelity: output -> how near it is.

    Examples:
        >>> pair = keras.Input((4,), name="left"), keras.Input((4,), name="right")
        >>> model = keras.Model(pair, keras.layers.Dense(2)(pair[0] * pair[1]))
        >>> arrays = {"left": np.random.rand(99, 4), "right": np.random.rand(99, 4)}
        >>> made = export.to_litert(model, data=arrays, directory="runs/pair")
        >>> made.fidelity["output"].signal_to_noise > 20
        True
    """

    run: Run
    audits: dict[str, Audit]
    inputs: dict[str, Scaling]
    outputs: dict[str, Scaling]
    rows: int
    held_out: bool
    fidelity: dict[str, Nearness]

    @property
    def float_file(self) -> Path:
        return self.run.path / FLOAT

    @property
    def int8_file(self) -> Path:
        """The file of other numerics than float's."""
        return self.run.path / next(name for name in self.audits if name != FLOAT)


def graph_to_litert(
    model: keras.Model,
    arrays: Arrays,
    directory: str | Path,
    *,
    calibration_rows: int = 256,
    seed: int = 0,
    timeout: float = 1800,
    numerics: Numerics = INT8,
) -> GraphExport:
    """Write a float file of a graph of any inputs and outputs, and one of other numerics.

    Args:
        model: functional or sequential; every size but the batch's is fixed.
        arrays: rows of its input, (rows, ...); or an array for each input, by name or in order.
        directory: where the files go.
        calibration_rows: at most this many of the rows, at least 16.
        seed: of their choice.
        timeout: seconds for a process that runs the files.
        numerics: of the second file.

    Raises:
        UnknownLayer: a layer or operation that has no int8 form.
        UserError: arrays that do not fit the model, or are too few.
        ExportError: a file does not run; nothing is written then.
    """
    at_least("calibration_rows", calibration_rows, MIN_ROWS)
    inspect(model)
    rows = rows_of(model, arrays)
    order = np.random.default_rng(seed).permutation(length(rows))
    held_out = len(order) >= HELD_OUT * MIN_ROWS
    measured, rest = np.split(order, [len(order) // 5]) if held_out else (order, order)
    indices = np.sort(rest[:calibration_rows])
    stage("calibrating the int8 model")
    chosen = CalibrationRows(indices, taken(rows, indices))
    twin = quantize_rows(model, chosen, numbers=True).twin
    stage("writing .tflite")
    name = INT8.file()
    files = checked_files(model, {name: write(twin, INT8)}, rows, timeout)
    seen = taken(rows, np.sort(measured))
    inputs, outputs = _scalings(twin, files[name])
    found = try_apart({name: files[name]}, {name: _fed(twin, inputs, seen)}, timeout)[name]
    pairs = zip(outputs, twin.parted(found), twin.apart(answers(model, seen)), strict=True)
    fidelity = {one: nearness(of_int8, exact) for one, of_int8, exact in pairs}
    run = Run(Path(directory))
    described = {
        "rows": len(measured),
        "held_out": held_out,
        "inputs": {one: scaling.described() for one, scaling in inputs.items()},
        "outputs": {one: outputs[one].described() | asdict(near) for one, near in fidelity.items()},
    }
    sources = c_source(files[name], Path(name).stem)
    run.write({**files, **sources, FIDELITY: as_json(described)})
    audits = {one: audit(run.path / one, FLOATS if one == FLOAT else numerics) for one in files}
    return GraphExport(run, audits, inputs, outputs, len(measured), held_out, fidelity)


def rows_of(model: keras.Model, arrays: Arrays) -> Rows:
    """Return rows as `answers` takes them, one array or a list in the model's order.

    Raises:
        UserError: arrays that do not fit the model, or are too few.
    """
    names = [str(tensor.name) for tensor in model.inputs]
    if isinstance(arrays, Mapping):
        keys = model._inputs_struct
        names = sorted(map(str, keys)) if isinstance(keys, dict) else names
        if {*arrays} != {*names}:
            raise UserError(
                f"{model.name} has the inputs {', '.join(names)}; the arrays are named "
                f"{', '.join(map(str, arrays))}. Name one array after each input."
            )
        given = [arrays[name] for name in names]
    else:
        given = [arrays] if isinstance(arrays, np.ndarray) else list(arrays)
    if len(given) != len(names):
        raise UserError(f"{model.name} has {len(names)} inputs; got {len(given)} arrays.")
    found = [
        _checked(name, tensor, np.asarray(one))
        for name, tensor, one in zip(names, model.inputs, given, strict=True)
    ]
    if len({len(one) for one in found}) > 1:
        counts = ", ".join(str(len(one)) for one in found)
        raise UserError(f"The arrays hold {counts} rows; give as many for each input.")
    return found[0] if len(found) == 1 else found


def _checked(name: str, tensor: Any, array: np.ndarray) -> np.ndarray:
    shape = tuple(tensor.shape[1:])
    if array.shape[1:] != shape or len(array) < MIN_ROWS:
        raise UserError(
            f"The array for {name!r} has shape {array.shape}; expected at least {MIN_ROWS} rows "
            f"of shape {shape}."
        )
    if not np.isfinite(array).all():
        raise UserError(f"The array for {name!r} holds NaN or infinite values; clean it.")
    return array.astype(np.int32 if keras.backend.is_int_dtype(tensor.dtype) else np.float32)


def _scalings(twin: Twin, content: bytes) -> tuple[dict[str, Scaling], dict[str, Scaling]]:
    """Return the scale and zero point of each input and output of a file, by name."""
    interpreter = load_content(content)
    details = interpreter.get_input_details(), interpreter.get_output_details()
    names = [entry.label for entry in twin.entries], twin.answers
    inputs, outputs = (
        {name: scaling_of(one) for name, one in zip(some, many, strict=True)}
        for some, many in zip(names, details, strict=True)
    )
    converted = {
        name: own.after(twin.given.get(place)) for place, (name, own) in enumerate(outputs.items())
    }
    return inputs, converted


def _fed(twin: Twin, inputs: Mapping[str, Scaling], rows: Rows) -> list[np.ndarray]:
    """Return rows as an int8 file takes them."""
    return [
        one if entry.ids else inputs[entry.label].quantize(one)
        for entry, one in zip(twin.entries, _listed(rows), strict=True)
    ]


def _listed(values: Rows) -> list[np.ndarray]:
    return [values] if isinstance(values, np.ndarray) else values
