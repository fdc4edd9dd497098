"""Labels that are boxes: their form, the size of the images, and thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from zoo.checks import UserError
from zoo.tasks.boxes import truth
from zoo.tasks.boxes.cuts import USUAL
from zoo.tasks.tagging import tags
from zoo.tasks.task import Task
from zoo.tasks.truth import Arrays, Column


@dataclass(frozen=True)
class BoxLabels(Task):
    """The labels of tasks whose truth is boxes, float32 (rows, most, 5).

    Attributes:
        size: (height, width) of the images, in pixels.
        cuts: scores from which an object of each class is told; empty for `USUAL`.
    """

    size: tuple[int, int] = (0, 0)
    cuts: tuple[float, ...] = field(default=(), compare=False)  # of a training, not of the truth

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Scores from which an object is told, one for each class."""
        return self.cuts or (USUAL,) * len(self.labels)

    @classmethod
    def takes(cls, y: np.ndarray) -> bool:
        return truth.is_boxes(y)

    @classmethod
    def learn(cls, arrays: Arrays) -> tuple[Self, Arrays]:
        arrays, count = truth.as_boxes(arrays)
        names = arrays.get("class_names", np.arange(count))
        height, width = arrays["x_train"].shape[1:3] if "x_train" in arrays else (0, 0)
        return cls(tuple(str(name) for name in names), (int(height), int(width))), arrays

    @classmethod
    def recalled(cls, held: Mapping[str, Any]) -> Self:
        height, width = held["schema"]["shape"][:2]
        return cls(tuple(held["class_names"]), (height, width))

    @classmethod
    def take_columns(
        cls, columns: Mapping[str, Column], separator: str | None
    ) -> tuple[np.ndarray, list[str]]:
        raise UserError(
            f"Columns of a table hold no boxes ({', '.join(map(repr, columns))}). Give a folder "
            "with images and their boxes: COCO, VOC or YOLO."
        )

    def take_answers(self, path: object, answers: np.ndarray) -> np.ndarray:
        y = truth.checked(str(path), answers, (0, *self.size))
        if y[..., 0].max(initial=-1) >= len(self.labels):
            raise UserError(
                f"{path} holds boxes of the class {y[..., 0].max():.0f}; the run knows 0 to "
                f"{len(self.labels) - 1}."
            )
        return y

    @classmethod
    def strata(cls, y: np.ndarray) -> np.ndarray | None:
        """Return the rarest class of each image."""
        if not truth.is_boxes(y):
            return None
        return tags.rarest(truth.held(y, 1 + int(y[..., 0].max(initial=0))) > 0)

    def outputs(self, y: np.ndarray) -> int:
        return len(self.labels)

    def counts(self, y: np.ndarray) -> list[int]:
        return [int(n) for n in (truth.held(y, len(self.labels)) > 0).sum(axis=0)]

    def aims(self, y: np.ndarray) -> np.ndarray:
        return y
