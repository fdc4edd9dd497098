"""Judges: what outputs are worth by a metric, and what second outputs lose beside first ones."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics import numbers
from zoo.metrics.bootstrap import percentiles, resamples
from zoo.metrics.intervals import Estimate, Z
from zoo.metrics.weighted import Measure, once
from zoo.tasks.units import Units

if TYPE_CHECKING:
    from zoo.tasks.judging.judged import Judged


class Judge(ABC):
    """What a task asks of its metric; everywhere `task` is whose rows these are."""

    @abstractmethod
    def score(self, task: "Judged", y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        """Return the metric as a training shows it."""

    @abstractmethod
    def estimate(self, task: "Judged", y: np.ndarray, outputs: np.ndarray) -> Estimate:
        """Return the metric with its interval."""

    @abstractmethod
    def drop(
        self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> Estimate:
        """Return by how much the second outputs are worse, paired."""

    @abstractmethod
    def lost(self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        """Return the value of `drop` alone."""

    @abstractmethod
    def least(self, task: "Judged", y: np.ndarray) -> float:
        """Return the drop that one wrong answer makes; 0 where it has no size."""


class ByFigure(Judge):
    """Judging by any figure of the task, whose intervals come from rows drawn anew.

    A drop of numbers is in percent of the first outputs' error, all others in hundredths.
    """

    def score(self, task: "Judged", y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return _value(_measure(task, y, outputs), len(y))

    def estimate(self, task: "Judged", y: np.ndarray, outputs: np.ndarray) -> Estimate:
        order, drawn = _drawn(task, y)
        measure = _measure(task, y[order], outputs[order])
        value = _value(measure, len(y))
        samples = np.concatenate([measure.at(weights) for weights in drawn])
        return Estimate(value, measure.interval(value, samples), percentiles(samples))

    def drop(
        self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> Estimate:
        order, drawn = _drawn(task, y)
        both = [_measure(task, y[order], outputs[order]) for outputs in (first, second)]
        pairs = [[one.at(weights) for one in both] for weights in drawn]
        before, after = (np.concatenate(half) for half in zip(*pairs, strict=True))
        ends = percentiles(_apart(task, y, before, after))
        value = self.lost(task, y, first, second)
        one = Z * _spread(task, y)
        low, high = (float(np.hypot(value - end, one)) for end in ends)
        return Estimate(value, (value - low, value + high), ends)

    def lost(self, task: "Judged", y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        values = [_value(_measure(task, y, outputs), len(y)) for outputs in (first, second)]
        return float(_apart(task, y, *map(np.array, values)))

    def least(self, task: "Judged", y: np.ndarray) -> float:
        """Return what one answer of the rarest class makes of a mean over classes."""
        counts = _counts(task, y)
        return 100 / (len(counts) * float(counts.min())) if len(counts) else 0.0


def _measure(task: "Judged", y: np.ndarray, outputs: np.ndarray) -> Measure:
    found = task.measure(y, outputs)
    assert found is not None, task.metric.needs  # data without such rows are refused
    return found


def _value(measure: Measure, rows: int) -> float:
    return float(measure.at(once(rows))[0])


def _drawn(task: "Judged", y: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return rows in the order of their strata, and how often each is drawn."""
    strata = task.strata(y)
    strata = np.zeros(len(y), int) if strata is None else strata
    order = np.argsort(strata, kind="stable")
    return order, list(resamples(strata[order]))


def _apart(task: "Judged", y: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return by how much the figure is worse afterwards, in the metric's unit of a drop."""
    if not task.numbers:
        return np.asarray(100 * task.metric.better * (before - after))
    step = _measure(task, y, y - numbers.FINEST * numbers.spread(y))  # of an int8 output
    least = max(_value(step, len(y)), numbers.TINY)
    return np.asarray(100 * (np.maximum(after, least) / np.maximum(before, least) - 1))


def _counts(task: "Judged", y: np.ndarray) -> np.ndarray:
    """Return the rows of each class that a single answer counts in; none where it has no size."""
    if not task.metric.stepped:
        return np.zeros(0, int)
    label = task.metric.label
    counts = np.array(task.counts(y))
    counts = counts[[task.labels.index(label)]] if label else counts
    return np.asarray(counts[counts > 0])


def _spread(task: "Judged", y: np.ndarray) -> float:
    """Return the spread of a drop that one answer of each class makes, in points.

    As of labels, see `zoo.metrics.labels.drop`: no interval is narrower, also where none differs.
    """
    counts = _counts(task, y)
    return 100 * float(np.sqrt(np.sum(1.0 / counts**2))) / max(1, len(counts))
