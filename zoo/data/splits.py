"""Reproducible splits that preserve class shares; scikit-learn does the work."""

import hashlib
import warnings
from collections.abc import Iterable, Mapping

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    StratifiedGroupKFold,
    train_test_split,
)

from zoo.checks import UserError
from zoo.data.memory import gather

SHARE = 0.2  # of the rows that are held out
FOLDS = 5
MANY = 1000  # groups; by chance they share classes out evenly enough


def hold_out(
    x: np.ndarray,
    y: np.ndarray,
    seed: int,
    task: str,
    part: str = "val",
    beside: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Split 20 % of the rows off.

    Args:
        x, y: rows and their labels.
        seed: of the split.
        task: "classification" or "regression".
        part: name of what is split off.
        beside: columns of one value per row, which are split alike.

    Returns:
        `x_train`, `y_train`, `x_{part}`, `y_{part}`; stratified by class for classification. The
        columns likewise.

    Raises:
        UserError: too few rows, or a class too small to be in both parts.
    """
    rest, held = hold_out_rows(y, seed, task)
    found = {}
    for name, column in {"x": x, "y": y, **(beside or {})}.items():
        found[f"{name}_train"], found[f"{name}_{part}"] = gather(column, rest), gather(column, held)
    return found


def hold_out_rows(y: np.ndarray, seed: int, task: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that stay and the 20 % that are held out; see `hold_out`."""
    classes = len(np.unique(y)) if task == "classification" else 1
    if len(y) < max(5, 5 * (classes - 1) + 1):  # 20 % must hold a row of each class
        raise UserError(
            f"{len(y)} training rows are too few to hold 20 % out for validation. "
            "Give more rows, or x_val and y_val."
        )
    if task == "classification" and np.unique(y, return_counts=True)[1].min() < 2:
        rare = np.unique(y)[np.argmin(np.unique(y, return_counts=True)[1])]
        raise UserError(
            f"Class {rare} has a single training row; at least 2 are needed, one of them for "
            "validation. Add rows, drop the class, or give x_val and y_val."
        )
    stratify = y if task == "classification" else None
    rest, held = train_test_split(
        np.arange(len(y)), test_size=SHARE, random_state=seed, stratify=stratify
    )
    return rest, held


def split_rows(
    y: np.ndarray,
    seed: int,
    task: str,
    groups: np.ndarray | None = None,
    time: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return the rows of "train", "val" and "test": 20 % are test, 20 % of the others validation.

    Args:
        y: labels.
        seed: of the split.
        task: "classification" or "regression".
        groups: all rows of a group come into the same part.
        time: numbers; the latest rows are test rows, the latest of the others validation rows.
            Rows of the same time stay together, so that no test row is as old as a training row.
            With `groups`, a group is as late as its latest row.

    Raises:
        UserError: too few rows, groups or times.
    """

    def halves(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        own = None if groups is None else groups[rows]
        if time is not None:
            rest, held = _latest(time[rows], own)
        elif own is not None:
            rest, held = _apart(y[rows], own, seed, task)
        else:
            rest, held = hold_out_rows(y[rows], seed, task)
        return rows[rest], rows[held]

    rest, test = halves(np.arange(len(y)))
    train, val = halves(rest)
    return {"train": train, "val": val, "test": test}


def _latest(time: np.ndarray, groups: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if groups is not None:
        place = np.unique(groups, return_inverse=True)[1]
        newest = np.full(place.max() + 1, time.min())
        np.maximum.at(newest, place, time)
        time = newest[place]
    cut = np.sort(time)[int((1 - SHARE) * len(time))]
    tried = [held for held in (time >= cut, time > cut) if 0 < held.sum() < len(time)]
    if not tried:
        raise UserError(
            f"{len(np.unique(time))} different times are too few to keep the latest rows apart; "
            "at least 3 are needed."
        )
    held = min(tried, key=lambda one: abs(one.mean() - SHARE))
    return np.flatnonzero(~held), np.flatnonzero(held)


def _apart(
    y: np.ndarray, groups: np.ndarray, seed: int, task: str
) -> tuple[np.ndarray, np.ndarray]:
    count = len(np.unique(groups))
    if count < 2:
        raise UserError(
            "There are too few groups for training, validation and test rows; at least 3 are "
            "needed."
        )
    folds = min(FOLDS, count)
    splitter = GroupKFold(folds, shuffle=True, random_state=seed)
    if count > MANY:
        splitter = GroupShuffleSplit(1, test_size=SHARE, random_state=seed)
    elif task == "classification" and np.unique(y, return_counts=True)[1].max() >= folds:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer rows than folds
        rest, held = next(splitter.split(np.zeros(len(y)), y, groups))
    return rest, held


def count_shared_rows(known: Iterable[np.ndarray], asked: np.ndarray) -> int:
    """Return how many rows of `asked` equal some row of the `known` arrays, to the bit."""
    digests = {digest for x in known for digest in row_digests(x)}
    return sum(digest in digests for digest in row_digests(asked))


def row_digests(x: np.ndarray) -> list[bytes]:
    """Return 16 bytes for each row, equal where the rows are."""
    if not len(x):
        return []
    rows = np.ascontiguousarray(x).reshape(len(x), -1).view(np.uint8)
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
