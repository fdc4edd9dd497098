"""Rows shared by several processes: written once, memory-mapped by each.

Test rows are not written: no trial can touch them.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo import Data
from zoo.tasks import recorded

PARTS = ("x_train", "y_train", "x_validation", "y_validation")
PLAIN = ("name", "source", "seed", "hash")


@contextmanager
def sharing(data: Data, folder: Path) -> Iterator[Path]:
    """Keep the training and validation rows of `data` in a folder, for as long as this lasts.

    One that a killed process has left there is replaced.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        share(data, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # where nothing came of the search


def share(data: Data, folder: Path) -> None:
    """Write the training and validation rows of `data` to a folder."""
    for part in PARTS:
        np.save(folder / f"{part}.npy", getattr(data, part), allow_pickle=False)
    plain = {name: getattr(data, name) for name in PLAIN}
    plain |= {"task": data.task.name, "metric": data.task.metric.spelled}
    plain |= {"class_names": data.class_names}
    plain |= {"schema": {"shape": data.input_shape}}  # which tasks of places ask for
    (folder / "data.json").write_text(json.dumps(plain))


def shared(folder: Path) -> Data:
    """Map the rows that `share` wrote; read-only, in memory once for all processes."""
    plain = json.loads((folder / "data.json").read_text())
    task = recorded(plain)
    arrays = {
        part: np.load(folder / f"{part}.npy", mmap_mode="r", allow_pickle=False) for part in PARTS
    }
    none = {"x_test": arrays["x_train"][:0], "y_test": arrays["y_train"][:0]}
    return Data(**{name: plain[name] for name in PLAIN}, task=task, **arrays, **none)


def few(data: Data, rows: int, seed: int) -> Data:
    """Return the data with at most so many training rows, drawn by a seed."""
    if rows >= len(data.x_train):
        return data
    drawn = np.random.default_rng(seed).choice(len(data.x_train), rows, replace=False)
    chosen = np.sort(drawn)
    return replace(data, x_train=data.x_train[chosen], y_train=data.y_train[chosen], columns={})


@dataclass(frozen=True)
class Job:
    """What a worker is told of one trial: JSON, both ways.

    Attributes:
        data, weights, checkpoint: paths; of `shared` rows, and of the files the trial writes.
        preset, input_shape, num_outputs, overrides: of its `ModelSpec`.
        recipe: of its training, the seed included.
        objective: "float", or "int8": the score is that of the quantization twin.
        limits: most that the model may cost, by the names of `zoo.cost.estimate.Cost`.
        card: the graphics card to use, as CUDA names it; None leaves it to the backend.
        device: where latency is estimated, the fields of a `zoo.devices.device.Device`.
        rows: training rows, at most; 0 is all.
        screen: rows on which the trial is trained first, to be pruned there; 0 is none.
        seconds: the training ends with the epoch in which they have passed; 0 is no limit.
    """

    data: str
    weights: str
    checkpoint: str
    preset: str
    input_shape: tuple[int, ...]
    num_outputs: int
    overrides: dict[str, Any]
    recipe: dict[str, Any]
    objective: str
    limits: dict[str, float]
    device: dict[str, Any] | None = None
    card: str | None = None
    rows: int = 0
    screen: int = 0
    seconds: float = 0.0

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"
