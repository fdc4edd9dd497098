"""The threshold of two classes, chosen on validation rows by the metric.

Of uneven classes the rarer is seldom likelier than not, even where a row is far likelier than
others to have it: a classifier that is right about probabilities answers the common class alone.
The threshold with the best metric goes into the bias of the last layer (Elkan 2001, "The
foundations of cost-sensitive learning", section 2.2; Lipton et al. 2014, arXiv:1402.1892), so that
the larger logit is the answer on every device.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from zoo.tasks.adjustment import FOLDS
from zoo.tasks.judging.choice import is_uneven
from zoo.tasks.metric import Metric
from zoo.tasks.outputs import sigmoid

LARGEST = 10.0  # logit of a threshold

# rows of the two classes that are answered as the second, and all rows of both -> the figure
Worth = Callable[[np.ndarray, np.ndarray, float, float], np.ndarray]


@dataclass(frozen=True)
class Cut:
    """Where the second of two classes begins to be answered, and what that does.

    The pair is the metric before and after: of every fifth of the rows at the cut of the others.
    """

    logit: float
    metric: str
    before: float
    after: float


def _balanced(wrong: np.ndarray, right: np.ndarray, first: float, second: float) -> np.ndarray:
    return np.asarray((1 - wrong / first + right / second) / 2)


def _mean_f1(wrong: np.ndarray, right: np.ndarray, first: float, second: float) -> np.ndarray:
    of_second = 2 * right / (right + wrong + second)
    kept = first - wrong
    return np.asarray((of_second + 2 * kept / (kept + second - right + first)) / 2)


BY: Mapping[str, Worth] = {"balanced_accuracy": _balanced, "macro_f1": _mean_f1}
RANKED = ("roc_auc", "pr_auc")  # a threshold leaves them as they are
PRECISE = "recall_at_precision"


def cut_of(
    metric: Metric, labels: tuple[str, ...], y: np.ndarray, logits: np.ndarray
) -> Cut | None:
    """Return the cut between two classes that a metric is best at; None where 0 is as good.

    None, too, where the metric has no use for one, or a class has fewer than 5 rows.

    Args:
        metric: that was chosen.
        labels: names of the classes.
        y: class numbers of the validation rows.
        logits: of these, (rows, classes).
    """
    counts = np.bincount(y, minlength=len(labels))
    if len(labels) != 2 or counts.min() < FOLDS:
        return None
    apart = (logits[:, 1] - logits[:, 0]).astype(np.float64)
    if metric.name == PRECISE:
        return _precise(metric, labels.index(metric.label or labels[1]), y, apart)
    name = metric.name
    if name in RANKED and is_uneven([int(count) for count in counts]):
        name = next(iter(BY))
    return _raised(name, y, apart) if name in BY else None


def expected(
    metric: Metric, labels: tuple[str, ...], logits: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Return logits of two classes moved to the cut that they expect to be best themselves.

    For models that are fitted to the log-loss and are given no threshold, such as baselines: the
    probabilities of `known` stand for its classes.

    Args:
        metric: that was chosen.
        labels: names of the classes.
        logits: to be moved, (rows, classes).
        known: of rows that the model was fitted to, (any, classes).
    """
    if metric.name not in BY or len(labels) != 2:
        return logits
    apart = (known[:, 1] - known[:, 0]).astype(np.float64)
    cut = _best(BY[metric.name], sigmoid(apart), apart)
    return np.asarray(logits + np.array([cut / 2, -cut / 2]))


def reached(
    metric: Metric, labels: tuple[str, ...], y: np.ndarray, logits: np.ndarray
) -> float | None:
    """Return the metric with the cut of each fifth of the rows that the others choose.

    None where the metric is what it is without. Arguments as of `cut_of`.
    """
    found = cut_of(metric, labels, y, logits) if metric.name in BY else None
    return None if found is None else found.after


def _raised(name: str, y: np.ndarray, apart: np.ndarray) -> Cut | None:
    """Return the best cut, if those of four fifths of the rows win the others more than a row."""
    folds, said = np.arange(len(y)) % FOLDS, np.zeros(len(y), bool)
    for number in range(FOLDS):
        mine = folds == number
        said[mine] = apart[mine] > _best(BY[name], y[~mine], apart[~mine])
    before, after = (_worth(BY[name], y, one) for one in (apart > 0, said))
    if after - before <= 1.001 * _one_row(y):
        return None
    return Cut(_best(BY[name], y, apart), name, before, after)


def _one_row(y: np.ndarray) -> float:
    """Return what one answer more to a row of the rarer class makes of a mean over both."""
    return float(1 / (2 * np.bincount(y, minlength=2).min()))


def _worth(of: Worth, y: np.ndarray, said: np.ndarray) -> float:
    second = int(y.sum())
    wrong, right = (said & (y == 0)).sum(), (said & (y == 1)).sum()
    return float(of(wrong, right, len(y) - second, second))


def _best(of: Worth, y: np.ndarray, apart: np.ndarray) -> float:
    """Return the cut with the best figure, of equals the nearest to 0; y may be probabilities."""
    cuts, right, wrong = _cuts(y, apart)
    second = y.sum()
    values = of(wrong, right, len(y) - second, second)
    order = np.lexsort((np.abs(cuts), -values.round(12)))
    return float(cuts[order[0]])


def _cuts(y: np.ndarray, apart: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cuts between neighbors, and the rows above each: of the second class, of the first."""
    order = np.argsort(-apart, kind="stable")
    ranked, hit = apart[order], y[order]
    ends = np.concatenate([[ranked[0] + 2], ranked, [ranked[-1] - 2]])
    places = np.flatnonzero(ends[:-1] > ends[1:])
    cuts = np.clip((ends[places] + ends[places + 1]) / 2, -LARGEST, LARGEST)
    right = np.concatenate([[0], np.cumsum(hit)])[places]
    return cuts, right, places - right


def _precise(metric: Metric, label: int, y: np.ndarray, apart: np.ndarray) -> Cut | None:
    """Return the cut with the most rows of a class found at the precision; None where none is."""
    assert metric.level is not None
    sign = 1 if label == 1 else -1
    mine = (y == label).astype(int)
    cuts, right, wrong = _cuts(mine, sign * apart)
    enough = (right > 0) & (right >= metric.level * (right + wrong))
    if not enough.any():
        return None
    best = int(np.where(enough, right, -1).argmax())
    before = float(((sign * apart > 0) & (mine == 1)).sum() / mine.sum())
    return Cut(sign * float(cuts[best]), metric.name, before, float(right[best] / mine.sum()))
