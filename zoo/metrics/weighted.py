"""Figures as functions of row weights, so that a bootstrap sample is one more row of weights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zoo.metrics.bootstrap import percentiles

# weights, (resamples, rows), that sum to the rows of each class -> (resamples,)
Weighted = Callable[[np.ndarray], np.ndarray]
# a figure's value and its values on the resamples -> the ends of its 95 % interval
Interval = Callable[[float, np.ndarray], tuple[float, float]]


def middle(value: float, samples: np.ndarray) -> tuple[float, float]:
    """Return percentiles of the resamples, whatever the value."""
    return percentiles(samples)


@dataclass(frozen=True)
class Measure:
    """A figure of merit of given rows and outputs.

    Attributes:
        at: the figure for weighted rows.
        interval: its 95 % interval; percentiles, or a form that keeps its width where no row
            differs.
    """

    at: Weighted
    interval: Interval = middle


def total(column: np.ndarray) -> Weighted:
    """Return the weighted sum of a column, (rows,)."""
    return lambda weights: np.asarray(weights @ column.astype(weights.dtype))


def mean(column: np.ndarray) -> Weighted:
    """Return the weighted mean of a column, (rows,)."""
    return lambda weights: np.asarray(weights @ column.astype(weights.dtype) / len(column))


def once(rows: int) -> np.ndarray:
    """Return the weights that hold every row once, (1, rows)."""
    return np.ones((1, rows))
