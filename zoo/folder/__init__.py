"""Shapes of the JSON files of a run folder, whichever stage writes them: the keys that are read.

A file may hold other keys too. `Run.read_json` checks each file against its entry of `FILES`.
"""

from collections.abc import Mapping
from typing import Any

from zoo.folder.results import Format, HeldOut, ReportFile, StudyFile, Temperature, Thresholds
from zoo.folder.rows import DataFile, ModelFile

Plain = str | float | bool | None
FILES: Mapping[str, Any] = {
    "data.json": DataFile,
    "model.json": ModelFile,
    "study.json": StudyFile,
    "report.json": ReportFile,
    "recipe.json": dict[str, Plain],
    "commands.json": dict[str, str],
    "formats.json": dict[str, Format],
    "held_out.json": HeldOut,
    "temperature.json": Temperature,
    "thresholds.json": Thresholds,
}
