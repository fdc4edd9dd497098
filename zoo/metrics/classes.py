"""Metrics of class probabilities, each as a function of row weights.

scikit-learn is what the tests compare with; for a thousand resamples it would need minutes.
Everywhere y holds class numbers, (rows,), and p the probabilities of each class, (rows, classes).
"""

import numpy as np

from zoo.metrics.bootstrap import percentiles, shifted
from zoo.metrics.intervals import mean_of_shares, wilson
from zoo.metrics.weighted import Measure, Weighted, mean, once, total

BINS = 15  # of confidence: Guo et al. 2017, section 2


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits, (rows, classes), in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def confusion(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return how many rows of each class (first axis) were taken for each class: integers."""
    classes = logits.shape[1]
    pairs = y * classes + logits.argmax(axis=1)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def accuracy(y: np.ndarray, p: np.ndarray) -> Measure:
    """Return the accuracy, with Wilson's interval."""
    right = p.argmax(axis=1) == y
    return Measure(mean(right), lambda value, samples: wilson(int(right.sum()), len(y)))


def balanced_accuracy(y: np.ndarray, p: np.ndarray) -> Measure:
    """Return the mean over classes of the share of their rows that is answered right."""
    right, counts = p.argmax(axis=1) == y, np.bincount(y, minlength=p.shape[1])
    hits = np.bincount(y[right], minlength=len(counts))
    present = counts > 0
    return Measure(
        total(right / counts[y] / np.count_nonzero(counts)),
        lambda value, samples: mean_of_shares(hits[present], counts[present]),
    )


def macro_f1(y: np.ndarray, p: np.ndarray) -> Measure:
    """Return the mean of 2 hits / (rows + predictions) over classes with a row or prediction."""
    chosen, counts = p.argmax(axis=1), np.bincount(y, minlength=p.shape[1])
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

    return Measure(figure)


def roc_auc(y: np.ndarray, p: np.ndarray) -> Measure | None:
    """Return the mean area of one class against the rest, to first order in the weights.

    The weight of a row is its influence on the area: the share of the other side that it is ranked
    right against, ties half (DeLong et al. 1988, Biometrics 44:837, equations 5 and 6).

    Returns:
        None where all rows are of one class.
    """
    present = np.unique(y)
    if len(present) < 2:
        return None
    parts, areas = np.zeros(len(y)), []
    for label in present:
        influence, area = influence_on_area(y == label, p[:, label])
        parts += influence
        areas.append(area)
    linear, area = total(parts / len(present)), float(np.mean(areas))
    return Measure(lambda weights: linear(weights) - area, up_to_one)


def influence_on_area(mine: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, float]:
    """Return each row's part in the area under the ROC curve of one class, and that area."""
    parts = np.zeros(len(scores))
    ours, others = np.sort(scores[mine]), np.sort(scores[~mine])
    above = _rank(others, scores[mine]) / len(others)
    parts[mine] = above / len(ours)
    parts[~mine] = (1 - _rank(ours, scores[~mine]) / len(ours)) / len(others)
    return parts, float(above.mean())


def up_to_one(value: float, samples: np.ndarray) -> tuple[float, float]:
    """Return percentiles, cut at 1: a figure to first order can leave its range."""
    low, high = percentiles(samples)
    return low, min(high, 1.0)


def losses(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the negative log-probability of each row's class, nats (rows,)."""
    from scipy.special import log_softmax

    return np.asarray(-log_softmax(logits, axis=1)[np.arange(len(y)), y])


def log_loss(y: np.ndarray, p: np.ndarray) -> Measure:
    """Return the mean negative log-probability of the true class, in nats."""
    of_truth = p[np.arange(len(y)), y]
    return Measure(mean(-np.log(np.maximum(of_truth, np.finfo(np.float64).tiny))))


def brier(y: np.ndarray, p: np.ndarray) -> Measure:
    """Return the Brier score as scikit-learn scales it: halved for two classes."""
    truth = np.zeros_like(p)
    truth[np.arange(len(y)), y] = 1
    return Measure(mean(np.sum((p - truth) ** 2, axis=1) / (2 if p.shape[1] == 2 else 1)))


def ece(y: np.ndarray, p: np.ndarray) -> Measure:
    """Return the expected calibration error: Guo et al. 2017 (arXiv:1706.04599), equation 3."""
    return Measure(_ece(p.max(axis=1), p.argmax(axis=1) == y), shifted)


def calibration_error(y: np.ndarray, logits: np.ndarray) -> float:
    """Return the expected calibration error of logits."""
    return float(ece(y, probabilities(logits)).at(once(len(y)))[0])


def bins_of(confidence: np.ndarray) -> np.ndarray:
    """Return the bin, 0 to 14, of each confidence in [0, 1]."""
    return np.asarray(np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1))


def _rank(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return how many of `ordered` are below each value, ties half."""
    ends = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return np.asarray(sum(ends) / 2)


def _ece(confidence: np.ndarray, right: np.ndarray) -> Weighted:
    gaps = np.zeros((len(right), BINS))
    gaps[np.arange(len(right)), bins_of(confidence)] = (right - confidence) / len(right)
    return lambda weights: np.abs(weights @ gaps.astype(weights.dtype)).sum(axis=1)
