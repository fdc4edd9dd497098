"""A flat folder with `labels.csv`: the files, their labels, and what else is known of them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.checks import UserError, near
from zoo.readers.frame import Column, read_frame
from zoo.readers.naming import readable
from zoo.tasks import Task, guess_columns

USUAL = ("label", "labels", "class", "category", "target", "species", "y")  # names of the labels


@dataclass(frozen=True, eq=False)
class Listed:
    """What a list says of files, a value each.

    Attributes:
        paths: of the files, relative to the folder.
        task: that the labels look like.
        labels: as the task takes them.
        classes: names of the classes.
        beside: values of other columns that were asked for, by name.
        notes: what was left out.
    """

    paths: tuple[Path, ...]
    task: type[Task]
    labels: np.ndarray
    classes: tuple[str, ...]
    beside: Mapping[str, list[str]]
    notes: tuple[str, ...]


def listed(
    table: Path,
    files: list[Path],
    target: str | None,
    beside: list[str],
    task: type[Task] | None,
    skip_missing: bool,
) -> Listed:
    """Read a list of files and labels.

    Args:
        table: the list: a column with the names of files, with or without ending, and a label.
        files: of its folder, relative to it.
        target: column of the labels; None: the only other one, or the one with a usual name.
        beside: further columns.
        task: None: what the labels look like.
        skip_missing: leave out lines whose file is not there.

    Raises:
        UserError: no such columns, or lines without a file or a value.
    """
    columns, notes = read_frame(table, plain=next(iter(read_frame(table)[0])))  # "007" is a name
    known = _spellings([path.as_posix() for path in files], files)
    known |= _spellings([path.with_suffix("").as_posix() for path in files], files)
    name = _names(table, columns, known)
    target = _target(table, columns, target, {name, *beside})
    for option in (target, *beside):
        _complete(table, columns, option)
    words = columns[name].texts()
    there = np.array([word in known for word in words])
    if not there.all():
        lost = f"{int((~there).sum())} of its {len(there)} files are not there, such as "
        said = f"{table}: {lost}{str(words[~there][0])!r}."
        if not skip_missing:
            raise UserError(f"{said} Add them, or leave them out with --skip-bad.")
        notes.append(said)
    of = {target: columns[target]}
    task = task or guess_columns(of, None)
    labels, classes = task.take_columns(of, None)
    paths = tuple(known[word] for word in words[there])
    if len({*paths}) < len(paths):
        raise UserError(f"{table} has a file in two lines. Leave one line for each file.")
    if len(paths) < len(files):
        notes.append(f"{len(files) - len(paths)} files that {table.name} does not list are unused.")
    values = {one: [str(text) for text in columns[one].texts()[there]] for one in beside}
    return Listed(paths, task, labels[there], tuple(classes), values, tuple(notes))


def _spellings(names: list[str], files: list[Path]) -> dict[str, Path]:
    """Return files by name; one that is not UTF-8 by its escapes and as Latin-1, too."""
    found = dict(zip(names, files, strict=True))
    for name, file in [*found.items()]:
        if not name.isprintable():
            found |= {readable(name): file, os.fsencode(name).decode("latin-1"): file}
    return found


def _names(table: Path, columns: Mapping[str, Column], known: Mapping[str, Path]) -> str:
    """Return the column with the names of files: the one with the most that are there."""
    found = {name: sum(map(known.__contains__, column.texts())) for name, column in columns.items()}
    name = max(found, key=lambda candidate: found[candidate])
    if not found[name]:
        example = next(iter(known), "1.png")
        raise UserError(
            f"No column of {table} holds names of files beside it, such as {example!r}. It has: "
            f"{', '.join(columns)[:500]}."
        )
    return name


def _target(table: Path, columns: Mapping[str, Column], target: str | None, apart: set[str]) -> str:
    rest = [name for name in columns if name not in apart]
    usual = [name for name in rest if name.lower() in USUAL]
    found = [target] if target else rest if len(rest) == 1 else usual
    if not found:
        raise UserError(
            f"Which column of {table} holds the labels? Give --target NAME. It has: "
            f"{', '.join(columns)[:500]}."
        )
    return found[0]


def _complete(table: Path, columns: Mapping[str, Column], name: str) -> None:
    if name not in columns:
        raise UserError(f"{table} has no column {name!r}. {near(name, columns)}")
    missing = int(columns[name].missing.sum())
    if missing:
        raise UserError(f"{table}: {missing} lines have no {name!r}. Fill them in, or remove them.")
