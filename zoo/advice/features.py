"""Single features that carry no information (constants) or all of it (leaks of the label)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.data.dataset import Data
from zoo.data.reading import OTHER
from zoo.metrics.weighted import once
from zoo.tasks import Task

BINS = 32  # of a feature's values, by quantiles; twice the classes where there are more
VALUES = 4_000_000  # of the training rows that are looked at: rows x features
SHOWN = 3
ANSWER = 0.99  # AUC, or R2, of a feature that tells all


@dataclass(frozen=True)
class Telling:
    """What one feature tells by itself: labels are counted in bins of its training values.

    Targets of a regression are taken by their ranks, so that a few large ones do not decide.
    """

    feature: str
    score: float | None  # ROC-AUC (mean of one class against the rest) or R2, on validation rows
    information: float  # share of the label's entropy, or of its variance; on training rows

    def warnings(self, task: type[Task]) -> list[str]:
        """Return a sentence, if it tells nearly all."""
        if (self.information if self.score is None else self.score) < ANSWER:
            return []
        shown = "" if self.score is None else f" ({task.words.told} {self.score:.3f})"
        return [
            f"{self.feature} alone predicts the {task.words.target}{shown}: is it known when the "
            f"model is used, or does it leak the {task.words.target}?"
        ]


def count_constants(data: Data) -> int:
    """Return how many values of a training row are the same in all of them.

    Where a category's column keeps a place for values that training rows lack, it does not count.
    """
    constant = (data.x_train == data.x_train[:1]).all(axis=0).ravel()
    counted = [not name.endswith(OTHER) for name in data.schema.get("features", [])]
    return int((constant & (counted or True)).sum())


def find_telling(data: Data, names: Sequence[str] = ()) -> tuple[Telling, ...]:
    """Return the three features that tell most, the best first; `names` are those of columns."""
    features = int(np.prod(data.input_shape))
    most = max(100, VALUES // features)
    chosen = np.arange(len(data.x_train))
    if len(chosen) > most:
        chosen = np.sort(np.random.default_rng(0).choice(len(chosen), most, replace=False))
    x, y = data.x_train[chosen].reshape(len(chosen), -1), data.y_train[chosen]
    y_held_out = data.y_validation
    if data.task.numbers:
        y, y_held_out = _ranked(y, y), _ranked(y, y_held_out)
    elif not data.task.exclusive:
        y = data.task.aims(y)
    bins = int(min(max(BINS, 2 * len(data.class_names)), max(2, len(x) // 4)))
    edges = np.quantile(x, np.arange(1, bins) / bins, axis=0)
    held_out = data.x_validation.reshape(len(data.x_validation), -1)
    told = _entropy_told if data.task.exclusive else _variance_told
    shares = np.array([told(_binned(x[:, f], edges[:, f]), y, bins) for f in range(features)])
    best = np.argsort(-shares, kind="stable")[:SHOWN]
    scores = []
    for f in best:
        table = _answers(data, _binned(x[:, f], edges[:, f]), y, bins)
        outputs = table[_binned(held_out[:, f], edges[:, f])]
        figure = data.task.figures(y_held_out, outputs).get(data.task.told)
        scores.append(None if figure is None else float(figure.at(once(len(held_out)))[0]))
    return tuple(
        Telling(names[f] if names else _name(int(f), data), score, float(shares[f]))
        for f, score in zip(best, scores, strict=True)
    )


def _binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.searchsorted(edges, values, side="right")


def _counts(bins: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    """Return the rows of each bin and class, (count, classes)."""
    classes = int(y.max()) + 1
    return np.bincount(bins * classes + y, minlength=count * classes).reshape(count, classes)


def _entropy_told(bins: np.ndarray, y: np.ndarray, count: int) -> float:
    """Return mutual information over entropy, corrected as Miller 1955 does: in [0, 1]."""
    table = _counts(bins, y, count)
    label, place, both = (_entropy(part, len(y)) for part in (table.sum(0), table.sum(1), table))
    return float(np.clip((label + place - both) / max(label, 1e-12), 0, 1))


def _entropy(counts: np.ndarray, rows: int) -> float:
    shares = counts[counts > 0] / rows
    return float(-np.sum(shares * np.log(shares)) + (len(shares) - 1) / (2 * rows))


def _variance_told(bins: np.ndarray, y: np.ndarray, count: int) -> float:
    """Return the share of the targets' variance between bins, adjusted for their number."""
    means, used = _means(bins, y, count), len(np.unique(bins))
    total = np.maximum(y.var(axis=0), 1e-30)
    left = np.mean((y - means[bins]) ** 2, axis=0) / total * (len(y) - 1) / max(1, len(y) - used)
    return float(np.clip(1 - left.mean(), 0, 1))


def _means(bins: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    """Return the mean targets of each bin, (count, targets); of empty ones those of all rows."""
    rows = np.bincount(bins, minlength=count)[:, None]
    sums = np.stack([np.bincount(bins, one, minlength=count) for one in y.T], axis=1)
    return np.where(rows > 0, sums / np.maximum(rows, 1), y.mean(axis=0))


def _ranked(known: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return what share of the known targets is below each target, (rows, targets); ties half."""
    columns = []
    for own, column in zip(np.sort(known, axis=0).T, y.T, strict=True):
        below, upto = (np.searchsorted(own, column, side) for side in ("left", "right"))
        columns.append((below + upto) / (2 * len(own)))
    return np.stack(columns, axis=1)


def _answers(data: Data, bins: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    """Return logits (classes) or mean ranks (targets) of each bin, (count, outputs)."""
    if not data.task.exclusive:
        return data.task.logits(_means(bins, y, count), data.task.activation, 1e-9)
    shares = np.bincount(y, minlength=data.num_outputs) / len(y)
    table = np.zeros((count, data.num_outputs))
    found = _counts(bins, y, count)
    table[:, : found.shape[1]] = found
    return np.asarray(np.log((table + shares + 1e-9) / (table.sum(axis=1, keepdims=True) + 1)))


def _name(number: int, data: Data) -> str:
    names = data.schema.get("features")
    if names:
        return str(names[number])
    if data.kind.flat:
        return f"Feature {number}"
    return f"Value {tuple(int(i) for i in np.unravel_index(number, data.input_shape))}"
