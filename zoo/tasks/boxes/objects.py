"""Answers of tasks that find objects, and how these are judged, whatever an object looks like."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.checks import UserError
from zoo.metrics.gates import Gate
from zoo.metrics.intervals import Estimate
from zoo.metrics.weighted import Weighted, once
from zoo.tasks.answers import MOST, Answers, Changes, Effect, Mistake, Part, Widths
from zoo.tasks.boxes import judging
from zoo.tasks.boxes.cuts import Cuts, best_cuts
from zoo.tasks.boxes.decoding import Found
from zoo.tasks.boxes.judging import BoxTable, PrecisionRecall, Told
from zoo.tasks.boxes.labels import BoxLabels
from zoo.tasks.boxes.matching import match
from zoo.tasks.boxes.packing import packed, unpacked
from zoo.tasks.outputs import rows_of
from zoo.tasks.units import Units

if TYPE_CHECKING:
    import keras

NONE = "(no object)"


@dataclass(frozen=True)
class Objects(BoxLabels):
    """Answers that are objects in images."""

    adjusted: ClassVar[type[Cuts]] = Cuts
    enough: ClassVar[float]  # likeness at which an object is found

    @staticmethod
    @abstractmethod
    def likeness(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Return how well objects (..., 4) fit true boxes (..., 4), 1 at best."""

    @abstractmethod
    def decoded(self, outputs: np.ndarray) -> Found:
        """Return the objects that outputs of a model say, however unsure, the surest first."""

    def found(self, outputs: np.ndarray) -> Found:
        """Return `decoded`, also of outputs that `compact` has made smaller."""
        return self.decoded(outputs) if outputs.dtype.names is None else unpacked(outputs)

    @abstractmethod
    def scores(self, outputs: np.ndarray) -> np.ndarray:
        """Return the score of each class in each cell, (rows, cells, classes)."""

    @abstractmethod
    def cells(self) -> tuple[int, int]:
        """Return the shape of outputs that are usual for such images: cells, and values of each."""

    @abstractmethod
    def judged(self, y: np.ndarray, outputs: np.ndarray) -> Weighted:
        """Return the metric of weighted images."""

    def told_of(self, outputs: np.ndarray) -> Found:
        """Return the objects above the thresholds."""
        return self.found(outputs).above(np.array(self.thresholds))

    def beside(self, found: Found, y: np.ndarray) -> Told:
        """Return what became of objects, beside true boxes."""
        return Told.of(found, y, len(self.labels), self.enough, self.likeness)

    # loss

    def progress(self) -> None:
        return None

    def ignorance(self, y: np.ndarray) -> float:
        constant = self.constant(y, (len(y), *self.cells()))
        assert constant is not None
        return self.plain_loss(y, constant, Units())

    def plain_loss(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        from zoo.tasks.boxes.losses import mean_of

        return mean_of(self.loss(), y, outputs)

    def soft(self, outputs: np.ndarray) -> np.ndarray:
        raise UserError(
            "Boxes of a teacher cannot be blended with the truth. Set distill to 0, or train on "
            "images that the teacher has labeled."
        )

    def adjustment(self, y: np.ndarray, outputs: np.ndarray) -> Cuts:
        of = match(self.found(outputs), y, len(self.labels), [self.enough], likeness=self.likeness)
        return best_cuts(of, len(self.labels), self.adjusted)

    # answers

    def ending(self, model: "keras.Model") -> str | None:
        return None

    def logits(self, outputs: np.ndarray, ending: str | None, smallest: float) -> np.ndarray:
        return outputs

    def answers(self, outputs: np.ndarray, widths: Widths = None, every: bool = False) -> Answers:
        """Return a line for each object; with `every` also for those under the thresholds."""
        found = self.found(outputs) if every else self.told_of(outputs)
        header = ("row", "class", "score", "x1", "y1", "x2", "y2")
        lines = [
            (
                str(row),
                self.labels[found.classes[row, n]],
                f"{found.scores[row, n]:.4f}",
                *(f"{value:.1f}" for value in found.boxes[row, n]),
            )
            for row, n in zip(*np.nonzero(found.there), strict=True)
        ]
        return Answers(header, tuple(lines))

    def predictions(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        found = self.found(outputs)
        told = found.above(np.array(self.thresholds))
        sure = found.scores.max(axis=1, initial=0)
        return {"objects per image": told.there.sum(axis=1), "confidence": sure}

    def effect(self, outputs: np.ndarray) -> Effect:
        """Return the effects on the score of the surest object, where it is."""
        scores = self.scores(outputs).reshape(len(outputs), -1).astype(np.float64)
        best = int(scores[0].argmax())
        falls = scores[0, best] - scores[1:, best]
        return Effect(self.labels[best % len(self.labels)], falls, falls)

    def examples(self, y: np.ndarray, outputs: np.ndarray, most: int) -> list[int]:
        """Return images with objects that are answered best."""
        told = self.beside(self.told_of(outputs), y)
        wrong = (told.missed + told.false).sum(axis=1)
        order = np.lexsort((-told.there.sum(axis=1), wrong, told.there.sum(axis=1) == 0))
        return [int(row) for row in np.sort(order[:most])]

    # judging

    def compact(self, outputs: np.ndarray) -> np.ndarray:
        return packed(self.decoded(outputs))

    def portion(self, row: tuple[int, ...]) -> int:
        return rows_of(int(np.prod(self.cells())))

    def score(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return float(np.nan_to_num(self.judged(y, outputs)(once(len(y)))[0]))

    def estimate(self, y: np.ndarray, outputs: np.ndarray) -> Estimate:
        return judging.estimate(self.judged(y, outputs), len(y))

    def drop(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
        return judging.drop(self.judged(y, first), self.judged(y, second), len(y))

    def lost(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        return 100 * (self.score(y, first, Units()) - self.score(y, second, Units()))

    def least_drop(self, y: np.ndarray) -> float:
        """One of all true boxes, so that one of few images does not loosen the bound."""
        return 100 / max(1, int((y[..., 0] >= 0).sum()))

    def fidelity(
        self, y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float
    ) -> list[Gate]:
        both = [self.told_of(outputs) for outputs in (first, second)]
        between = self.beside(both[1], judging.as_truth(both[0]))
        told = [self.beside(one, y) for one in both]
        return judging.fidelity(self.labels, y, (told[0], told[1], between), max_drop)

    def agreement(self, first: np.ndarray, second: np.ndarray) -> float:
        """Return twice the objects that both tell, of one class and place, over those of each."""
        told = self.beside(self.told_of(second), judging.as_truth(self.told_of(first)))
        whole = told.there.sum() + told.said.sum()
        return float(2 * told.right.sum() / whole) if whole else 1.0

    def worst(self, y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> list[Mistake]:
        """Return the images with the most objects missed or false, the worst first."""
        first, second = (self.beside(self.told_of(one), y) for one in (of_float, of_int8))
        wrong = (second.missed + second.false).sum(axis=1)
        order = np.argsort(-wrong, kind="stable")[:MOST]
        return [
            Mistake(
                row=int(row),
                truth=self._listed(second.there[row]),
                probability=None,
                wrong=bool(wrong[row]),
                int8=second.worded(row),
                float=first.worded(row),
            )
            for row in order
        ]

    def _listed(self, counts: np.ndarray) -> str:
        there = [f"{n} {label}" for n, label in zip(counts, self.labels, strict=True) if n]
        return ", ".join(there) or NONE

    def details(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Any]:
        found = self.found(outputs)
        told = self.beside(found.above(np.array(self.thresholds)), y)
        of = match(found, y, len(self.labels), [self.enough], likeness=self.likeness)
        return {
            "precision_recall": PrecisionRecall.of(self.labels, of),
            "objects": BoxTable(self.labels, self.thresholds, told),
        }

    def changes(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Changes:
        """Count the true boxes that only the first, and only the second outputs find."""
        before, after = (self.beside(self.told_of(one), y).which for one in (first, second))
        counts = [
            judging.by_class(y, which, len(self.labels))
            for which in (before & ~after, after & ~before)
        ]
        broken, fixed = (
            {name: n for name, n in zip(self.labels, one, strict=True) if n} for one in counts
        )
        return Changes(broken, fixed)

    # baselines

    def parts(self, y: np.ndarray) -> list[Part]:
        return []

    def joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        return np.zeros((0, 0, 0))
