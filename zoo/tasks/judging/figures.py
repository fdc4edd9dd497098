"""Figures of class probabilities by name; those of one class or level by the metric chosen."""

from collections.abc import Iterable, Sequence

import numpy as np

from zoo.metrics import classes, ranking
from zoo.metrics.weighted import Measure
from zoo.tasks.metric import Metric


def figures_of(
    metric: Metric, labels: Sequence[str], names: Iterable[str], y: np.ndarray, logits: np.ndarray
) -> dict[str, Measure]:
    """Return the figures that are defined, the metric's first.

    Args:
        metric: chosen; figures that ask for a class or a level are left out unless they are it.
        labels: names of the classes.
        names: of the figures.
        y: class numbers, (rows,).
        logits: (rows, classes).
    """
    usual = [name for name in names if name not in ranking.OF_CLASS]
    ordered = dict.fromkeys((metric.name, *usual))
    found = {name: figure_of(metric, labels, name, y, logits) for name in ordered}
    return {name: measure for name, measure in found.items() if measure is not None}


def figure_of(
    metric: Metric, labels: Sequence[str], name: str, y: np.ndarray, logits: np.ndarray
) -> Measure | None:
    """Return one figure; None where it is undefined. Arguments as of `figures_of`."""
    p = classes.probabilities(logits)
    if name not in ranking.OF_CLASS:
        found: Measure | None = getattr(classes, name)(y, p)
        return found
    label = labels.index(metric.label) if metric.label else None
    return ranking.OF_CLASS[name](y, p, label, metric.level)
