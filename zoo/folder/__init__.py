"""Shapes of the JSON files of a run folder, whichever stage writes them: the keys that are read.

A file may hold other keys too. `Run.read_json` checks each file against its entry of `FILES`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.checks import UserError
from zoo.folder.results import Format, HeldOut, StudyFile, Temperature, Thresholds
from zoo.folder.rows import DataFile, ModelFile

Plain = str | float | bool | None
FILES: Mapping[str, Any] = {
    "data.json": DataFile,
    "model.json": ModelFile,
    "study.json": StudyFile,
    "recipe.json": dict[str, Plain],
    "commands.json": dict[str, str],
    "formats.json": dict[str, Format],
    "held_out.json": HeldOut,
    "temperature.json": Temperature,
    "thresholds.json": Thresholds,
    "score_thresholds.json": Thresholds,
}


def check_labels(folder: Path, labels: Sequence[str], outputs: int) -> None:
    """Raise UserError where `data.json` names other classes than `model.json` has outputs."""
    if labels and len(labels) != outputs:
        raise UserError(
            f"{folder}/data.json names {len(labels)} classes, and the model has {outputs} outputs. "
            "Run the command that made the folder again."
        )
