"""Boxes that are told, beside the truth and beside those of another file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.metrics import boxes as figures_of
from zoo.metrics import gates
from zoo.metrics.bootstrap import percentiles, resamples
from zoo.metrics.gates import Gate
from zoo.metrics.intervals import Estimate
from zoo.metrics.weighted import Weighted, once
from zoo.tasks.boxes.decoding import Found
from zoo.tasks.boxes.matching import Likeness, Matched, match
from zoo.tasks.boxes.truth import held


@dataclass(frozen=True, eq=False)
class Told:
    """Boxes above the thresholds, and what became of them; counts are (rows, classes).

    Attributes:
        right: true boxes that were found.
        there: true boxes.
        said: boxes told.
        which: true boxes that were found, one by one, (rows, most).
    """

    right: np.ndarray
    there: np.ndarray
    said: np.ndarray
    which: np.ndarray

    @classmethod
    def of(
        cls, found: Found, y: np.ndarray, classes: int, threshold: float, likeness: Likeness
    ) -> "Told":
        matched = match(found, y, classes, (threshold,), likeness=likeness)
        said, right = (np.zeros((len(y), classes), np.int64) for _ in range(2))
        np.add.at(said, (matched.rows, matched.classes), 1)
        np.add.at(right, (matched.rows, matched.classes), matched.right[0, 0])
        return cls(right, held(y, classes), said, matched.taken[0, 0])

    @property
    def missed(self) -> np.ndarray:
        """True boxes that were not found."""
        return np.asarray(self.there - self.right)

    @property
    def false(self) -> np.ndarray:
        """Boxes told where none is, or told twice."""
        return np.asarray(self.said - self.right)

    def worded(self, row: int) -> str:
        """Return what was wrong with an image."""
        missed, false = int(self.missed[row].sum()), int(self.false[row].sum())
        if not missed and not false:
            return f"all {int(self.there[row].sum())} found"
        return f"{missed} missed, {false} false"


def as_truth(found: Found) -> np.ndarray:
    """Return boxes in the form of the truth, (rows, most, 5)."""
    lines = np.concatenate([found.classes[..., None], found.boxes], axis=-1)
    return np.where(found.there[..., None], lines, -1.0).astype(np.float32)


def estimate(at: Weighted, rows: int) -> Estimate:
    """Return a figure with its interval, from resampled images."""
    ends = percentiles(resampled(at, rows))
    return Estimate(_number(at(once(rows))[0]), ends, ends)


def drop(first: Weighted, second: Weighted, rows: int) -> Estimate:
    """Return by how many points the second figure is lower, on the same resampled images."""
    value = 100 * (_number(first(once(rows))[0]) - _number(second(once(rows))[0]))
    ends = percentiles(100 * (resampled(first, rows) - resampled(second, rows)))
    return Estimate(value, ends, ends)


def resampled(at: Weighted, rows: int) -> np.ndarray:
    """Return a figure of 1000 samples of the images; 0 of samples without a box."""
    whole = np.zeros(rows, int)
    found = np.concatenate([at(weights) for weights in resamples(whole)])
    return np.asarray(np.nan_to_num(found))


def _number(value: float) -> float:
    return 0.0 if np.isnan(value) else float(value)


def by_class(y: np.ndarray, which: np.ndarray, classes: int) -> list[int]:
    """Return how many of some true boxes, (rows, most), are of each class."""
    kinds = y[which & (y[..., 0] >= 0)][:, 0].astype(np.int64)
    return [int(n) for n in np.bincount(kinds, minlength=classes)]


def fidelity(
    labels: Sequence[str], y: np.ndarray, told: tuple[Told, Told, Told], max_drop: float
) -> list[Gate]:
    """Return the gates of boxes: other ones than float's, and the recall of each class.

    Args:
        labels: of the classes.
        y: true boxes, (rows, most, 5).
        told: boxes of float and of int8 beside the truth, and of int8 beside those of float.
        max_drop: points of the metric.
    """
    first, second, between = told
    changed = int(between.missed.sum() + between.false.sum())
    given = int(between.there.sum() + between.false.sum())
    lost, won = first.which & ~second.which, ~first.which & second.which
    counts = [by_class(y, one, len(labels)) for one in (lost, won, y[..., 0] >= 0)]
    what = "boxes other than float's"
    return [
        gates.disagreement(changed, given, len(first.there), what, max_drop),
        *gates.recall(labels, counts, max_drop),
    ]


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Precision at recalls of 0, 0.01 to 1, at IoU 0.5, of each class that is there.

    Attributes:
        labels: names of the classes.
        curves: (classes, 101).
    """

    labels: tuple[str, ...]
    curves: np.ndarray

    @classmethod
    def of(cls, labels: Sequence[str], found: Matched) -> "PrecisionRecall":
        there = [n for n in range(len(labels)) if found.truths[0, :, n].any()]
        curves = [figures_of.precisions(found, kind) for kind in there]
        return cls(tuple(labels[n] for n in there), np.array(curves).reshape(-1, 101))

    def described(self) -> Any:
        curves = zip(self.labels, np.round(self.curves, 4).tolist(), strict=True)
        return [{"class": label, "precision": curve} for label, curve in curves]


@dataclass(frozen=True, eq=False)
class BoxTable:
    """Boxes of each class: there, found, missed and false at the thresholds."""

    labels: tuple[str, ...]
    cuts: tuple[float, ...]
    told: Told

    def described(self) -> Any:
        there, found, missed, false = (
            of.sum(axis=0)
            for of in (self.told.there, self.told.right, self.told.missed, self.told.false)
        )
        return [
            {
                "class": label,
                "threshold": self.cuts[n],
                "boxes": int(there[n]),
                "found": int(found[n]),
                "missed": int(missed[n]),
                "false": int(false[n]),
            }
            for n, label in enumerate(self.labels)
        ]
