"""Truth: which labels can be learned, from arrays and from the columns of a table."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from zoo.checks import LARGEST, UserError

Arrays = dict[str, np.ndarray]

YES_NO = ("true", "false")
MOST_CLASSES = 20  # of whole numbers as targets; what has more is measured, not counted


class Column(Protocol):
    """A column of a table with labels; see `zoo.readers.frame.Column`."""

    @property
    def kind(self) -> str:
        """ "number", "boolean", "date", "text" or "other"."""

    @property
    def values(self) -> np.ndarray:
        """Numbers; of texts their places in `words`."""

    @property
    def words(self) -> tuple[str, ...]:
        """The different texts."""

    @property
    def missing(self) -> np.ndarray:
        """Which values are missing."""

    @property
    def whole(self) -> bool:
        """Whether the file holds integers."""

    def texts(self, longest: int | None = None) -> np.ndarray:
        """Return the values as text."""


def as_classes(arrays: Arrays) -> Arrays:
    """Return class numbers as int64, after checking that every class can be learned."""
    for part in [key for key in arrays if key.startswith("y_")]:
        y = arrays[part]
        y = single(y)
        if y.ndim != 1 or not np.array_equal(y, np.rint(y)):
            raise UserError(
                f"{part} must hold one class number per row, or one 1 among zeros (one-hot); got "
                f"shape {arrays[part].shape}, type {y.dtype}. For several labels a row give "
                "task='multilabel'."
            )
        arrays = arrays | {part: y.astype(np.int64)}
    present = np.unique(arrays["y_train"])
    if present[0] < 0 or len(present) != present[-1] + 1:
        raise UserError(
            f"Labels outside the range: y_train must use every class 0..classes-1; it holds "
            f"{_some(present)}. Renumber with numpy.unique(y, return_inverse=True)."
        )
    if len(present) == 1:
        raise UserError("y_train holds one class only; a classifier needs at least two.")
    for part in [key for key in arrays if key.startswith("y_")]:
        unknown = np.setdiff1d(arrays[part], present)
        if len(unknown):
            raise UserError(
                f"Labels outside the range: {part} holds {_some(unknown)}, "
                f"y_train only 0..{present[-1]}."
            )
    return arrays


def single(y: np.ndarray) -> np.ndarray:
    """Return one-hot labels, or class numbers in a column, as class numbers (rows,)."""
    if is_one_hot(y):
        return np.asarray(y.argmax(axis=1))
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def is_one_hot(y: np.ndarray) -> bool:
    """Return whether each row holds a single 1 among zeros."""
    return is_binary(y) and bool((y.sum(axis=1) == 1).all())


def is_binary(y: np.ndarray) -> bool:
    """Return whether y is a matrix of several columns of zeros and ones."""
    return y.ndim == 2 and y.shape[1] > 1 and bool(((y == 0) | (y == 1)).all())


def as_targets(arrays: Arrays) -> Arrays:
    """Return regression targets as float32 of shape (rows, targets)."""
    for part in [key for key in arrays if key.startswith("y_")]:
        y = arrays[part].astype(np.float32)
        y = y[:, None] if y.ndim == 1 else y
        if (
            y.ndim != 2
            or y.shape[1] != arrays["y_train"].reshape(len(arrays["y_train"]), -1).shape[1]
        ):
            raise UserError(
                f"{part} must have shape (rows,) or (rows, targets), the same targets in every "
                f"part; got {arrays[part].shape}."
            )
        arrays = arrays | {part: y}
    return arrays


def only_one(columns: Mapping[str, Column], separator: str | None) -> tuple[str, Column]:
    """Return the name of the only target column, and that column."""
    check_unseparated(columns, separator)
    if len(columns) > 1:
        raise UserError(
            f"A classification has one target; got {', '.join(map(repr, columns))}. Give one "
            "column, or another --task."
        )
    return next(iter(columns.items()))


def check_unseparated(columns: Mapping[str, Column], separator: str | None) -> None:
    """Raise UserError for a separator where a cell holds one label."""
    if separator is not None:
        raise UserError(
            f"--separator {separator!r} is for a column of tags, several to a cell; "
            f"{next(iter(columns))!r} is read as one label to a cell. Leave it out."
        )


def has_classes(column: Column) -> bool:
    """Return whether a column holds texts, booleans, or so few integers that they are classes."""
    if column.kind != "number":
        return True
    distinct = len(np.unique(column.values))
    return column.whole and distinct <= min(MOST_CLASSES, max(2, len(column.values) // 10))


def check_learned(target: str, y: np.ndarray, classes: Sequence[str]) -> None:
    """Raise UserError for a class that no training row of y has."""
    learned = np.unique(y)
    lacking = [name for place, name in enumerate(classes) if place not in learned]
    if lacking:
        raise UserError(
            f"No training row has the class {', '.join(map(repr, lacking[:5]))} of {target!r}: "
            "it is too rare, or only in the held-out groups or the latest rows. Drop such rows."
        )


def classes_of_column(name: str, column: Column) -> tuple[np.ndarray, list[str]]:
    """Return class numbers, and the names of the classes in their order."""
    distinct = len(np.unique(column.values))
    if distinct > max(1000, len(column.values) // 3):
        raise UserError(
            f"The target {name!r} has {distinct} different values in {len(column.values)} rows: "
            "that is too many to be classes. Is it the right column? For numbers give --task "
            "regression."
        )
    if column.kind == "number":  # their order is that of the numbers, not of the texts
        values, y = np.unique(column.values, return_inverse=True)
        return y, [f"{value:.12g}" for value in values]
    names, y = np.unique(names_of(column), return_inverse=True)
    return y, list(map(str, names))


def numbers_of_column(name: str, column: Column) -> np.ndarray:
    """Return the targets that a column holds."""
    if column.kind == "text":
        raise UserError(
            f"The target {name!r} holds texts, such as {column.words[0][:40]!r}; a regression "
            "needs numbers. Several labels a row are columns of 0 and 1, or of true and false."
        )
    if not (np.abs(column.values) < LARGEST).all():
        raise UserError(f"The target {name!r} holds values over {LARGEST:g}. Rescale it.")
    return column.values


def names_of(column: Column) -> np.ndarray:
    """Return the values of a column as names of classes."""
    if column.kind == "boolean":
        return np.where(column.values > 0, *YES_NO)
    return column.texts()


def class_numbers(path: object, answers: np.ndarray, names: Sequence[str]) -> np.ndarray:
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
    y = single(answers).ravel()
    if len(y) != len(answers) or not np.isin(y, np.arange(len(names))).all():
        raise UserError(f"{path} must hold a class number of 0 to {len(names) - 1} for each row.")
    return y.astype(np.int64)


def target_numbers(path: object, answers: np.ndarray) -> np.ndarray:
    """Return true numbers, float32 (rows, targets)."""
    if answers.dtype.kind not in "biuf" or not np.isfinite(answers).all():
        raise UserError(
            f"{path} must hold finite numbers as targets; it holds {answers.dtype} or NaN."
        )
    return answers.astype(np.float32).reshape(len(answers), -1)


def _some(values: np.ndarray) -> str:
    listed = ", ".join(str(value) for value in values[:10])
    return listed + (", ..." if len(values) > 10 else "")
