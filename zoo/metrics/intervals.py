"""Confidence intervals of proportions, of errors, and of paired differences."""

import math
from dataclasses import dataclass

import numpy as np

from zoo.metrics import numbers
from zoo.metrics.bootstrap import percentiles, resampled_means

Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % intervals."""

    value: float
    ci95: tuple[float, float]  # keeps its width where all rows agree
    bootstrap95: tuple[float, float]  # percentiles of resampled rows (Efron 1979), paired


def wilson(count: int, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, `count` of `rows` (Wilson 1927)."""
    from scipy import stats  # a second to import

    interval = stats.binomtest(count, rows).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def mean_of_shares(counts: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the mean of several shares, from Wilson's of each.

    Zou & Donner 2008 (Statistics in Medicine 27:1693): the distances from each share to its ends
    add up as squares.

    Args:
        counts: of each share, (shares,), for example right answers to the rows of each class.
        rows: of each share, (shares,), at least 1.
    """
    shares = counts / rows
    ends = np.array([wilson(int(count), int(of)) for count, of in zip(counts, rows, strict=True)])
    return mean_of_intervals(shares, ends)


def mean_of_intervals(values: np.ndarray, ends: np.ndarray) -> tuple[float, float]:
    """Return the interval, within 0 and 1, of the mean of independent figures.

    Args:
        values: of the figures, (figures,).
        ends: of their intervals, (figures, 2).
    """
    below, above = np.linalg.norm(ends - values[:, None], axis=0) / len(values)
    mean = float(values.mean())
    return max(0.0, mean - float(below)), min(1.0, mean + float(above))


def share(right: np.ndarray) -> Estimate:
    """Return the share of true values with Wilson's interval.

    Args:
        right: booleans, one per row.
    """
    count = int(right.sum())
    ends = percentiles(resampled_means(right[:, None].astype(np.float64))[:, 0])
    return Estimate(count / len(right), wilson(count, len(right)), ends)


def share_drop(right_float: np.ndarray, right_int8: np.ndarray) -> Estimate:
    """Return by how much fewer rows are right on the same rows, in points (hundredths).

    `ci95` is Agresti & Min's for matched pairs (2005, "Simple improved confidence intervals for
    comparing matched proportions"): where no row differs a bootstrap has no width.
    """
    lost, won = int(np.sum(right_float & ~right_int8)), int(np.sum(~right_float & right_int8))
    value = 100 * (int(right_float.sum()) - int(right_int8.sum())) / len(right_float)
    differences = 100 * (right_float.astype(np.float64) - right_int8)[:, None]
    ends = percentiles(resampled_means(differences)[:, 0])
    return Estimate(value, matched(lost, won, len(right_float)), ends)


def matched(lost: int, won: int, rows: int, z: float = Z) -> tuple[float, float]:
    """Return the interval of the drop of a share of the same rows, in points.

    Args:
        lost: rows that only the first has right.
        won: rows that only the second has right.
        rows: of all.
        z: normal quantile of the level.
    """
    apart, net, count = lost + won + 1.0, lost - won, rows + 2
    half = z * math.sqrt(max(0.0, apart - net**2 / count)) / count
    return 100 * (net / count - half), 100 * (net / count + half)


def error(y: np.ndarray, predicted: np.ndarray) -> Estimate:
    """Return the root mean squared error of (rows, targets), in the targets' units."""
    errors = np.mean((predicted - y) ** 2, axis=1, keepdims=True)
    ends = percentiles(np.sqrt(resampled_means(errors))[:, 0])
    return Estimate(float(np.sqrt(errors.mean())), ends, ends)


def error_rise(y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> Estimate:
    """Return by how many percent int8's RMSE exceeds float's, the mean over targets.

    A float RMSE under a fiftieth of a target's spread counts as that much: see `rmse_excess`.
    """
    values, samples = rises(y, of_float, of_int8)
    ends = percentiles(samples.mean(axis=-1))
    return Estimate(float(values.mean()), ends, ends)


def rises(
    y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return by how many percent each target's RMSE rises, (targets,), and resampled, (n, targets).

    Args:
        y: truth, (rows, targets).
        of_float, of_int8: answers, of the same shape.
    """
    errors = np.concatenate([(of_float - y) ** 2, (of_int8 - y) ** 2], axis=1).astype(np.float64)
    of_both = np.split(resampled_means(errors), 2, axis=-1)
    samples = numbers.rmse_excess(of_both[0], of_both[1], numbers.spread(y))
    return numbers.rises(y, of_float, of_int8), samples


def of_mean(values: np.ndarray) -> tuple[float, float]:
    """Return the interval of the mean of (rows,), from resampled rows."""
    return percentiles(resampled_means(values[:, None])[:, 0])
