"""Metrics of how rows are ranked by the probability of a class, as functions of row weights.

y holds class numbers, (rows,), and p the probabilities of each class, (rows, classes). scikit-learn
is what the tests compare with.
"""

from collections.abc import Callable, Mapping

import numpy as np

from zoo.metrics.labels import TINY, mean_average_precision, unbiased
from zoo.metrics.weighted import Measure, Weighted

NEARLY = 1e-6  # of a row: weights are float32


def pr_auc(y: np.ndarray, p: np.ndarray, label: int | None, level: float | None) -> Measure | None:
    """Return the average precision of one class, or the mean over the classes that rows have.

    Returns:
        None where no row has the class.
    """
    mine, scores = _ranked(y, p, label)
    return mean_average_precision(mine, scores)


def recall_at_precision(
    y: np.ndarray, p: np.ndarray, label: int | None, level: float | None
) -> Measure | None:
    """Return the largest recall at any threshold with at least a precision; 0 where there is none.

    Args:
        label: of the class; None for the mean over those that rows have.
        level: the precision, in (0, 1).

    Returns:
        None where no row has the class.
    """
    assert level is not None
    mine, scores = _ranked(y, p, label)
    parts = [_recall(mine[:, n], scores[:, n], level) for n in np.flatnonzero(mine.any(axis=0))]
    if not parts:
        return None
    return Measure(lambda weights: np.mean([part(weights) for part in parts], axis=0), unbiased)


def _ranked(y: np.ndarray, p: np.ndarray, label: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have each class, and their scores, both (rows, classes)."""
    mine = y[:, None] == np.arange(p.shape[1])
    return (mine, p) if label is None else (mine[:, [label]], p[:, [label]])


def _recall(mine: np.ndarray, scores: np.ndarray, level: float) -> Weighted:
    order = np.argsort(-scores, kind="stable")
    ranked, hit = scores[order], mine[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))

    def figure(weights: np.ndarray) -> np.ndarray:
        moved = weights[:, order]
        hits = np.cumsum(np.add.reduceat(moved * hit, first, axis=1), axis=1)
        answered = np.cumsum(np.add.reduceat(moved, first, axis=1), axis=1)
        enough = hits >= level * answered - NEARLY
        return np.asarray((hits * enough).max(axis=1) / np.maximum(hits[:, -1], TINY))

    return figure


OF_CLASS: Mapping[
    str, Callable[[np.ndarray, np.ndarray, int | None, float | None], Measure | None]
] = {"pr_auc": pr_auc, "recall_at_precision": recall_at_precision}
