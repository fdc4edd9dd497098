"""Labels: class numbers or targets, and what is wrong with them."""

import warnings

import numpy as np

from zoo.checks import UserError
from zoo.readers import Arrays


def task_of(y: np.ndarray, name: str) -> str:
    """Return "classification" for integers, "regression" for floats."""
    if np.issubdtype(y.dtype, np.integer) or y.dtype == bool:
        return "classification"
    if np.array_equal(y, np.rint(y)) and len(np.unique(y)) <= 20:
        warnings.warn(
            f"{name}: y_train is {y.dtype} with only whole numbers; taken as regression targets. "
            "For classes pass integers, or task='classification'.",
            stacklevel=4,
        )
    return "regression"


def as_classes(arrays: Arrays) -> Arrays:
    """Return class numbers as int64, after checking that every class can be learned."""
    y_train = arrays["y_train"]
    for part in [key for key in arrays if key.startswith("y_")]:
        y = arrays[part]
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim != 1 or not np.array_equal(y, np.rint(y)):
            raise UserError(
                f"{part} must hold one class number per row; got shape {arrays[part].shape}, "
                f"type {y.dtype}. Undo one-hot labels with y.argmax(axis=1)."
            )
        arrays = arrays | {part: y.astype(np.int64)}
    y_train = arrays["y_train"]
    present = np.unique(y_train)
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


def _some(values: np.ndarray) -> str:
    listed = ", ".join(str(value) for value in values[:10])
    return listed + (", ..." if len(values) > 10 else "")
