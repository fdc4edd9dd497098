"""The judging of a task's answers: figures, intervals, drops, gates, mistakes."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from zoo.metrics import gates
from zoo.metrics.gates import Gate
from zoo.metrics.intervals import Estimate
from zoo.metrics.weighted import Measure
from zoo.tasks.answers import Changes, Mistake
from zoo.tasks.labels import Labels
from zoo.tasks.metric import Metric, allowed
from zoo.tasks.units import Units

MANY = 2**62  # rows


@dataclass(frozen=True)
class Judged(Labels):
    """What answers are worth beside the truth.

    Outputs are logits or numbers, (rows, ...), or what `compact` makes of them.
    """

    metric: ClassVar[Metric]

    def compact(self, outputs: np.ndarray) -> np.ndarray:
        """Return what judging needs of logits, (rows, ...), in less memory; `loss` needs them all.

        Masks, and boxes after non-maximum suppression; of small rows the outputs as they are.
        """
        return outputs

    def portion(self, row: tuple[int, ...]) -> int:
        """Return of how many rows of a shape the outputs are held at once, before `compact`."""
        return MANY

    @abstractmethod
    def figures(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Measure]:
        """Return the figures that are defined for these rows; the metric's comes first."""

    @abstractmethod
    def score(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        """Return the metric as a training shows it: of several numbers, errors in `units`."""

    @abstractmethod
    def estimate(self, y: np.ndarray, outputs: np.ndarray) -> Estimate:
        """Return the metric with its interval."""

    @abstractmethod
    def drop(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
        """Return by how much the second outputs are worse, paired, in the metric's unit."""

    @abstractmethod
    def lost(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        """Return the value of `drop` alone."""

    def least_drop(self, y: np.ndarray) -> float:
        """Return the drop that one wrong answer to rows of y makes; 0 where it has no size."""
        return 0.0

    def bound(self, max_drop: float, y: np.ndarray) -> float:
        """Return the drop that may pass: see `allowed`."""
        return allowed(max_drop, self.least_drop(y))

    def gates(
        self,
        y: np.ndarray,
        first: np.ndarray,
        second: np.ndarray,
        max_drop: float,
        drop: Estimate | None = None,
    ) -> list[Gate]:
        """Return what the second outputs must pass to stand for the first: drop, then `fidelity`.

        `max_drop` is the largest acceptable drop; `drop` that of these outputs, if measured.
        """
        found, bound = drop or self.drop(y, first, second), self.bound(max_drop, y)
        of_drop = gates.drop(found, bound, self.metric.drop_unit, len(y))
        return [of_drop, *self.fidelity(y, first, second, max_drop)]

    @abstractmethod
    def fidelity(
        self, y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float
    ) -> list[Gate]:
        """Return the gates beside the drop: how closely the second outputs follow the first."""

    def agreement(self, first: np.ndarray, second: np.ndarray) -> float | None:
        """Return the share of rows with the same answer; None for numbers."""
        return None

    @abstractmethod
    def worst(self, y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> list[Mistake]:
        """Return the rows that int8 is most wrong on, the worst first."""

    def details(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Any]:
        """Return what a report shows beside figures, by kind; `export.page.details` draws each.

        "confusion": true class x answer, rows. "reliability": bins of confidence. "scatter": truth
        and answer of each row. What is `Described` joins `report.json` under its kind.
        """
        return {}

    def changes(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Changes:
        """Return the rows that only the first, and only the second outputs have right."""
        return Changes({}, {})
