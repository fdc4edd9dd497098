"""Folders of files: which there are, their labels, and which part each belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Arrays
from zoo.data.memory import gather
from zoo.data.reading import SPOKEN, Reading
from zoo.data.sources import ENDINGS, LABELS, check_target, files_below
from zoo.readers.naming import is_level, readable, times, values_in
from zoo.tasks import Classification, Task

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
One = TypeVar("One")


@dataclass(frozen=True)
class Files(Generic[One]):
    """Files of a folder, in order.

    Attributes:
        root: the folder.
        paths: of the files, relative to it.
        labels: of each: class numbers, or what `task` takes.
        parts: "train", "val" or "test" of each; "" if the folder has no such parts.
        class_names: names of the classes.
        looks: the header of each file.
        beside: further values of each, (files,): "groups", "time".
        task: that the labels are for.
        notes: what was left out.
    """

    root: Path
    paths: tuple[Path, ...]
    labels: np.ndarray
    parts: tuple[str, ...]
    class_names: tuple[str, ...]
    looks: tuple[One, ...] = ()
    beside: Mapping[str, np.ndarray] = field(default_factory=dict)
    task: type[Task] = Classification
    notes: tuple[str, ...] = ()

    def only(self, places: Sequence[int]) -> "Files[One]":
        """Return some of the files, or one several times."""
        return Files(
            self.root,
            tuple(self.paths[i] for i in places),
            self.labels[list(places)],
            tuple(self.parts[i] for i in places),
            self.class_names,
            tuple(self.looks[i] for i in places) if self.looks else (),
            {name: values[list(places)] for name, values in self.beside.items()},
            self.task,
            self.notes,
        )

    @property
    def answers(self) -> np.ndarray:
        """The labels as names of classes, or numbers."""
        return np.array(self.class_names)[self.labels] if self.class_names else self.labels


def find(
    root: Path, kind: str, reading: Reading | None = None, task: type[Task] | None = None
) -> "Files[Any]":
    """Return the files of a folder with `labels.csv`, or of class folders.

    These may lie within train/, val/ and test/, and in folders by group, if `reading.group` is the
    level of these.

    Raises:
        UserError: no class folders, fewer than two classes, or names that say too little.
    """
    reading = reading or Reading()
    if (root / LABELS).is_file():
        return _listed(root, kind, reading, task)
    check_target(root, reading)
    first = reading.group is not None and is_level(reading.group) and int(reading.group) == 1
    paths, labels, parts, inner = [], [], [], []
    for path in _of_kind(root, kind):
        *folders, _ = path.parts
        part = PARTS.get(folders[0].lower(), "") if len(folders) > 1 else ""
        below = folders[bool(part) :]
        if len(below) > first:
            paths.append(path)
            labels.append(below[first])
            parts.append(part)
            inner.append(path.relative_to(folders[0]) if part else path)
    order = {name: number for number, name in enumerate(sorted(set(labels)))}
    names = [readable(name) for name in order]
    _check(root, kind, names, labels, parts)
    numbers = np.array([order[label] for label in labels], np.int64)
    beside: dict[str, np.ndarray] = {}
    if reading.group is not None:
        beside["groups"] = np.array(values_in(inner, reading.group, "group"))
    if reading.time is not None:
        beside["time"] = times(values_in(inner, reading.time, "time"))
    return Files(
        root,
        tuple(paths),
        numbers,
        tuple(parts),
        tuple(names),
        beside=beside,
        notes=_empty(root, paths, kind),
    )


def _empty(root: Path, paths: list[Path], kind: str) -> tuple[str, ...]:
    """Return a note about folders that look like classes and have no files."""
    used = {path.parts[0] for path in paths}
    folders = [one.name for one in root.iterdir() if one.is_dir() and one.name not in used]
    names = sorted(readable(name) for name in folders if not name.startswith("."))
    return (f"No {SPOKEN[kind]} in the folders {', '.join(names)}: no classes.",) if names else ()


def _of_kind(root: Path, kind: str) -> list[Path]:
    files = [path for path in files_below(root) if path.suffix.lower() in ENDINGS[kind]]
    return [path.relative_to(root) for path in files if path.name != LABELS]


def _check(
    root: Path, kind: str, names: list[str], labels: list[str], parts: Sequence[str]
) -> None:
    if len(set(names)) < len(names):  # one is not UTF-8, the other has the escape for a name
        twice = max(names, key=names.count)
        raise UserError(f"{root} has two class folders that read {twice!r}. Rename one of them.")
    if len(names) < 2:
        raise UserError(
            f"{root} has {len(names)} class folders with {SPOKEN[kind]}; at least 2 are needed, "
            f"such as {root.name}/cat/1{ENDINGS[kind][0]} and {root.name}/dog/1{ENDINGS[kind][0]}; "
            f"or {LABELS} beside the files, with their names and labels."
        )
    if "" in parts and set(parts) != {""}:
        other = labels[parts.index("")]
        raise UserError(f"{root} has the folder {other!r} beside train, val or test. Move it.")
    if set(parts) != {""} and "train" not in parts:
        raise UserError(
            f"{root} has no {SPOKEN[kind]} in train/, only in {', '.join(sorted(set(parts)))}."
        )


def _listed(root: Path, kind: str, reading: Reading, task: type[Task] | None) -> "Files[Any]":
    from zoo.readers.listed import listed  # pyarrow takes a while to import

    options = {"groups": reading.group, "time": reading.time}
    asked = {name: of for name, of in options.items() if of is not None}
    table, files = root / LABELS, _of_kind(root, kind)
    found = listed(
        table, files, reading.target, [*asked.values()], task, skip_missing=reading.skip_bad
    )
    beside = {name: found.beside[of] for name, of in asked.items()}
    return Files(
        root,
        found.paths,
        found.labels,
        ("",) * len(found.paths),
        found.classes,
        beside={
            name: times(values) if name == "time" else np.array(values)
            for name, values in beside.items()
        },
        task=found.task,
        notes=found.notes,
    )


def loose(path: Path, kind: str) -> "Files[Any]":
    """Return one file, or all files of a folder, whatever their classes."""
    root = path.parent if path.is_file() else path
    paths = [Path(path.name)] if path.is_file() else _of_kind(path, kind)
    paths = [file for file in paths if file.suffix.lower() in ENDINGS[kind]]
    if not paths:
        raise UserError(f"{path} holds no {SPOKEN[kind]} ({', '.join(ENDINGS[kind])}).")
    return Files(root, tuple(paths), np.zeros(len(paths), np.int64), ("",) * len(paths), ())


def parted(
    files: "Files[Any]", x: np.ndarray, seed: int, dtype: str, names: np.ndarray | None = None
) -> Arrays:
    """Return decoded files as arrays by part; without test files, 20 % of all become test rows.

    Args:
        files: those that `x` was decoded from, one for each of its rows.
        x: the rows.
        seed: of the split, which keeps groups together.
        dtype: of the rows.
        names: of the rows; None: those of the files.
    """
    if files.class_names and len(np.unique(files.labels)) < len(files.class_names):
        raise UserError(f"{files.root}: a class has no file that can be read.")
    columns = {
        **files.beside,
        "y": files.labels,
        "names": names_of(files) if names is None else names,
    }
    rows = part_rows(files, seed, files.task.strata(files.labels))
    arrays = {f"{name}_{part}": of[at] for name, of in columns.items() for part, at in rows.items()}
    arrays |= {f"x_{part}": gather(x, places, dtype) for part, places in rows.items()}
    return arrays | ({"class_names": np.array(files.class_names)} if files.class_names else {})


def names_of(files: "Files[Any]") -> np.ndarray:
    """Return the names of files: their paths within the folder."""
    return np.array([readable(path.as_posix()) for path in files.paths])


def part_rows(
    files: "Files[Any]", seed: int, strata: np.ndarray | None, every: bool = False
) -> dict[str, np.ndarray]:
    """Return the rows of each part that the folder does not leave to be split later.

    Args:
        files: with the parts that the folder gives.
        seed: of the split.
        strata: what the parts keep the shares of, a value for each file.
        every: leave nothing to be split later.
    """
    from zoo.data.splits import held_out, split_rows

    groups, time = files.beside.get("groups"), files.beside.get("time")
    time = None if time is None else time.astype(np.float64)
    if not any(files.parts):
        return split_rows(len(files.labels), seed, strata, groups, time)
    of = np.array(files.parts)
    rows = {part: np.flatnonzero(of == part) for part in dict.fromkeys(files.parts)}
    for part in [part for part in ("test", "val") if part not in rows]:
        if part == "test" or every or groups is not None:
            rest, held = held_out(rows["train"], seed, strata, groups, time)
            rows = rows | {"train": rest, part: held}
    return rows
