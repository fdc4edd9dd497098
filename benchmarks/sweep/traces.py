"""The tasks of a benchmark of searches, and the traces of their trials."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Task(NamedTuple):
    """What is searched: around a preset on a built-in set, at most so many epochs a trial."""

    source: str
    preset: str
    epochs: int
    metric: str
    direction: str  # "max" or "min"


TASKS = {
    "digits": Task("digits", "cnn_tiny", 6, "accuracy", "max"),
    "diabetes": Task("diabetes", "mlp_small", 60, "rmse", "min"),
    "wine": Task("wine", "mlp_tiny", 2, "accuracy", "max"),  # the short trials of `engine.py`
}


@dataclass(frozen=True)
class Ended:
    """A trial that has ended.

    Attributes:
        seconds: since the process was started.
        best: the metric on the validation rows in its best epoch, as KerasTuner scores a trial.
        kept: the same in the epoch of the least validation loss, whose weights early stopping
            keeps, as our search scores a trial.
        epochs: it was trained for.
        state: one of `tuning.study.ledger.STATES`. Only a completed trial has scores here.
    """

    seconds: float
    best: float | None
    kept: float | None
    epochs: int
    state: str = "completed"


def read_trace(file: Path) -> list[Ended]:
    """Read what `tracer` wrote; a last line that is not whole yet has not ended."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [Ended(**json.loads(line)) for line in lines if line.endswith("\n")]


def best_of(task: Task, curve: list[float]) -> float | None:
    return (max if task.direction == "max" else min)(curve) if curve else None
