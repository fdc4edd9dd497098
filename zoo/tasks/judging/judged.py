"""Outputs of a task judged by its metric, which is a choice, and the drop that may pass."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from zoo.checks import UserError
from zoo.metrics import gates
from zoo.metrics.gates import Gate
from zoo.metrics.intervals import Estimate
from zoo.metrics.weighted import Measure
from zoo.tasks.judging.choice import chosen, named
from zoo.tasks.judging.cut import reached
from zoo.tasks.judging.judge import ByFigure, Judge
from zoo.tasks.labels import Labels
from zoo.tasks.metric import Metric, allowed
from zoo.tasks.units import Units
from zoo.tasks.words import Words

MANY = 2**62  # rows


@dataclass(frozen=True)
class Judged(Labels):
    """Labels and outputs, judged by one of the task's metrics.

    Outputs are logits or numbers, (rows, ...), or what `compact` makes of them.
    """

    name: ClassVar[str]  # in `--task`, data.json, report.json
    activation: ClassVar[str]  # of the outputs: "softmax", "sigmoid" or "linear"
    metrics: ClassVar[tuple[Metric, ...]]  # that models can be compared by, the usual one first
    words: ClassVar[Words]
    own: ClassVar[Judge] = ByFigure()  # by the first metric; by others any figure does

    @property
    def numbers(self) -> bool:
        """Whether answers are numbers, in units of their own."""
        return self.activation == "linear"

    @property
    def metric(self) -> Metric:
        """The figure that models are compared by."""
        return chosen(self.name, self.metrics, self.by, self.labels)

    @property
    def result(self) -> str:
        """The figure in a sentence, with {numerics}, {value}, {rows} and {interval}."""
        if self.usual:
            return self.words.result
        title = self.metric.worded.replace("{", "{{").replace("}", "}}")
        return (
            f"The {{numerics}} file's {title} on {{rows}} is {{value}} (95 % interval {{interval}})"
        )

    def dropped(self, drop: float) -> str:
        """Return the size of a drop, or of a gain, in words."""
        if self.usual or self.metric.better > 0 or self.numbers:
            return f"{abs(drop):.2f}{self.words.less if drop > 0 else self.words.more}"
        return f"{abs(drop):.2f} {self.metric.unit} {'worse' if drop > 0 else 'better'}"

    @property
    def usual(self) -> bool:
        """Whether that is the task's first one."""
        return self.metric.name == self.metrics[0].name

    @classmethod
    def check_metric(cls, by: str) -> None:
        """Raise UserError for a metric that the task lacks."""
        named(cls.name, cls.metrics, by)

    def with_metric(self, by: str) -> Self:
        """Return the same task with another metric; empty for its first.

        Raises:
            UserError: a metric that the task lacks.
        """
        return replace(self, by=chosen(self.name, self.metrics, by, self.labels).spelled)

    def judged_on(self, y: np.ndarray, by: str | None = None) -> Self:
        """Return the same task with the metric asked for, or with what suits training labels.

        Args:
            y: labels of the training rows.
            by: as `--metric` takes it; None for what suits.

        Raises:
            UserError: a metric that the task lacks.
        """
        task = self.with_metric(self.suited(y) if by is None else by)
        return replace(task, by=task.completed(task.metric, y).spelled)

    def suited(self, y: np.ndarray) -> str:
        """Return the metric that suits training labels, where nobody asked for one."""
        return ""

    def notes(self, y: np.ndarray) -> list[str]:
        """Return what was taken for granted of the metric, in sentences, by training labels."""
        return []

    def completed(self, metric: Metric, y: np.ndarray) -> Metric:
        """Return a metric with what was left open, by training labels."""
        return metric

    def check_defined(self, y: np.ndarray, part: str) -> None:
        """Raise UserError for rows, called `part`, for which the metric is undefined."""
        if self.usual or self.measure(y, self.blank(y)) is not None:
            return
        others = [one.form for one in self.metrics if not one.needs]
        raise UserError(
            f"{self.metric.worded} needs {self.metric.needs}, which the {part} are not or lack. "
            f"Choose another --metric, such as {' or '.join(others[:2])}, or split them otherwise."
        )

    def blank(self, y: np.ndarray) -> np.ndarray:
        """Return outputs for rows of y that say nothing."""
        return np.zeros((len(y), self.outputs(y)), np.float32)

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

    def measure(self, y: np.ndarray, outputs: np.ndarray) -> Measure | None:
        """Return the metric as a figure of rows; None where it is undefined for them."""
        return self.figures(y, outputs).get(self.metric.name)

    @property
    def judge(self) -> Judge:
        """What measures by the metric."""
        return self.own if self.usual else ByFigure()

    def score(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        """Return the metric as a training shows it: of several numbers, errors in `units`."""
        return self.judge.score(self, y, outputs, units)

    def reached(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        """Return the score with what validation rows y would choose for two classes, a threshold.

        By this trainings are compared: a model that is right about probabilities of uneven classes
        answers the common one alone until it has a threshold.
        """
        single = self.activation == "softmax" and y.ndim == 1
        found = reached(self.metric, self.labels, y, outputs) if single else None
        return self.score(y, outputs, units) if found is None else found

    def estimate(self, y: np.ndarray, outputs: np.ndarray) -> Estimate:
        """Return the metric with its interval."""
        return self.judge.estimate(self, y, outputs)

    def drop(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
        """Return by how much the second outputs are worse, paired, in the metric's unit."""
        return self.judge.drop(self, y, first, second)

    def lost(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        """Return the value of `drop` alone."""
        return self.judge.lost(self, y, first, second)

    def least_drop(self, y: np.ndarray) -> float:
        """Return the drop that one wrong answer to rows of y makes; 0 where it has no size."""
        return self.judge.least(self, y)

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
