"""Metrics with their 95 % intervals."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    ci95: tuple[float, float]


def accuracy(right: np.ndarray) -> Estimate:
    """Return the share of right answers with Wilson's interval (Wilson 1927).

    Args:
        right: booleans, one per row.
    """
    count = int(right.sum())
    interval = stats.binomtest(count, len(right)).proportion_ci(0.95, method="wilson")
    return Estimate(count / len(right), (float(interval.low), float(interval.high)))


def accuracy_drop(right_float: np.ndarray, right_int8: np.ndarray) -> Estimate:
    """Return float minus int8 accuracy on the same rows, in points (hundredths).

    The interval is Agresti & Min's for matched pairs (2005, "Simple improved confidence intervals
    for comparing matched proportions"), which keeps its width where no row differs.
    """
    lost = float(np.sum(right_float & ~right_int8)) + 0.5
    won = float(np.sum(~right_float & right_int8)) + 0.5
    rows = len(right_float) + 2
    middle = (lost - won) / rows
    half = Z * math.sqrt(max(0.0, lost + won - (lost - won) ** 2 / rows)) / rows
    value = 100 * (int(right_float.sum()) - int(right_int8.sum())) / len(right_float)
    return Estimate(value, (100 * (middle - half), 100 * (middle + half)))


def rmse(y: np.ndarray, predicted: np.ndarray, seed: int = 0) -> Estimate:
    """Return the root mean squared error, in the targets' units, with a bootstrap interval."""
    errors = np.mean((predicted - y) ** 2, axis=1, keepdims=True)
    low, high = np.percentile(np.sqrt(_resampled_means(errors, seed)), [2.5, 97.5])
    return Estimate(float(np.sqrt(errors.mean())), (float(low), float(high)))


def rmse_drop(
    y: np.ndarray, predicted_float: np.ndarray, predicted_int8: np.ndarray, seed: int = 0
) -> Estimate:
    """Return by how many percent int8's RMSE exceeds float's, with a paired bootstrap interval.

    Of several targets the worst counts: one int8 output scale can drown the small ones.
    """
    errors = np.concatenate([(predicted_float - y) ** 2, (predicted_int8 - y) ** 2], axis=1)

    def excess(means: np.ndarray) -> np.ndarray:
        of_float, of_int8 = np.split(means, 2, axis=-1)
        ratio = of_int8 / np.maximum(of_float, np.finfo(np.float64).tiny)
        return np.asarray(100 * (np.sqrt(ratio.max(axis=-1)) - 1))

    low, high = np.percentile(excess(_resampled_means(errors, seed)), [2.5, 97.5])
    return Estimate(float(excess(errors.mean(axis=0))), (float(low), float(high)))


def _resampled_means(errors: np.ndarray, seed: int, resamples: int = 2000) -> np.ndarray:
    """Return the column means of bootstrap samples of the rows: (resamples, columns)."""
    rng = np.random.default_rng(seed)
    count = len(errors)
    return np.stack(
        [errors[rng.integers(count, size=count)].mean(axis=0) for _ in range(resamples)]
    )
