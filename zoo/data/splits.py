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

SHARE = 0.2  # of the rows to hold out
FOLDS = 5
MANY = 1000  # groups, beyond which a random split has even class shares


def hold_out(
    x: np.ndarray,
    y: np.ndarray,
    seed: int,
    strata: np.ndarray | None,
    part: str = "val",
    beside: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Split 20 % of the rows off.

    Args:
        x, y: rows and their labels.
        seed: seed of the split.
        strata: values whose shares both parts keep, (rows,), such as classes; None for none.
        part: name of the part that is split off.
        beside: columns with one value per row, split in the same way.

    Returns:
        `x_train`, `y_train`, `x_{part}`, `y_{part}`; the columns likewise.

    Raises:
        UserError: too few rows, or a stratum too small to be in both parts.
    """
    rest, held = hold_out_rows(len(y), seed, strata)
    found = {}
    for name, column in {"x": x, "y": y, **(beside or {})}.items():
        found[f"{name}_train"], found[f"{name}_{part}"] = gather(column, rest), gather(column, held)
    return found


def hold_out_rows(
    count: int, seed: int, strata: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that stay and the 20 % that are held out; see `hold_out`."""
    classes = 1 if strata is None else len(np.unique(strata))
    if count < max(5, 5 * (classes - 1) + 1):  # 20 % must hold a row of each class
        raise UserError(
            f"{count} training rows are too few to hold 20 % out for validation. "
            "Give more rows, or x_val and y_val."
        )
    if strata is not None and np.unique(strata, return_counts=True)[1].min() < 2:
        rare = np.unique(strata)[np.argmin(np.unique(strata, return_counts=True)[1])]
        raise UserError(
            f"Class {rare} has a single training row; at least 2 are needed, one of them for "
            "validation. Add rows, drop the class, or give x_val and y_val."
        )
    rest, held = train_test_split(
        np.arange(count), test_size=SHARE, random_state=seed, stratify=strata
    )
    return rest, held


def split_rows(
    count: int,
    seed: int,
    strata: np.ndarray | None,
    groups: np.ndarray | None = None,
    time: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return the rows of "train", "val" and "test": 20 % are test, 20 % of the others validation.

    Args:
        count: number of rows.
        seed: seed of the split.
        strata: values whose shares the parts keep, (rows,); None for none.
        groups: all rows of a group go to the same part.
        time: numbers; the latest rows are test rows, the latest of the others validation rows.
            Rows of the same time stay together, so that no test row is as old as a training row.
            With `groups`, a group is as late as its latest row.

    Raises:
        UserError: too few rows, groups or times.
    """
    rest, test = held_out(np.arange(count), seed, strata, groups, time)
    train, val = held_out(rest, seed, strata, groups, time)
    return {"train": train, "val": val, "test": test}


def held_out(
    rows: np.ndarray,
    seed: int,
    strata: np.ndarray | None,
    groups: np.ndarray | None,
    time: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return those of some rows that stay, and the 20 % that are held out; see `split_rows`."""
    own, kept = (None if of is None else of[rows] for of in (groups, strata))
    if time is not None:
        rest, held = _latest(time[rows], own)
    elif own is not None:
        rest, held = _apart(own, seed, kept)
    else:
        rest, held = hold_out_rows(len(rows), seed, kept)
    return rows[rest], rows[held]


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
    held = min(tried, key=lambda mask: abs(mask.mean() - SHARE))
    return np.flatnonzero(~held), np.flatnonzero(held)


def _apart(
    groups: np.ndarray, seed: int, strata: np.ndarray | None
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
    elif strata is not None and np.unique(strata, return_counts=True)[1].max() >= folds:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer rows than folds
        rest, held = next(splitter.split(np.zeros(len(groups)), strata, groups))
    return rest, held


def count_shared_rows(known: Iterable[np.ndarray], asked: np.ndarray) -> int:
    """Return how many rows of `asked` are bit-identical to a row of the `known` arrays."""
    digests = {digest for x in known for digest in row_digests(x)}
    return sum(digest in digests for digest in row_digests(asked))


def row_digests(x: np.ndarray) -> list[bytes]:
    """Return a digest of 16 bytes for each row."""
    if not len(x):
        return []
    rows = np.ascontiguousarray(x).reshape(len(x), -1).view(np.uint8)
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
