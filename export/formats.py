"""Other formats: ONNX and TensorFlow's SavedModel, in float, checked against Keras."""

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export.child import ChildError, need, run_child
from export.conversion.job import ExportError, describe
from export.litert import resolve
from zoo import Data, Run
from zoo.checks import UserError
from zoo.files import as_json
from zoo.metrics.numbers import largest_difference

FILES = {"onnx": "model.onnx", "saved_model": "saved_model"}  # a file; a folder
RECORD = "formats.json"
CHECKED = 64  # test rows that are run


@dataclass(frozen=True)
class Portable:
    """A model in another format, and how far what it computes is from what Keras does.

    Examples:
        >>> made = export.to_saved_model("runs/wine")
        >>> made.file, made.rows, made.difference < 1e-5
        ('saved_model', 36, True)
    """

    format: str
    file: str  # its name in the folder, or that of the format's own folder
    bytes: int
    rows: int  # test rows that were run, by onnxruntime or TensorFlow
    difference: float  # largest, relative to max(1, |Keras|)
    seconds: float


def to_onnx(
    source: keras.Model | Run | str | Path,
    *,
    data: Data | None = None,
    directory: str | Path | None = None,
    timeout: float = 1800,
) -> Portable:
    """Write `model.onnx`, any number of rows at a time, and run it in onnxruntime.

    Args:
        source: a run folder (or its path), or a functional or sequential Keras model.
        data: its first 64 test rows are run; a run knows its own.
        directory: where the file goes; a run's goes into its folder.
        timeout: seconds after which the child process is stopped.

    Raises:
        ExportError: the conversion failed or took too long; nothing is written then.
        UserError: `pocketzoo[onnx]` is not installed, or as `to_litert`.

    Examples:
        >>> export.to_onnx("runs/wine").file
        'model.onnx'
    """
    for module, package in (("onnxruntime", "onnxruntime"), ("tf2onnx", "tf2onnx")):
        need(module, package, "onnx")
    return _made("onnx", *resolve(source, data, directory), timeout)


def to_saved_model(
    source: keras.Model | Run | str | Path,
    *,
    data: Data | None = None,
    directory: str | Path | None = None,
    timeout: float = 1800,
) -> Portable:
    """Write the folder `saved_model`, for TensorFlow and what reads its models, and run it there.

    Arguments and errors are those of `to_onnx`.

    Examples:
        >>> export.to_saved_model("runs/wine").file
        'saved_model'
    """
    return _made("saved_model", *resolve(source, data, directory), timeout)


def _made(name: str, run: Run, model: keras.Model, data: Data, timeout: float) -> Portable:
    started = time.monotonic()
    rows = np.asarray(data.x_test[:CHECKED], np.float32)
    expected = np.asarray(model.predict(rows, verbose=0))
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as folder:
        job = Path(folder)
        describe(model, job)
        np.save(job / "rows.npy", rows)
        (job / "format.txt").write_text(name)
        try:
            run_child("export.conversion.formats_child", folder, timeout)
        except ChildError as error:
            raise ExportError(f"No {name} was written: the conversion {error}") from None
        files = _files(job, FILES[name])
        found = np.load(job / "outputs.npy", allow_pickle=False).reshape(expected.shape)
    made = Portable(
        name,
        FILES[name],
        sum(map(len, files.values())),
        len(rows),
        largest_difference(found, expected),
        round(time.monotonic() - started, 3),
    )
    old = [file for file in run.files() if file.startswith(f"{FILES[name]}/")]
    run.write({**files, RECORD: as_json({**recorded(run), name: asdict(made)})}, remove=old)
    return made


def _files(job: Path, name: str) -> dict[str, bytes]:
    """Return the content of a file, or of all files of a folder, by their names in the job."""
    made = [job / name] if (job / name).is_file() else sorted((job / name).rglob("*"))
    return {str(one.relative_to(job)): one.read_bytes() for one in made if one.is_file()}


def recorded(run: Run) -> dict[str, Any]:
    """Return what a folder's record says of each format; empty without one."""
    try:
        return run.read_json(RECORD)
    except UserError:
        return {}
