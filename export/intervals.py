"""Metrics with their 95 % intervals."""

import math
from dataclasses import dataclass

import numpy as np

from zoo.metrics.intervals import wilson
from zoo.metrics.numbers import drop, rmse_excess

Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % intervals."""

    value: float
    ci95: tuple[float, float]  # keeps its width where all rows agree
    bootstrap95: tuple[float, float]  # percentiles of resampled rows (Efron 1979), paired


def accuracy(right: np.ndarray) -> Estimate:
    """Return the share of right answers with Wilson's interval.

    Args:
        right: booleans, one per row.
    """
    count = int(right.sum())
    ends = _percentiles(_resampled_means(right[:, None].astype(np.float64))[:, 0])
    return Estimate(count / len(right), wilson(count, len(right)), ends)


def accuracy_drop(right_float: np.ndarray, right_int8: np.ndarray) -> Estimate:
    """Return float minus int8 accuracy on the same rows, in points (hundredths).

    `ci95` is Agresti & Min's for matched pairs (2005, "Simple improved confidence intervals for
    comparing matched proportions"): where no row differs a bootstrap has no width.
    """
    lost = float(np.sum(right_float & ~right_int8)) + 0.5
    won = float(np.sum(~right_float & right_int8)) + 0.5
    rows = len(right_float) + 2
    middle = (lost - won) / rows
    half = Z * math.sqrt(max(0.0, lost + won - (lost - won) ** 2 / rows)) / rows
    value = 100 * (int(right_float.sum()) - int(right_int8.sum())) / len(right_float)
    differences = 100 * (right_float.astype(np.float64) - right_int8)[:, None]
    ends = _percentiles(_resampled_means(differences)[:, 0])
    return Estimate(value, (100 * (middle - half), 100 * (middle + half)), ends)


def rmse(y: np.ndarray, predicted: np.ndarray) -> Estimate:
    """Return the root mean squared error, in the targets' units."""
    errors = np.mean((predicted - y) ** 2, axis=1, keepdims=True)
    ends = _percentiles(np.sqrt(_resampled_means(errors))[:, 0])
    return Estimate(float(np.sqrt(errors.mean())), ends, ends)


def rmse_drop(y: np.ndarray, predicted_float: np.ndarray, predicted_int8: np.ndarray) -> Estimate:
    """Return by how many percent int8's RMSE exceeds float's; of several targets the worst's."""
    errors = np.concatenate([(predicted_float - y) ** 2, (predicted_int8 - y) ** 2], axis=1)
    excess = rmse_excess(*np.split(_resampled_means(errors), 2, axis=-1))
    ends = _percentiles(excess)
    return Estimate(drop("regression", y, predicted_float, predicted_int8), ends, ends)


def measured(task: str, y: np.ndarray, outputs: np.ndarray) -> Estimate:
    """Return the accuracy of logits, or the RMSE of predictions, (rows, outputs)."""
    return accuracy(outputs.argmax(axis=1) == y) if task == "classification" else rmse(y, outputs)


def dropped(task: str, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
    """Return by how much the second outputs are worse: points, or percent of RMSE."""
    if task == "regression":
        return rmse_drop(y, first, second)
    return accuracy_drop(first.argmax(axis=1) == y, second.argmax(axis=1) == y)


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _resampled_means(values: np.ndarray, resamples: int = 2000) -> np.ndarray:
    """Return the column means of bootstrap samples of the rows: (resamples, columns)."""
    rng = np.random.default_rng(0)
    count = len(values)
    return np.stack(
        [values[rng.integers(count, size=count)].mean(axis=0) for _ in range(resamples)]
    )
