"""Metrics of weighted rows, so that a bootstrap sample is one more row of weights.

scikit-learn is what the tests compare with; for a thousand resamples it would need minutes.
"""

from collections.abc import Callable

import numpy as np

BINS = 15  # of confidence: Guo et al. 2017, section 2

# weights, (resamples, rows), that sum to the rows of each class -> (resamples,)
Weighted = Callable[[np.ndarray], np.ndarray]


def figures_of(task: str, y: np.ndarray, outputs: np.ndarray) -> dict[str, Weighted]:
    """Return the figures of a task that are defined, as functions of weights."""
    if task == "regression":
        return _of_regression(y.astype(np.float64), outputs.astype(np.float64))
    return _of_classes(y, probabilities(outputs))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits, (rows, classes), in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def calibration_error(y: np.ndarray, logits: np.ndarray) -> float:
    """Return the expected calibration error of logits: Guo et al. 2017, equation 3."""
    p = probabilities(logits)
    return float(_ece(p.max(axis=1), p.argmax(axis=1) == y)(once(len(y)))[0])


def reliability(y: np.ndarray, logits: np.ndarray) -> list[dict[str, float]]:
    """Return what a reliability diagram shows: Guo et al. 2017, figure 1.

    Of each bin of confidence that has rows: their mean `confidence`, their `accuracy`, how many.
    """
    p = probabilities(logits)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = _bins(confidence)
    return [
        {
            "confidence": float(confidence[bins == n].mean()),
            "accuracy": float(right[bins == n].mean()),
            "rows": int((bins == n).sum()),
        }
        for n in np.unique(bins)
    ]


def confusion(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return how many rows of each class (first axis) were taken for each class: integers."""
    classes = logits.shape[1]
    pairs = y * classes + logits.argmax(axis=1)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def _of_classes(y: np.ndarray, p: np.ndarray) -> dict[str, Weighted]:
    rows = np.arange(len(y))
    chosen, counts = p.argmax(axis=1), np.bincount(y, minlength=p.shape[1])
    right = chosen == y
    truth = np.zeros_like(p)
    truth[rows, y] = 1
    brier = np.sum((p - truth) ** 2, axis=1) / (2 if p.shape[1] == 2 else 1)
    figures = {
        "accuracy": _mean(right),
        "balanced_accuracy": _sum(right / counts[y] / np.count_nonzero(counts)),
        "macro_f1": _macro_f1(y, chosen, counts),
    }
    if np.count_nonzero(counts) > 1:
        figures["roc_auc"] = _roc_auc(y, p, counts)
    return figures | {
        "log_loss": _mean(-np.log(np.maximum(p[rows, y], np.finfo(np.float64).tiny))),
        "brier": _mean(brier),
        "ece": _ece(p.max(axis=1), right),
    }


def _of_regression(y: np.ndarray, predicted: np.ndarray) -> dict[str, Weighted]:
    errors = predicted - y
    squares = _mean(np.mean(errors**2, axis=1))
    figures: dict[str, Weighted] = {
        "rmse": lambda weights: np.sqrt(squares(weights)),
        "mae": _mean(np.mean(np.abs(errors), axis=1)),
    }
    if (y != 0).all():
        figures["mape"] = _mean(np.mean(np.abs(errors / y), axis=1))
    if (y != y[0]).any(axis=0).all():
        figures["r2"] = _r2(y, errors)
    return figures


def _sum(column: np.ndarray) -> Weighted:
    return lambda weights: np.asarray(weights @ column.astype(weights.dtype))


def _mean(column: np.ndarray) -> Weighted:
    return lambda weights: np.asarray(weights @ column.astype(weights.dtype) / len(column))


def _macro_f1(y: np.ndarray, chosen: np.ndarray, counts: np.ndarray) -> Weighted:
    """The mean of 2 hits / (rows + answers) over the classes that are a row's or an answer."""
    order = np.argsort(chosen, kind="stable")
    answered, first = np.unique(chosen[order], return_index=True)
    right = (chosen == y)[order]
    classes = np.count_nonzero(counts + np.bincount(chosen, minlength=len(counts)))

    def figure(weights: np.ndarray) -> np.ndarray:
        moved = weights[:, order]
        answers = np.add.reduceat(moved, first, axis=1)
        hits = np.add.reduceat(moved * right, first, axis=1)
        shares = 2 * hits / np.maximum(counts[answered] + answers, 1)
        return np.asarray(shares.sum(axis=1) / classes)

    return figure


def _roc_auc(y: np.ndarray, p: np.ndarray, counts: np.ndarray) -> Weighted:
    """The mean area of one class against the rest, to first order in the weights.

    A row's part is the share of the other side that it is ranked right against: DeLong et al. 1988
    (Biometrics 44:837), equations 5 and 6. Ties are half right.
    """
    present = np.flatnonzero(counts)
    parts, areas = np.zeros(len(y)), []
    for label in present:
        mine = y == label
        ours, others = np.sort(p[mine, label]), np.sort(p[~mine, label])
        above = _rank(others, p[mine, label]) / len(others)
        below = 1 - _rank(ours, p[~mine, label]) / len(ours)
        parts[mine] += above / len(ours)
        parts[~mine] += below / len(others)
        areas.append(above.mean())
    linear, area = _sum(parts / len(present)), float(np.mean(areas))
    return lambda weights: linear(weights) - area


def _rank(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return how many of `ordered` are below each value, ties half."""
    ends = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return np.asarray(sum(ends) / 2)


def _bins(confidence: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1))


def _ece(confidence: np.ndarray, right: np.ndarray) -> Weighted:
    bins = _bins(confidence)
    gaps = np.zeros((len(right), BINS))
    gaps[np.arange(len(right)), bins] = (right - confidence) / len(right)
    return lambda weights: np.abs(weights @ gaps.astype(weights.dtype)).sum(axis=1)


def _r2(y: np.ndarray, errors: np.ndarray) -> Weighted:
    centred = y - y.mean(axis=0)
    columns = np.concatenate([errors**2, centred**2, centred], axis=1) / len(y)

    def figure(weights: np.ndarray) -> np.ndarray:
        lost, squares, means = np.split(weights @ columns.astype(weights.dtype), 3, axis=1)
        variance = squares - means**2
        # a resample of equal targets says nothing
        shares = np.where(variance > 1e-9 * squares, 1 - lost / np.maximum(variance, 1e-30), np.nan)
        return np.asarray(shares.mean(axis=1))

    return figure


def once(rows: int) -> np.ndarray:
    """Return the weights that hold every row once, (1, rows)."""
    return np.ones((1, rows))
