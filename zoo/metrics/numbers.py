"""Drop from float to int8, in a report's units; largest difference between two sets of outputs."""

import numpy as np


def drop(task: str, y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> float:
    """Return float minus int8 accuracy in points, or by how many percent int8's RMSE is larger.

    Of several regression targets the worst counts: one int8 output scale can drown the small ones.

    Args:
        task: "classification" or "regression".
        y: class numbers (rows,), or targets (rows, targets).
        of_float: logits or predictions, (rows, outputs).
        of_int8: the same of the int8 file.
    """
    if task == "classification":
        right = [int((logits.argmax(axis=1) == y).sum()) for logits in (of_float, of_int8)]
        return 100 * (right[0] - right[1]) / len(y)
    return float(
        rmse_excess(np.mean((of_float - y) ** 2, axis=0), np.mean((of_int8 - y) ** 2, axis=0))
    )


def rmse_excess(of_float: np.ndarray, of_int8: np.ndarray) -> np.ndarray:
    """Return by how many percent the root of int8's mean squared errors, (..., targets), exceeds.

    The worst target's, of shape (...).
    """
    ratio = of_int8 / np.maximum(of_float, np.finfo(np.float64).tiny)
    return np.asarray(100 * (np.sqrt(ratio.max(axis=-1)) - 1))


def bound(task: str, max_drop: float, rows: int) -> float:
    """Return the drop that may pass: `max_drop`, but never less than one row can make.

    On 114 rows one answer is 0.88 points; a bound below that would measure luck.
    """
    return max(max_drop, 100 / rows) if task == "classification" and max_drop >= 0 else max_drop


def largest_difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference of two arrays, relative to max(1, |expected|)."""
    return float(np.max(np.abs(found - expected) / np.maximum(1.0, np.abs(expected))))
