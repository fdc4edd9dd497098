"""Labeled rows, read the way an existing run read its training data."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.sources import ENDINGS
from zoo.readers.folders import find
from zoo.readers.rows import Described, fitting, unsaid
from zoo.tasks import recorded as task_in

NAMES = (("x", "y"), ("x_test", "y_test"))  # in an .npz file


def read_labelled(path: str | Path, run: Described) -> tuple[np.ndarray, np.ndarray]:
    """Return rows as inputs of a run's model, with their labels.

    Args:
        path: data like those of the run that it has not seen: a table with the target; a folder of
            class folders, or of images with masks or boxes, of which only test/ is read if there is
            one; an `.npz` file with `x` and
            `y`, or `x_test` and `y_test`.
        run: a run such as `zoo.Run`, whose `data.json` describes how rows are read.

    Returns:
        The rows, as from `zoo.read_rows`, and their labels: class numbers, int64 (rows,), in the
        order of the run's classes, or float32 (rows, targets).

    Raises:
        UserError: a missing or damaged file, no labels, or classes that the run does not have.

    Examples:
        >>> np.savez("unseen.npz", x=data.x_test, y=data.y_test)
        >>> x, y = zoo.read_labelled("unseen.npz", run)
        >>> x.shape, y.shape
        ((36, 13), (36,))
    """
    path, recorded = Path(path), run.read_json("data.json")
    if not path.exists():
        raise UserError(f"{path} does not exist.")
    x, answers = _raw(path, recorded.get("schema") or {}, recorded.get("class_names") or [])
    if len(answers) != len(x) or not len(x):
        raise UserError(
            f"{path} must hold a label for each row, and at least one row; got {len(x)} rows and "
            f"{len(answers)} labels."
        )
    rows = fitting(path, x, recorded["schema"])
    return rows, task_in(recorded).take_answers(path, answers)


def _raw(path: Path, schema: dict[str, Any], names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the raw rows of a file, and their labels: numbers or class names."""
    kind = schema.get("kind")
    if kind == "table":
        from zoo.readers.table import table_answers

        return table_answers(path, schema)
    if kind in ("masks", "boxes"):
        from zoo.readers.dense.choosing import annotated_answers

        return annotated_answers(path, schema, names)
    if kind in ENDINGS:
        from zoo.readers import audio, images, recordings

        files = find(path, kind)
        if "test" in files.parts:
            files = files.only([n for n, part in enumerate(files.parts) if part == "test"])
        if kind == recordings.KIND:
            x, _, owner = recordings.recording_rows(path, schema, files)
            return x, files.answers[owner]
        read = images.image_rows if kind == "pictures" else audio.audio_rows
        return read(path, schema, files), files.answers
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
