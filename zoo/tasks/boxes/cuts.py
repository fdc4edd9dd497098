"""Scores from which an object of each class is told, chosen on validation images.

A score is the product of two probabilities and cannot be shifted within the model: the thresholds
stay beside it, in the run folder and in what is made for a device.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.checks import UserError
from zoo.tasks.adjustment import Adjustment
from zoo.tasks.boxes.matching import Matched

if TYPE_CHECKING:
    import keras

USUAL = 0.3  # where no validation image says more
FEWEST = 5  # boxes of a class on which it gets a threshold of its own


@dataclass(frozen=True)
class Cuts(Adjustment):
    """A threshold of the score of each class, with the largest F1 of validation boxes.

    Attributes:
        values: one for each class.
        rows: images that they are chosen on.
        f1: of all classes together at `USUAL`, and at these, of the same images.
    """

    values: tuple[float, ...]
    rows: int
    f1: tuple[float, float]

    name = "score_thresholds"
    figure = "f1"
    folded = False

    @classmethod
    def undone(cls, record: Mapping[str, Any], outputs: np.ndarray) -> np.ndarray:
        return outputs

    @classmethod
    def title(cls, record: Mapping[str, Any]) -> str:
        return "thresholds"

    @classmethod
    def applied(cls, task: Any, record: Mapping[str, Any]) -> Any:
        values = tuple(float(value) for value in record["values"])
        if len(values) != len(task.labels):
            raise UserError(
                f"{cls.name}.json holds {len(values)} thresholds for {len(task.labels)} classes. "
                "Train the model again."
            )
        return replace(task, cuts=values)

    @classmethod
    def removed(cls, task: Any) -> Any:
        return replace(task, cuts=())

    def fold(self, head: "keras.layers.Layer") -> None:
        """Leave the model as it is."""


def best_cuts(found: Matched, classes: int, kind: type[Cuts] = Cuts) -> Cuts:
    """Return the thresholds of boxes that are matched at one likeness, in all areas."""
    right, there = found.right[0, 0], found.truths[0].sum(axis=0)
    pooled = _cut(found.scores, right, there.sum())
    values = np.full(classes, pooled)
    for label in range(classes):
        mine = found.classes == label
        if there[label] >= FEWEST:
            values[label] = _cut(found.scores[mine], right[mine], there[label])
    said = [found.scores > USUAL, found.scores > values[found.classes]]
    f1 = [2 * right[one].sum() / max(1.0, one.sum() + there.sum()) for one in said]
    cuts = tuple(float(value) for value in values)
    return kind(cuts, len(found.truths[0]), (float(f1[0]), float(f1[1])))


def _cut(scores: np.ndarray, right: np.ndarray, there: float) -> float:
    """Return the middle between the two neighboring scores with the best F1 to cut at."""
    if not right.any():
        return USUAL
    below = np.append(scores[1:], 0.0)
    f1 = 2 * np.cumsum(right) / (np.arange(1, len(right) + 1) + there)
    place = int(np.where(scores > below, f1, -1.0).argmax())
    return float((scores[place] + below[place]) / 2)
