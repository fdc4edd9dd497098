"""Metrics of predicted numbers, each as a function of row weights.

Everywhere y holds targets and `predicted` the predictions, both (rows, targets).
"""

import numpy as np

from zoo.metrics.errors import quantile_losses
from zoo.metrics.weighted import Measure, mean

FINEST = 1 / 50  # of a target's spread
TINY = float(np.finfo(np.float64).tiny)


def rmse(y: np.ndarray, predicted: np.ndarray) -> Measure:
    """Return the root mean squared error over all values, in units of the targets."""
    squares = mean(np.mean((predicted - y) ** 2, axis=1))
    return Measure(lambda weights: np.sqrt(squares(weights)))


def mae(y: np.ndarray, predicted: np.ndarray) -> Measure:
    """Return the mean absolute error over all values, in units of the targets."""
    return Measure(mean(np.mean(np.abs(predicted - y), axis=1)))


def mape(y: np.ndarray, predicted: np.ndarray) -> Measure | None:
    """Return the mean absolute error as a share of the target; None where a target is 0."""
    if not (y != 0).all():
        return None
    return Measure(mean(np.mean(np.abs((predicted - y) / y), axis=1)))


def pinball(y: np.ndarray, predicted: np.ndarray, quantile: float) -> Measure:
    """Return the mean quantile loss over all values (Koenker & Bassett 1978), in their units."""
    return Measure(mean(np.mean(quantile_losses(y - predicted, quantile), axis=1)))


def r2(y: np.ndarray, predicted: np.ndarray) -> Measure | None:
    """Return the share of the variance that is explained; None where all targets are equal."""
    if not (y != y[0]).any(axis=0).all():
        return None
    centered, errors = y - y.mean(axis=0), predicted - y
    columns = np.concatenate([errors**2, centered**2, centered], axis=1) / len(y)

    def figure(weights: np.ndarray) -> np.ndarray:
        lost, squares, means = np.split(weights @ columns.astype(weights.dtype), 3, axis=1)
        variance = squares - means**2
        # undefined for a resample of equal targets
        shares = np.where(variance > 1e-9 * squares, 1 - lost / np.maximum(variance, 1e-30), np.nan)
        return np.asarray(shares.mean(axis=1))

    return Measure(figure)


def spread(y: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each target, (targets,); of equal ones their size."""
    values = y.astype(np.float64)
    std, size = values.std(axis=0), np.abs(values).max(axis=0)
    return np.asarray(np.where(std > 1e-6 * size, std, size))


def no_outliers(*found: np.ndarray) -> np.ndarray:
    """Return which rows of all arrays (rows, targets) are no outliers, (rows,).

    Outliers are the hundredth of an array's rows, one at least, that are farthest from the median.
    """
    kept = np.ones(len(found[0]), bool)
    for values in found:
        away = np.abs(values.astype(np.float64) - np.median(values, axis=0))
        middle = np.median(away, axis=0)
        far = (away / np.where(middle > 0, middle, 1.0)).max(axis=1)
        kept &= far <= np.quantile(far, 0.99, method="lower")
    return kept


def rmse_excess(of_float: np.ndarray, of_int8: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return by how many percent each target's RMSE is larger, from mean squared errors.

    An int8 output has 256 values: errors under a fiftieth of the target's spread are its step and
    not a loss, so less than that counts as that much, for both.

    Args:
        of_float, of_int8: (..., targets).
        spread: of each target, (targets,), in its unit.
    """
    least = np.maximum((FINEST * spread) ** 2, TINY)
    ratio = np.maximum(of_int8, least) / np.maximum(of_float, least)
    return np.asarray(100 * (np.sqrt(ratio) - 1))


def rises(y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> np.ndarray:
    """Return by how many percent each target's RMSE rises, (targets,); see `rmse_excess`."""
    squares = [((one - y) ** 2).mean(axis=0, dtype=np.float64) for one in (of_float, of_int8)]
    return rmse_excess(squares[0], squares[1], spread(y))


def largest_difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference of two arrays, relative to max(1, |expected|)."""
    return float(np.max(np.abs(found - expected) / np.maximum(1.0, np.abs(expected))))
