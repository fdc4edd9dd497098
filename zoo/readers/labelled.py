"""Labeled rows, read the way an existing run read its training data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.readers.folders import find
from zoo.readers.rows import Described, fitting, unsaid

NAMES = (("x", "y"), ("x_test", "y_test"))  # in an .npz file


def read_labelled(path: str | Path, run: Described) -> tuple[np.ndarray, np.ndarray]:
    """Return rows as a run's model takes them, with what it should answer.

    Args:
        path: what is like the data of the run, and has not been seen by it: a table with the
            target; a folder of class folders, whose test/ counts alone if there is one; an `.npz`
            file with `x` and `y`, or `x_test` and `y_test`.
        run: whose `data.json` says how rows are read, such as `zoo.Run`.

    Returns:
        What `zoo.read_rows` returns; and class numbers, int64 (rows,), in the order that the run
        has its classes in, or float32 (rows, targets).

    Raises:
        UserError: a missing or damaged file, no answers, or classes that the run does not know.
    """
    path, recorded = Path(path), run.read_json("data.json")
    if not path.exists():
        raise UserError(f"{path} does not exist.")
    x, answers = _raw(path, recorded.get("schema") or {})
    if len(answers) != len(x) or not len(x):
        raise UserError(
            f"{path} must hold an answer for each row, at least one; got {len(x)} rows "
            f"and {len(answers)} answers."
        )
    rows = fitting(path, x, recorded["schema"])
    if recorded["task"] == "regression":
        return rows, _targets(path, answers)
    return rows, _classes(path, answers, recorded["class_names"])


def _raw(path: Path, schema: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return rows as a file holds them, and numbers or names of classes."""
    kind = schema.get("kind")
    if kind == "table":
        from zoo.readers.table import table_answers

        return table_answers(path, schema)
    if kind in ("pictures", "sounds"):
        from zoo.readers import pictures, sounds

        files = find(path, kind)
        if "test" in files.parts:
            files = files.only([n for n, part in enumerate(files.parts) if part == "test"])
        read = pictures.picture_rows if kind == "pictures" else sounds.sound_rows
        return read(path, schema, files), np.array(files.class_names)[files.labels]
    if kind == "arrays":
        return _arrays(path)
    raise unsaid()


def _arrays(path: Path) -> tuple[np.ndarray, np.ndarray]:
    from zoo.readers.npz import read_members

    def choose(names: list[str]) -> list[str]:
        return next(([*pair] for pair in NAMES if {*pair} <= {*names}), [])

    arrays = [*read_members(path, choose).values()]
    if not arrays:
        raise UserError(f"{path} must be an .npz file with x and y, or x_test and y_test.")
    return arrays[0], arrays[1]


def _classes(path: Path, answers: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return class numbers for names of classes, or for numbers after a check."""
    if answers.dtype.kind == "U":
        number = {name: place for place, name in enumerate(names)}
        unknown = sorted({*answers.tolist()} - {*number})
        if unknown:
            raise UserError(
                f"{path} has the class {unknown[0]!r}, which the run does not know; it knows "
                f"{', '.join(map(repr, names))}."
            )
        return np.array([number[name] for name in answers.tolist()], np.int64)
    y = answers.ravel()
    if len(y) != len(answers) or not np.isin(y, np.arange(len(names))).all():
        raise UserError(f"{path} must hold a class number of 0 to {len(names) - 1} for each row.")
    return y.astype(np.int64)


def _targets(path: Path, answers: np.ndarray) -> np.ndarray:
    if answers.dtype.kind not in "biuf" or not np.isfinite(answers).all():
        raise UserError(
            f"{path} must hold numbers to be answered; it holds {answers.dtype} or NaN."
        )
    return answers.astype(np.float32).reshape(len(answers), -1)
