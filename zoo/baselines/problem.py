"""One problem that a baseline is fitted to: classes of rows, or numbers for them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zoo.data.dataset import Data
from zoo.data.memory import joined
from zoo.metrics.errors import SQUARES, Errors

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows and labels of one baseline model; a task of several labels has several problems.

    Attributes:
        x, y: training rows; class numbers (rows,), or targets (rows, targets).
        x_validation, y_validation: the same of the validation rows.
        classes: how many; 0 for targets.
        errors: of targets, what is minimized.
    """

    x: np.ndarray
    y: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    classes: int
    errors: Errors = SQUARES

    @cached_property
    def x_all(self) -> np.ndarray:
        """Training and validation rows."""
        return joined([self.x, self.x_validation])

    def weights(self, y: np.ndarray) -> np.ndarray | None:
        """Return what labels of one target count, (rows,); None where all count alike."""
        return self.errors.weights(y) if self.errors.relative else None

    @property
    def y_all(self) -> np.ndarray:
        """Labels of `x_all`."""
        return np.concatenate([self.y, self.y_validation])


def problems(data: Data) -> list[Problem]:
    """Return the problems that the labels of data fall into."""
    pairs = zip(data.task.parts(data.y_train), data.task.parts(data.y_validation), strict=True)
    return [
        Problem(data.x_train, part.y, data.x_validation, held.y, part.classes, part.errors)
        for part, held in pairs
    ]


def each_target(problem: Problem, grow: Callable[[np.ndarray, np.ndarray], Any]) -> Predict:
    """Return what predicts class probabilities, or all targets by one model each.

    Args:
        problem: its labels are given to `grow`.
        grow: training and validation labels -> rows -> probabilities, or values (rows,).
    """
    if problem.classes:
        of_classes = grow(problem.y, problem.y_validation)
        return lambda x: np.asarray(of_classes(x))
    columns = [grow(*pair) for pair in zip(problem.y.T, problem.y_validation.T, strict=True)]
    return lambda x: np.stack([np.asarray(column(x)) for column in columns], axis=1)
