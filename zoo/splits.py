"""Splits that keep class shares and are the same for the same seed; scikit-learn does the work."""

from collections.abc import Mapping

import numpy as np
from sklearn.model_selection import train_test_split

from zoo.checks import UserError


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
    classes = len(np.unique(y)) if task == "classification" else 1
    if len(x) < max(5, 5 * (classes - 1) + 1):  # 20 % must hold a row of each class
        raise UserError(
            f"{len(x)} training rows are too few to hold 20 % out for validation. "
            "Give more rows, or x_val and y_val."
        )
    if task == "classification" and np.unique(y, return_counts=True)[1].min() < 2:
        rare = np.unique(y)[np.argmin(np.unique(y, return_counts=True)[1])]
        raise UserError(
            f"Class {rare} has a single training row; at least 2 are needed, one of them for "
            "validation. Add rows, drop the class, or give x_val and y_val."
        )
    stratify = y if task == "classification" else None
    arrays = {"x": x, "y": y, **(beside or {})}
    halves = train_test_split(*arrays.values(), test_size=0.2, random_state=seed, stratify=stratify)
    names = [f"{name}_{half}" for name in arrays for half in ("train", part)]
    return dict(zip(names, halves, strict=True))


def count_shared_rows(x_train: np.ndarray, x_test: np.ndarray) -> int:
    """Return how many test rows equal some training row, to the bit."""
    known = {row.tobytes() for row in np.ascontiguousarray(x_train)}
    return sum(row.tobytes() in known for row in np.ascontiguousarray(x_test))
