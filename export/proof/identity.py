"""Identity: the model and the data of a report, and the software that made it."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import keras

from export.exported import Export
from zoo import Data, Run
from zoo.data.dataset import rows
from zoo.layers.inputs import count_parameters
from zoo.manifest import versions


@dataclass(frozen=True)
class Model:
    """A model: a preset with its overrides; of a model of one's own only the name is known."""

    preset: str | None
    overrides: Mapping[str, Any]
    name: str
    parameters: int
    macs: int  # multiply-accumulates of the float file


@dataclass(frozen=True)
class Dataset:
    """Data: their name, the hash of their content, rows of each part, and the task's name."""

    name: str
    hash: str
    rows: Mapping[str, int]
    task: str


@dataclass(frozen=True)
class Subject:
    """What is verified: a model, for data."""

    model: Model
    data: Dataset

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        return asdict(self)


@dataclass(frozen=True)
class Origin:
    """How a report came about.

    Attributes:
        seconds: that search, export and verification took.
        license: of model and data, as their owner says.
        backend: of Keras.
        versions: of packages.
    """

    seconds: dict[str, float]
    license: str | None
    backend: str
    versions: dict[str, str]

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        return asdict(self)


def subject(export: Export, data: Data) -> Subject:
    """Return the model and the data of an export."""
    preset, overrides = None, dict[str, Any]()
    if (export.run.path / "model.json").is_file():
        spec = export.run.spec()
        preset, overrides = spec.preset, dict(spec.overrides)
    parameters, macs = count_parameters(export.model), export.float_audit.macs
    return Subject(
        Model(preset, overrides, export.model.name, parameters, macs),
        Dataset(data.name, data.hash, rows(data), data.task.name),
    )


def origin(export: Export, license: str | None, started: float) -> Origin:
    """Return how a report of an export came about; `started` is from `time.monotonic()`."""
    seconds = {
        "search": _search(export.run),
        "export": export.seconds,
        "verify": round(time.monotonic() - started, 3),
    }
    return Origin(seconds, license, keras.backend.backend(), versions())


def _search(run: Run) -> float:
    if not (run.path / "study.json").is_file():
        return 0.0
    return float(run.read_json("study.json")["seconds"])
