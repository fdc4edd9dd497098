"""The labels of a task: what they look like, how they are checked, counted and split."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from zoo.tasks.truth import Arrays, Column


@dataclass(frozen=True)
class Labels(ABC):
    """What a task knows of its labels.

    Attributes:
        labels: names of the classes; empty where answers are numbers.
        by: the metric that was chosen, as `--metric` spells it; empty for the task's first. Tasks
            that differ in it alone are equal: their models can be compared.
    """

    labels: tuple[str, ...] = ()
    by: str = field(default="", kw_only=True, compare=False, repr=False)

    @classmethod
    @abstractmethod
    def takes(cls, y: np.ndarray) -> bool:
        """Return whether raw labels look like this task's."""

    @classmethod
    def takes_columns(cls, columns: Mapping[str, Column], separator: str | None) -> bool:
        """Return whether the target columns of a table look like this task's."""
        return False

    @classmethod
    @abstractmethod
    def learn(cls, arrays: Arrays) -> tuple[Self, Arrays]:
        """Return the task of training labels, and all `y_*` as the task takes them.

        Raises:
            UserError: labels that cannot be learned.
        """

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Scores above which an object of each class is told; empty where there are no objects."""
        return ()

    @classmethod
    def recalled(cls, held: Mapping[str, Any]) -> Self:
        """Return the task that `data.json` tells of."""
        return cls(tuple(held["class_names"]))

    @classmethod
    def labeled(cls, columns: Mapping[str, Column]) -> np.ndarray:
        """Return which rows of a table have a label, (rows,): those without a gap."""
        gaps = [column.missing for column in columns.values()]
        return np.asarray(~np.any(gaps, axis=0))

    @classmethod
    @abstractmethod
    def take_columns(
        cls, columns: Mapping[str, Column], separator: str | None
    ) -> tuple[np.ndarray, list[str]]:
        """Return the raw labels of a table's target columns, and the names of the classes.

        Args:
            columns: name -> its rows with a label.
            separator: between the labels of a cell; None for one label, or for the usual ones.

        Raises:
            UserError: values that cannot be learned.
        """

    @classmethod
    def check_parts(cls, target: str, arrays: Arrays, classes: Sequence[str]) -> None:
        """Raise UserError for labels of a split table that no training row has; most take any."""
        return

    @classmethod
    def raw_answers(
        cls, path: object, columns: Mapping[str, Column], separator: str | None
    ) -> np.ndarray:
        """Return columns of true answers as `take_answers` reads them."""
        return cls.take_columns(columns, separator)[0]

    @abstractmethod
    def take_answers(self, path: object, answers: np.ndarray) -> np.ndarray:
        """Return true answers to new rows as y. Raises UserError for ones that do not fit."""

    @classmethod
    @abstractmethod
    def strata(cls, y: np.ndarray) -> np.ndarray | None:
        """Return what splits and resamples keep the shares of, (rows,); None for nothing."""

    @abstractmethod
    def outputs(self, y: np.ndarray) -> int:
        """Return how many outputs a model has for labels like y."""

    def counts(self, y: np.ndarray) -> list[int]:
        """Return how many rows have each of the labels; empty where answers are numbers."""
        return []

    def counted(self, y: np.ndarray) -> dict[str, int]:
        """Return the labels that rows have, and how many rows."""
        return {name: n for name, n in zip(self.labels, self.counts(y), strict=True) if n}
