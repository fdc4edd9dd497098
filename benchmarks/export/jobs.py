"""Job folders: one model and its rows for the child process of `peers.py`, and what comes back."""

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export.child import ChildError, run_python
from export.runtimes.litert import dequantized, scaling_of
from zoo.quantization.rows import Rows

ROWS, SEEN, SECONDS = "calibration.npz", "seen.npz", "seconds.json"
PEERS = {"stock": "stock.tflite", "AEQ": "aeq.tflite"}
LIMIT = 900.0  # seconds


def write_rows(path: Path, rows: Rows) -> None:
    """Write rows for each input, or of each output."""
    listed = [rows] if isinstance(rows, np.ndarray) else rows
    named: dict[str, Any] = {str(place): one for place, one in enumerate(listed)}
    np.savez(path, **named)


def read_rows(path: Path) -> list[np.ndarray]:
    with np.load(path) as file:
        return [file[str(place)] for place in range(len(file.files))]


def write_job(folder: Path, model: keras.Model, rows: Rows, network: str | None = None) -> None:
    """Write a model and its calibration rows; a foreign network by its name, with its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    if network is None:
        (folder / "model.json").write_text(model.to_json())
    else:
        (folder / "network.txt").write_text(network)
    model.save_weights(folder / "model.weights.h5")
    write_rows(folder / ROWS, rows)


def make_peers(folder: Path, files: Iterable[str]) -> dict[str, float]:
    """Have a child process make files. Returns the seconds of each. Raises ChildError."""
    run_python(["-m", "benchmarks.export.peers", str(folder), str(time.time()), *files], LIMIT)
    return read_seconds(folder)


def read_seconds(folder: Path) -> dict[str, float]:
    """Return the seconds of each file that was made, and ran."""
    path = folder / SECONDS
    return dict(json.loads(path.read_text())) if path.exists() else {}


def failures(folder: Path, peers: Mapping[str, str]) -> dict[str, str]:
    """Have a child process make the files of `peers` that are not there yet.

    Returns:
        Which of them have none, and how they ended: "crash" or "fails" (`FILE.log` says more).
    """
    ready = read_seconds(folder)
    missing = {who: file for who, file in peers.items() if file not in ready}
    try:
        if missing:
            make_peers(folder, missing.values())
    except ChildError:  # which of them?
        return {who: why for who, file in missing.items() if (why := _failure(folder, file))}
    return {}


def _failure(folder: Path, file: str) -> str | None:
    if file in read_seconds(folder):
        return None
    try:
        make_peers(folder, [file])
    except ChildError as error:
        (folder / f"{file}.log").write_text(str(error))
        return "crash" if "died of" in str(error).splitlines()[0] else "fails"
    return None


def run_rows(interpreter: Any, rows: list[np.ndarray]) -> list[np.ndarray]:
    """Run rows one by one through a stock file: inputs and outputs by the names of its signature.

    Returns:
        Real numbers of each output, (rows, ...).
    """
    runner = interpreter.get_signature_runner("serving_default")
    details = runner.get_input_details()
    fed = {}
    for place, one in enumerate(rows):
        detail = details[f"input_{place}"]
        ids = np.issubdtype(one.dtype, np.integer)
        fed[f"input_{place}"] = (
            one.astype(detail["dtype"]) if ids else scaling_of(detail).quantize(one)
        )
    found: dict[str, list[np.ndarray]] = {}
    for number in range(len(rows[0])):
        outputs = runner(**{name: one[number : number + 1] for name, one in fed.items()})
        for name, one in outputs.items():
            found.setdefault(name, []).append(one)
    described = runner.get_output_details()
    return [dequantized(np.concatenate(found[name]), described[name]) for name in sorted(found)]
