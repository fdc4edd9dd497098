"""Gates beside the drop, which int8 classes and labels pass to stand for those of float."""

import numpy as np

from zoo.metrics import classes, gates, labels
from zoo.metrics.gates import Gate
from zoo.tasks.task import Task


def of_classes(
    task: Task, y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float
) -> list[Gate]:
    """Return the gates of one class per row: the same class, each class's recall, log-loss.

    Args:
        task: whose rows these are.
        y: class numbers, (rows,).
        first, second: logits of float and int8, (rows, classes).
        max_drop: points of accuracy.
    """
    before, after = first.argmax(axis=1), second.argmax(axis=1)
    lost, won = y[(before == y) & (after != y)], y[(before != y) & (after == y)]
    changed, what = int((before != after).sum()), "rows with another class than float's"
    counts = [task.counts(rows) for rows in (lost, won, y)]
    return [
        gates.disagreement(changed, len(y), len(y), what, max_drop),
        *gates.recall(task.labels, counts, max_drop),
        *gates.loss(classes.losses(y, first), classes.losses(y, second), max_drop),
    ]


def of_labels(
    task: Task, y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float
) -> list[Gate]:
    """Return the gates of several labels per row, of which most are absent from most rows.

    Only labels that float or int8 gives count as the same or another.

    Args:
        y: 0/1 matrix, (rows, labels).
        first, second: logits, (rows, labels).
        max_drop: points of macro F1.
    """
    known, before, after = y > 0, first > 0, second > 0
    changed, given = int((before != after).sum()), int((before | after).sum())
    of_each = (known & before & ~after, known & ~before & after, known)
    losses = [labels.losses(y, outputs).mean(axis=1) for outputs in (first, second)]
    return [
        gates.disagreement(changed, given, len(y), "labels other than float's", max_drop),
        *gates.recall(task.labels, [task.counts(one) for one in of_each], max_drop),
        *gates.loss(losses[0], losses[1], max_drop),
    ]
