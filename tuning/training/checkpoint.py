"""Checkpoints of a running training: weights, optimizer state, curves. No pickle."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from zoo.files import write_atomic


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        epoch: epochs done.
        curves: name -> one value per epoch.
        best_weights: those of the best epoch so far, by the validation rows.
        wait: epochs since.
        stopped: no further epoch is wanted.
        seconds: spent, over all processes that worked on it.
    """

    epoch: int = 0
    curves: dict[str, list[float]] = field(default_factory=dict)
    best_weights: list[np.ndarray] = field(default_factory=list)
    wait: int = 0
    stopped: bool = False
    seconds: float = 0.0


PLAIN = ("epoch", "curves", "wait", "stopped", "seconds")


def save(path: Path, model: keras.Model, progress: Progress) -> None:
    """Write a checkpoint; the file appears when it is whole."""
    arrays = {f"weight{n}": value for n, value in enumerate(model.get_weights())}
    arrays |= {f"best{n}": value for n, value in enumerate(progress.best_weights)}
    for n, variable in enumerate(model.optimizer.variables):
        arrays[f"optimizer{n}"] = keras.ops.convert_to_numpy(variable.value)
    plain = json.dumps({name: getattr(progress, name) for name in PLAIN})
    content = io.BytesIO()
    np.savez(content, plain=np.array(plain), **arrays)
    write_atomic(path, content.getvalue())


def load(path: Path, model: keras.Model) -> Progress:
    """Put a compiled model back where a checkpoint left it, optimizer included.

    A checkpoint that is missing, damaged or of another model means a training from the start.
    """
    model.optimizer.build(model.trainable_variables)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = _series(arrays, "weight")
            optimizer = _series(arrays, "optimizer")
            progress = Progress(**json.loads(str(arrays["plain"])))
            progress.best_weights = _series(arrays, "best")
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return Progress()
    held = [*model.get_weights(), *model.optimizer.variables]
    found = [*weights, *optimizer]
    if [tuple(a.shape) for a in held] != [a.shape for a in found]:
        return Progress()
    model.set_weights(weights)
    for variable, value in zip(model.optimizer.variables, optimizer, strict=True):
        variable.assign(value)
    return progress


def _series(arrays: np.lib.npyio.NpzFile, name: str) -> list[np.ndarray]:
    count = sum(key.startswith(name) for key in arrays.files)
    return [arrays[f"{name}{n}"] for n in range(count)]
