"""Truth of several labels a row: 0/1 matrices, 0/1 columns of a table, cells with tags."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.checks import UserError
from zoo.tasks.truth import Arrays, Column, check_unseparated

FEWEST = 10  # rows of a stratum; smaller ones are joined
USUAL = (";", "|", ",", " ")  # separators


def as_matrices(arrays: Arrays) -> tuple[tuple[str, ...], Arrays]:
    """Return the names of the labels, and all `y_*` as uint8 matrices of 0 and 1, (rows, labels).

    Raises:
        UserError: other values or shapes, or a label that all training rows have, or none.
    """
    for part in [key for key in arrays if key.startswith("y_")]:
        y = arrays[part]
        if y.ndim != 2 or y.shape[1] < 2 or not ((y == 0) | (y == 1)).all():
            raise UserError(
                f"{part} must be a matrix of zeros and ones, (rows, labels), with at least two "
                f"labels; got shape {y.shape}, type {y.dtype}."
            )
        if y.shape[1] != arrays["y_train"].shape[1]:
            raise UserError(
                f"{part} has {y.shape[1]} labels, y_train {arrays['y_train'].shape[1]}; expected "
                "the same in every part."
            )
        arrays = arrays | {part: y.astype(np.uint8)}
    names = tuple(map(str, arrays.get("class_names", range(arrays["y_train"].shape[1]))))
    _check_names(names, arrays["y_train"])
    return names, arrays


def _check_names(names: Sequence[str], y_train: np.ndarray) -> None:
    counts = y_train.sum(axis=0, dtype=np.int64)
    if len(names) != len(counts):
        raise UserError(f"class_names holds {len(names)} names for {len(counts)} labels.")
    if len({*names}) < len(names):
        raise UserError(f"Two labels have the same name: {', '.join(names[:20])}. Rename one.")
    for rows, said in ((0, "No training row has"), (len(y_train), "All training rows have")):
        same = [name for name, count in zip(names, counts, strict=True) if count == rows]
        if same:
            raise UserError(
                f"{said} the label {', '.join(map(repr, same[:5]))}: there is nothing to learn of "
                "it. Leave that label out."
            )


def check_known(target: str, y_train: np.ndarray, names: Sequence[str]) -> None:
    """Raise UserError for labels of a split table that no training row has."""
    lacking = [name for name, column in zip(names, y_train.T, strict=True) if not column.any()]
    if lacking:
        raise UserError(
            f"No training row has the label {', '.join(map(repr, lacking[:5]))} of {target!r}: it "
            "is too rare, or only in the held-out groups or the latest rows. Take it out of the "
            "table."
        )


def rarest(y: np.ndarray) -> np.ndarray:
    """Return the number of the rarest label of each row, (rows,), for strata.

    Rows without labels are a stratum too; strata of fewer than 10 rows are joined with it.
    """
    counts = y.sum(axis=0, dtype=np.int64)
    none = len(counts)
    found = np.where(y > 0, counts, len(y) + 1).argmin(axis=1)
    found = np.where(y.any(axis=1), found, none)
    sizes = np.bincount(found, minlength=none + 1)
    found = np.where(sizes[found] < FEWEST, none, found)
    sizes = np.bincount(found, minlength=none + 1)
    return np.where(found == none, sizes.argmax(), found) if sizes[none] < FEWEST else found


def of_columns(
    columns: Mapping[str, Column], separator: str | None
) -> tuple[np.ndarray, list[str]]:
    """Return the 0/1 matrix of 0/1 columns, or of a column of tags, and the names of the labels."""
    if len(columns) > 1:
        check_unseparated(columns, separator)
        return of_numbers(columns), list(columns)
    (name,) = columns
    cells = cells_of(columns, separator)
    if all(len(tags) < 2 for tags in cells):
        raise UserError(
            f"No cell of {name!r} holds two tags with {separator!r} between them. Give the right "
            "--separator; or leave it out, where each row has one class."
        )
    names = sorted({tag for tags in cells for tag in tags})
    if len(names) < 2:
        raise UserError(
            f"The target {name!r} holds {len(names)} different tags; expected two or more. Is "
            f"{separator!r} the separator?"
        )
    return matrix(cells, names), names


def of_numbers(columns: Mapping[str, Column]) -> np.ndarray:
    """Return columns of zeros and ones, or of true and false, side by side."""
    for name, column in columns.items():
        if not is_binary(column):
            other = next(text for text in column.texts() if text not in ("0", "1"))
            raise UserError(
                f"The target {name!r} must hold 0 and 1, or true and false, as one of several "
                f"labels; it holds {other!r}. Write 1 where a row has the label."
            )
    return np.stack([column.values for column in columns.values()], axis=1).astype(np.uint8)


def is_binary(column: Column) -> bool:
    """Return whether a column holds nothing but zeros and ones, or true and false."""
    return column.kind in ("number", "boolean") and bool(np.isin(column.values, (0, 1)).all())


def cells_of(columns: Mapping[str, Column], separator: str | None) -> list[list[str]]:
    """Return the tags of each row, in the order of the cell; none for an empty one."""
    ((name, column),) = columns.items()
    texts = np.where(column.missing, "", column.texts())
    if separator is None:
        seen = next((one for one in USUAL if any(one in text for text in texts)), USUAL[0])
        some = next((str(text) for text in texts if seen in text), str(texts[0]))
        if column.kind != "text":
            raise UserError(
                f"The target {name!r} holds {column.kind}s, one to a row. Several labels are "
                "several columns of 0 and 1, as --target a,b,c, or a column of tags with a "
                "--separator."
            )
        raise UserError(
            f"The target {name!r} holds texts such as {some[:40]!r}. Give several 0/1 columns as "
            f"--target a,b,c; or, for tags, what is between them, such as --separator {seen!r}."
        )
    return [[tag.strip() for tag in text.split(separator) if tag.strip()] for text in texts]


def matrix(cells: Sequence[Sequence[str]], names: Sequence[str]) -> np.ndarray:
    """Return which of the names each cell holds, uint8 (cells, names); others do not count."""
    place = {name: number for number, name in enumerate(names)}
    y = np.zeros((len(cells), len(names)), np.uint8)
    for row, tags in enumerate(cells):
        y[row, [place[tag] for tag in tags if tag in place]] = 1
    return y


def padded(cells: Sequence[Sequence[str]]) -> np.ndarray:
    """Return tags as an array of text, (rows, most tags), empty after the end of a row."""
    most = max(1, max(map(len, cells), default=0))
    return np.array([[*tags, *[""] * (most - len(tags))] for tags in cells], dtype=np.str_)


def known_matrix(path: object, answers: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return true labels of new rows as a matrix; see `padded`, or zeros and ones."""
    if answers.dtype.kind == "U":
        cells = [[tag for tag in tags if tag] for tags in answers.reshape(len(answers), -1)]
        unknown = sorted({tag for tags in cells for tag in tags} - {*names})
        if unknown:
            raise UserError(
                f"{path} has the label {str(unknown[0])!r}, which the run does not know; it knows "
                f"{', '.join(map(repr, names))}."
            )
        return matrix(cells, names)
    if answers.shape[1:] != (len(names),) or not np.isin(answers, (0, 1)).all():
        raise UserError(
            f"{path} must hold a 0 or 1 for each of the {len(names)} labels of each row; got shape "
            f"{answers.shape}."
        )
    return answers.astype(np.uint8)
