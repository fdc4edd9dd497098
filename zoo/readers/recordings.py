"""Folders of recordings: a CSV or Parquet file each, a line per time step, cut into windows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError, near
from zoo.data.arrays import Found
from zoo.data.cells import SECONDS
from zoo.data.reading import SPAN, Reading
from zoo.readers.decoding import Broken, looked_at, report_bad
from zoo.readers.folders import Files, find, loose, names_of, parted
from zoo.readers.frame import read_frame
from zoo.tasks import Task

KIND = "recordings"
TIMES = ("time", "timestamp", "t", "seconds", "date", "datetime", "time_s")  # columns of the clock
UNITS = {"ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, eq=False)
class Recording:
    """A file: values of its columns of numbers, (steps,), and the seconds between two steps."""

    values: Mapping[str, np.ndarray]
    step: float | None  # None: no clock


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of recordings, in order.

    Attributes:
        x: float32 (windows, steps, channels), NaN after the end of a shorter recording.
        owner: number of the recording that each was cut from.
        names: of the windows: file and lines.
    """

    x: np.ndarray
    owner: np.ndarray
    names: np.ndarray


def read_recordings(
    folder: Path, reading: Reading, seed: int, task: type[Task] | None = None
) -> Found:
    """Read a folder of class folders with recordings, or with recordings and `labels.csv`.

    Columns of numbers are features; a column called time is the clock. All windows of a recording,
    or of a group, are in the same part.

    Args:
        folder: the folder.
        reading: `window`, `stride`, `rate`; `drop` and `columns`.
        seed: of the split.
        task: None: classes, or what `labels.csv` looks like.

    Raises:
        UserError: no classes, unreadable files, other columns, or a window in seconds that needs a
            rate.
    """
    files, bad = looked_at(folder, find(folder, KIND, reading, task), _look)
    notes = [*files.notes]
    report_bad(folder, bad, reading.skip_bad, notes)
    recordings = [recording for recording, _ in files.looks]
    rate = reading.rate or _rate(recordings)
    window, stride = (_steps(of, rate) for of in (reading.window, reading.stride))
    schema: dict[str, Any] = {
        "kind": KIND,
        "channels": _channels(files, reading),
        "window": window,
        "stride": stride or window,
        "notes": notes,
    }
    found = _windows(files, schema)
    lost = len({*range(len(files.paths))} - {*found.owner.tolist()})
    if lost:
        notes.append(f"{lost} recordings are shorter than a window and left out.")
    of_windows = files.only(found.owner.tolist())
    groups = {"groups": names_of(files)[found.owner]} | dict(of_windows.beside)
    arrays = parted(replace(of_windows, beside=groups), found.x, seed, "float32", found.names)
    return Found(arrays, schema, files.task)


def recording_rows(
    path: Path, schema: Mapping[str, Any], files: "Files[Any] | None" = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the windows of a recording, or of all of a folder, their names, and their owners."""
    files, bad = looked_at(path, files or loose(path, KIND), _look)
    report_bad(path, bad, False, [])
    found = _windows(files, schema)
    return found.x, found.names, found.owner


def _look(path: Path) -> Recording:
    try:
        columns, _ = read_frame(path)
    except UserError as error:
        raise Broken(str(error).removeprefix(f"{path} ")) from error
    numbers = {name: column for name, column in columns.items() if column.kind != "text"}
    clock = next((numbers.pop(name) for name in [*numbers] if name.lower() in TIMES), None)
    step = None
    if clock is not None and len(clock.values) > 1:
        step = float(np.nanmedian(np.diff(clock.values)))
        step *= SECONDS if clock.kind == "date" else 1
    values = {
        n: _filled(n, c.values) for n, c in numbers.items() if c.kind in ("number", "boolean")
    }
    return Recording(values, step if step and step > 0 else None)


def _filled(name: str, values: np.ndarray) -> np.ndarray:
    """Return values whose gaps are interpolated."""
    gaps = np.isnan(values)
    if gaps.all():
        raise Broken(f"column {name!r} is empty")
    if not gaps.any():
        return values
    steps = np.arange(len(values))
    return np.asarray(np.interp(steps, steps[~gaps], values[~gaps]))


def _rate(recordings: list[Recording]) -> float | None:
    steps = [recording.step for recording in recordings if recording.step]
    return 1 / float(np.median(steps)) if steps else None


def _steps(span: str | None, rate: float | None) -> int | None:
    """Return a length such as "2s", "500ms" or "128" in steps."""
    if span is None:
        return None
    number, unit = SPAN.fullmatch(span).groups()  # type: ignore[union-attr]  # `Reading` checks it
    if unit is None:
        return max(1, round(float(number)))
    if rate is None:
        raise UserError(
            f"{span} needs a sample rate: give --rate HZ, a column called time (in seconds, or "
            "dates), or a number of lines, such as --window 128."
        )
    return max(1, round(float(number) * UNITS[unit] * rate))


def _channels(files: "Files[Any]", reading: Reading) -> list[str]:
    """Return the columns that are features: of numbers in every recording."""
    first = files.looks[0][0].values
    for name in (*reading.drop, *reading.columns):
        if name not in first:
            raise UserError(
                f"{files.paths[0]} has no column {name!r} of numbers. {near(name, first)}"
            )
    names = [name for name in reading.columns or first if name not in reading.drop]
    if not names:
        raise UserError(f"{files.paths[0]} has no column of numbers to learn from.")
    return names


def _windows(files: "Files[Any]", schema: Mapping[str, Any]) -> Windows:
    """Cut recordings into windows; the whole of each where the schema has no window."""
    names, window, of = schema["channels"], schema["window"], names_of(files)
    pieces, owner, said = [], [], []
    for number, (recording, _) in enumerate(files.looks):
        values = _matrix(files.paths[number], recording, names)
        length = window or len(values)
        for start in range(0, len(values) - length + 1, schema["stride"] or length):
            pieces.append(values[start : start + length])
            owner.append(number)
            lines = f" lines {start + 1}-{start + length}" if window else ""
            said.append(f"{of[number]}{lines}")
    if not pieces:
        raise UserError(f"All recordings in {files.root} are shorter than a window of {window}.")
    x = np.full((len(pieces), max(map(len, pieces)), len(names)), np.nan, np.float32)
    for row, piece in zip(x, pieces, strict=True):
        row[: len(piece)] = piece
    return Windows(x, np.array(owner), np.array(said))


def _matrix(path: Path, recording: Recording, names: list[str]) -> np.ndarray:
    for name in names:
        if name not in recording.values:
            raise UserError(
                f"{path} has no column {name!r} of numbers, as other recordings have; leave the "
                f"column out with --drop {name!r}, or the file."
            )
    return np.stack([recording.values[name] for name in names], axis=1).astype(np.float32)
