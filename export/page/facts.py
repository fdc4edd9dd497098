"""What a page is made of: the files of a run folder, read once."""

import sys
from dataclasses import dataclass
from typing import Any

from zoo import Run
from zoo.tasks import Task


@dataclass(frozen=True)
class Facts:
    """The JSON files of a run; empty where a run has none, as one made from a Keras model."""

    task: Task
    report: dict[str, Any]
    model: dict[str, Any]
    data: dict[str, Any]
    study: dict[str, Any]
    recipe: dict[str, Any]
    commands: dict[str, Any]
    manifest: dict[str, Any]
    history: dict[str, list[float]]  # column -> values, an epoch each

    @property
    def metric(self) -> str:
        return str(self.report["metric"])

    @property
    def unit(self) -> int:
        """What a figure is multiplied by to be shown."""
        return self.task.metric.factor

    @property
    def name(self) -> str:
        return str(self.report["model"]["name"])

    @property
    def test_rows(self) -> int:
        return int(self.report["data"]["rows"]["test"])

    def shown(self, value: float) -> str:
        """Return a value of the metric with its unit."""
        return self.task.metric.shown(value)

    def ranged(self, estimate: dict[str, Any]) -> str:
        """Return the 95 % interval of an estimate of the metric."""
        low, high = (self.shown(end) for end in estimate["ci95"])
        return f"{low} to {high}"


def read(run: Run, task: Task) -> Facts:
    """Read a run folder that holds a report; `task` is that of its data."""

    def maybe(name: str) -> dict[str, Any]:
        return run.read_json(name) if (run.path / name).is_file() else {}

    return Facts(
        task=task,
        report=run.read_json("report.json"),
        model=maybe("model.json"),
        data=maybe("data.json"),
        study=maybe("study.json"),
        recipe=maybe("recipe.json"),
        commands=maybe("commands.json"),
        manifest=run.manifest(),
        history=run.history(),
    )


def kilobytes(count: int) -> str:
    """Return bytes as text: 812 bytes, 12.3 kB, 4.1 MB."""
    if count < 1000:
        return f"{count}\u00a0bytes"
    return f"{count / 1e3:.1f}\u00a0kB" if count < 1e6 else f"{count / 1e6:.2f}\u00a0MB"


def microseconds(value: float) -> str:
    return f"{value / 1e3:.2f}\u00a0ms" if value >= 1000 else f"{value:.1f}\u00a0µs"


def python_version() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])
