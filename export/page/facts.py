"""The report and the files of a run folder that a page shows, read once."""

import sys
from dataclasses import dataclass
from typing import Any

from export.proof.report import Report
from zoo import Run


@dataclass(frozen=True)
class Facts:
    """A report, and the JSON files of its run beside it.

    Those that a run does not have are empty, as of one made from a Keras model.
    """

    report: Report
    model: dict[str, Any]
    data: dict[str, Any]
    study: dict[str, Any]
    recipe: dict[str, Any]
    commands: dict[str, Any]
    manifest: dict[str, Any]
    history: dict[str, list[float]]  # column -> values, an epoch each


def read(run: Run, report: Report) -> Facts:
    """Read the folder of a run that has this report."""

    def maybe(name: str) -> dict[str, Any]:
        return run.read_json(name) if (run.path / name).is_file() else {}

    return Facts(
        report=report,
        model=maybe("model.json"),
        data=maybe("data.json"),
        study=maybe("study.json"),
        recipe=maybe("recipe.json"),
        commands=maybe("commands.json"),
        manifest=run.manifest(),
        history=run.history(),
    )


def number(value: float) -> str:
    """Return a figure as text: 97.22, 0.0512."""
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def kilobytes(count: int) -> str:
    """Return bytes as text: 812 bytes, 12.3 kB, 4.1 MB."""
    if count < 1000:
        return f"{count}\u00a0bytes"
    return f"{count / 1e3:.1f}\u00a0kB" if count < 1e6 else f"{count / 1e6:.2f}\u00a0MB"


def microseconds(value: float) -> str:
    return f"{value / 1e3:.2f}\u00a0ms" if value >= 1000 else f"{value:.1f}\u00a0µs"


def python_version() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])
