"""The files of a model that has a twin: written directly, then run once by another process."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from export.child import ChildError
from export.conversion.job import FLOAT, TWIN, ExportError, Plan, run_job
from export.runtimes.apart import try_apart
from export.tflite.writer import write
from zoo.quantization import Quantized, UnknownLayer, make_twin
from zoo.quantization.calibration import answers
from zoo.quantization.rows import Rows, taken
from zoo.stages import stage

ROWS = 32  # on which the float file is compared with Keras
NEAR = 1e-4  # of the largest output: what float arithmetic explains
HALVES = {"float16": 1e-2, "bfloat16": 8e-2}  # and that of Keras in these: ten of its steps at 1


def files_of(model: keras.Model, plan: Plan, rows: np.ndarray, timeout: float) -> dict[str, bytes]:
    """Return the files that a plan names, the float file and the twin's weights, by name.

    The float file is the graph of the integer one before rounding. Where a model has no twin, or
    one so ill-conditioned that this file's outputs are not Keras', TensorFlow's converter makes it.

    Args:
        model: the float model.
        plan: what is to be made.
        rows: as the model takes them, (rows, *row shape).
        timeout: seconds for each process that is started.

    Raises:
        ExportError: a file was not made, or does not run.
    """
    if plan.rung == "converter":
        return run_job(model, plan, timeout)
    stage("writing .tflite")
    try:
        twin, of = plan.quantized.twin if plan.quantized else None, plan.numerics
        quantized = {n: write(twin, of, f) for f, n in plan.converted.items()} if twin else {}
        files = checked_files(model, quantized, rows, timeout)
    except UnknownLayer:
        return run_job(model, plan, timeout)
    if FLOAT not in files:
        files |= run_job(model, Plan("float", {}, None, None), timeout)
    return files | ({} if plan.quantized is None else {TWIN: _weights(plan.quantized)})


def checked_files(
    model: keras.Model, files: Mapping[str, bytes], rows: Rows, timeout: float
) -> dict[str, bytes]:
    """Return files, and the float file of the model, after all have run once in a process apart.

    The float file is left out where its outputs are not Keras'.

    Raises:
        ExportError: a file does not run.
        UnknownLayer: the model has no twin.
    """
    twin = make_twin(model)
    every = {**files, FLOAT: write(twin, None)}
    rows = taken(rows, slice(ROWS))
    fed = [rows] if isinstance(rows, np.ndarray) else rows
    try:
        found = try_apart(every, {FLOAT: fed}, timeout)[FLOAT]
    except ChildError as error:
        raise ExportError(f"Nothing was written: LiteRT could not run a file: it {error}") from None
    pairs = zip(found, twin.apart(answers(model, rows)), strict=True)
    near = float_bound(model)
    return every if all(_is_near(*pair, near) for pair in pairs) else dict(files)


def float_bound(model: keras.Model) -> float:
    """Return how far a float32 file may be from a Keras model, relative to max(1, |outputs|)."""
    return max(HALVES.get(layer.compute_dtype, NEAR) for layer in model._flatten_layers())


def _is_near(found: np.ndarray, expected: np.ndarray, near: float) -> bool:
    expected = expected.astype(np.float32)
    largest = float(np.abs(found - expected).max())
    return largest <= near * max(float(np.abs(expected).max()), 1.0)


def _weights(quantized: Quantized) -> bytes:
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as folder:
        path = Path(folder) / TWIN
        quantized.twin.save_weights(path)
        return path.read_bytes()
