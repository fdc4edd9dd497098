"""Truth of masks: which ones can be learned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from zoo.checks import UserError
from zoo.tasks.labels import Labels
from zoo.tasks.masks import form
from zoo.tasks.masks.form import IGNORED
from zoo.tasks.truth import Arrays, Column


@dataclass(frozen=True)
class MaskLabels(Labels):
    """The truth of a segmentation, uint8 masks; `labels` are the classes of pixels."""

    @classmethod
    def takes(cls, y: np.ndarray) -> bool:
        return y.ndim in (3, 4) and y.dtype.kind in "biu"

    @classmethod
    def learn(cls, arrays: Arrays) -> tuple[Self, Arrays]:
        arrays, count = form.as_masks(arrays)
        names = arrays.get("class_names", np.arange(count))
        return cls(tuple(str(name) for name in names)), arrays

    @classmethod
    def take_columns(
        cls, columns: Mapping[str, Column], separator: str | None
    ) -> tuple[np.ndarray, list[str]]:
        raise UserError(
            "A segmentation has a mask for each image; a table has none. Give a folder of images "
            "and masks, or another --task."
        )

    def take_answers(self, path: object, answers: np.ndarray) -> np.ndarray:
        y = form.as_mask(str(path), answers, None)
        unknown = form.classes_of(y)[len(self.labels) :]
        if len(unknown) or form.classes_of(y)[-1:] >= len(self.labels):
            raise UserError(
                f"{path} holds a class of pixels over {len(self.labels) - 1}, the last that the "
                f"model knows. Mark such pixels as ignored ({IGNORED})."
            )
        return y

    @classmethod
    def strata(cls, y: np.ndarray) -> np.ndarray | None:
        return None

    def outputs(self, y: np.ndarray) -> int:
        return len(self.labels)

    def counts(self, y: np.ndarray) -> list[int]:
        """Return how many pixels have each class."""
        found = np.bincount(y.ravel(), minlength=IGNORED + 1)
        return [int(n) for n in found[: len(self.labels)]]
