"""Errors that a regression minimizes: squares, absolute errors, or those of a quantile."""

from dataclasses import dataclass

import numpy as np

MEDIAN = 0.5
LEAST = 1e-3  # of the targets' usual size


@dataclass(frozen=True)
class Errors:
    """What is small for a good regression, by the metric that it is judged by.

    Attributes:
        level: of the quantile that is predicted, in (0, 1) (Koenker & Bassett 1978); 0.5, the
            median, makes halves of absolute errors. None is squares, which predict the mean.
        relative: whether a row counts by what its error is of the target.

    Examples:
        >>> Errors(0.9).mean(np.array([[0.0], [10.0]]), np.array([[5.0], [5.0]]))
        2.5
    """

    level: float | None = None
    relative: bool = False

    @property
    def statistic(self) -> str:
        """What of the targets is predicted, in words."""
        if self.level is None:
            return "mean"
        return "median" if self.level == MEDIAN else f"{self.level:g} quantile"

    def mean(self, y: np.ndarray, predicted: np.ndarray) -> float:
        """Return the mean error of predictions, both (rows,) or (rows, targets)."""
        errors = y.astype(np.float64) - predicted
        if self.level is None:
            return float(np.mean(errors**2))
        return float(np.mean(self.weights(y) * quantile_losses(errors, self.level)))

    def weights(self, y: np.ndarray) -> np.ndarray:
        """Return what each target counts, in the shape of y, 1 on average.

        One that is nearly 0 counts as a thousandth of their usual size.
        """
        sizes = np.abs(y.astype(np.float64))
        usual = float(np.sqrt(np.mean(sizes**2)))
        if not self.relative or not usual:
            return np.ones(y.shape)
        weights = 1 / np.maximum(sizes, LEAST * usual)
        return np.asarray(weights / weights.mean())

    def constant(self, y: np.ndarray) -> np.ndarray:
        """Return the best answer that looks at no row: of targets (rows, targets) one each."""
        if self.level is None:
            return np.asarray(y.mean(axis=0))
        if not self.relative:
            return np.asarray(np.quantile(y, self.level, axis=0))
        return np.array([_quantile(column, self.weights(column), self.level) for column in y.T])


def _quantile(y: np.ndarray, weights: np.ndarray, level: float) -> float:
    """Return the quantile of targets, (rows,), that count by weights."""
    order = np.argsort(y, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(y[order][min(int(np.searchsorted(reached, level)), len(y) - 1)])


def quantile_losses(errors: np.ndarray, level: float) -> np.ndarray:
    """Return the quantile loss of each of y - predicted."""
    return np.maximum(level * errors, (level - 1) * errors)


SQUARES = Errors()
