"""Judges of the metrics that tasks have unasked, with the intervals that are known for them."""

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics import intervals, labels, numbers
from zoo.metrics.intervals import Estimate
from zoo.tasks.judging.judge import Judge
from zoo.tasks.units import Units

if TYPE_CHECKING:
    from zoo.tasks.judging.judged import Judged


class ByAccuracy(Judge):
    """The share of rows whose class is right; logits, (rows, classes)."""

    def score(self, task: "Judged", y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return float((outputs.argmax(axis=1) == y).mean())

    def estimate(self, task: "Judged", y: np.ndarray, outputs: np.ndarray) -> Estimate:
        return intervals.share(outputs.argmax(axis=1) == y)

    def drop(
        self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> Estimate:
        return intervals.share_drop(first.argmax(axis=1) == y, second.argmax(axis=1) == y)

    def lost(self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        right = [int((outputs.argmax(axis=1) == y).sum()) for outputs in (first, second)]
        return 100 * (right[0] - right[1]) / len(y)

    def least(self, task: "Judged", y: np.ndarray) -> float:
        return 100 / len(y)


class ByError(Judge):
    """The root mean squared error; targets and outputs, (rows, targets)."""

    def score(self, task: "Judged", y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        errors = units.standardize(y) - units.standardize(outputs)
        return float(np.sqrt(np.mean(errors**2))) * units.pooled

    def estimate(self, task: "Judged", y: np.ndarray, outputs: np.ndarray) -> Estimate:
        return intervals.error(y, outputs)

    def drop(
        self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> Estimate:
        return intervals.error_rise(y, first, second)

    def lost(self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        return float(numbers.rises(y, first, second).mean())

    def least(self, task: "Judged", y: np.ndarray) -> float:
        return 0.0


class ByLabels(Judge):
    """The mean F1 of several labels a row; 0/1 and logits, (rows, labels)."""

    def score(self, task: "Judged", y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return float(labels.mean_f1(labels.columns(y > 0, outputs > 0).sum(axis=0)))

    def estimate(self, task: "Judged", y: np.ndarray, outputs: np.ndarray) -> Estimate:
        return labels.estimate(y > 0, outputs > 0)

    def drop(
        self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> Estimate:
        return labels.drop(y > 0, first > 0, second > 0)

    def lost(self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        return labels.lost(y > 0, first > 0, second > 0)

    def least(self, task: "Judged", y: np.ndarray) -> float:
        """One of all true labels, so that one of few rows does not loosen the bound."""
        return 100 / max(1, sum(task.counts(y)))
