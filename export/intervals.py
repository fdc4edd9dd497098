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
    value = float(np.mean(right_float) - np.mean(right_int8))
    return Estimate(100 * value, (100 * (middle - half), 100 * (middle + half)))


def rmse(y: np.ndarray, predicted: np.ndarray, seed: int = 0) -> Estimate:
    """Return the root mean squared error, in the targets' units, with a bootstrap interval."""
    errors = np.mean((predicted - y) ** 2, axis=1)
    low, high = _bootstrap((errors,), lambda e: np.sqrt(np.mean(e, axis=-1)), seed)
    return Estimate(float(np.sqrt(errors.mean())), (low, high))


def rmse_drop(
    y: np.ndarray, predicted_float: np.ndarray, predicted_int8: np.ndarray, seed: int = 0
) -> Estimate:
    """Return by how many percent int8's RMSE exceeds float's, with a paired bootstrap interval."""

    def excess(of_float: np.ndarray, of_int8: np.ndarray) -> np.ndarray:
        ratio = np.mean(of_int8, axis=-1) / np.maximum(np.mean(of_float, axis=-1), 1e-30)
        return np.asarray(100 * (np.sqrt(ratio) - 1))

    errors = tuple(np.mean((p - y) ** 2, axis=1) for p in (predicted_float, predicted_int8))
    low, high = _bootstrap(errors, excess, seed)
    return Estimate(float(excess(*errors)), (low, high))


def _bootstrap(
    samples: tuple[np.ndarray, ...], statistic: object, seed: int
) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    interval = stats.bootstrap(
        samples, statistic, paired=len(samples) > 1, method="percentile", n_resamples=2000, rng=rng
    ).confidence_interval
    return float(interval.low), float(interval.high)
