"""Thresholds of labels, chosen on validation rows and folded into the bias of the last layer.

The threshold with the largest F1 is seldom a half (Lipton et al. 2014, arXiv:1402.1892). A logit
less the logit of its threshold is positive where the label is answered, on every device; adding it
again gives the probability that the model was trained to tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.metrics.labels import columns, mean_f1
from zoo.tasks.adjustment import FOLDS, Adjustment
from zoo.tasks.outputs import log_odds, sigmoid

LARGEST = 10.0  # logit of a threshold


@dataclass(frozen=True)
class Thresholds(Adjustment):
    """A threshold for each label, and what they do to the validation rows.

    The pair is before and after: of every fifth of the rows at the thresholds of the others.
    """

    values: tuple[float, ...]  # probabilities; a half where others do not raise the macro F1
    rows: int
    macro_f1: tuple[float, float]

    name = "thresholds"
    figure = "macro_f1"

    @property
    def shift(self) -> np.ndarray:
        return -log_odds(np.array(self.values))

    @classmethod
    def undone(cls, record: Mapping[str, Any], outputs: np.ndarray) -> np.ndarray:
        cuts = np.array(record["values"])
        if cuts.shape != outputs.shape[1:]:
            raise UserError(
                f"thresholds.json holds {len(cuts)} thresholds for {outputs.shape[1]} labels. "
                "Train the model again."
            )
        return np.asarray(outputs + log_odds(cuts))

    @classmethod
    def title(cls, record: Mapping[str, Any]) -> str:
        return "thresholds"


def of_logits(y: np.ndarray, logits: np.ndarray) -> Thresholds:
    """Return the thresholds of logits, (rows, labels), at least 5 rows."""
    folds, said = np.arange(len(y)) % FOLDS, np.zeros(y.shape, bool)
    for number in range(FOLDS):
        mine = folds == number
        said[mine] = logits[mine] > best(y[~mine], logits[~mine])
    scores = [float(mean_f1(columns(y > 0, one).sum(axis=0))) for one in (logits > 0, said)]
    cuts = best(y, logits) if scores[1] > scores[0] else np.zeros(y.shape[1])
    values = tuple(float(value) for value in sigmoid(cuts))
    return Thresholds(values, len(y), (scores[0], scores[1]))


def best(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the logit of each label above which answering it has the largest F1, (labels,).

    0 for labels of which there are fewer than 5 rows, or fewer than 5 without.
    """
    counts = y.sum(axis=0, dtype=np.int64)
    known = np.minimum(counts, len(y) - counts) >= FOLDS
    found = [_cut(*pair) if of else 0.0 for *pair, of in zip(y.T, logits.T, known, strict=True)]
    return np.clip(found, -LARGEST, LARGEST)


def _cut(mine: np.ndarray, logits: np.ndarray) -> float:
    """Return the middle between the two neighboring logits with the best F1 to cut at.

    Below the lowest where answering the label always is best.
    """
    order = np.argsort(-logits, kind="stable")
    ranked, hits = logits[order], np.cumsum(mine[order])
    return _middle(ranked, 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1]))


def _middle(ranked: np.ndarray, f1: np.ndarray) -> float:
    """Return the cut after the place with the best F1, among descending logits."""
    below = np.append(ranked[1:], ranked[-1] - max(1.0, ranked[0] - ranked[-1]))
    place = int(np.where(ranked > below, f1, -1.0).argmax())
    return float((ranked[place] + below[place]) / 2)


def expected(logits: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return logits moved so that answering above 0 has the best F1 that they expect themselves.

    For models that are fitted to the log-loss and are given no thresholds, such as baselines: the
    probabilities of `rows` stand for their labels (Lipton et al. 2014, theorem 1).

    Args:
        logits: to be moved, (rows, labels).
        rows: logits of rows that the model was fitted to, (any, labels).
    """
    cuts = []
    for column in np.asarray(rows, np.float64).T:
        ranked = np.sort(column)[::-1]
        hits = np.cumsum(sigmoid(ranked))
        f1 = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
        cuts.append(_middle(ranked, f1))
    return np.asarray(logits - np.array(cuts))
