"""Data from Python: arrays, or data sets of batches."""

from typing import Any

import numpy as np

from zoo.checks import UserError

PYTHON = "python"  # the `source` of such data


def rows_of(data: Any, labels: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and labels as arrays.

    Args:
        data: an array, with `labels`; or what gives batches (x, y): a `tf.data.Dataset`, a
            `keras.utils.PyDataset`, any iterable that ends.
        labels: one of each row; None for batches.
        name: of the argument.

    Raises:
        UserError: no labels, no batches, or batches whose rows differ in shape.
    """
    if labels is not None:
        return np.asarray(data), np.asarray(labels)
    if hasattr(data, "shape") or not hasattr(data, "__iter__"):
        raise UserError(
            f"{name} needs labels: give y_{name} with arrays, or a data set of batches (x, y)."
        )
    pairs = [_pair(batch, name) for batch in data]
    if not pairs:
        raise UserError(f"The data set {name} gave no batches.")
    shapes = sorted({x.shape[1:] for x, _ in pairs})
    if len(shapes) > 1:
        raise UserError(f"The data set {name} gave rows of shapes {shapes[0]} and {shapes[1]}.")
    x, y = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return x, y


def _pair(batch: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        raise UserError(
            f"The data set {name} must give batches (x, y); got {type(batch).__name__}."
        )
    return np.asarray(batch[0]), np.asarray(batch[1])
