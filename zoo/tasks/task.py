"""The task of a model: labels, loss, answers and figures of merit, in one home.

A task is a value that holds what it learned of the labels. Nothing outside asks which one it is.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.tasks import outputs as outputs_of
from zoo.tasks.adjustment import Adjustment
from zoo.tasks.answers import Answers, Changes, Effect, Mistake, Part, Widths
from zoo.tasks.judging.judged import Judged
from zoo.tasks.units import Units

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Task(Judged):
    """What is learned: one entry of y per row, and only the task looks inside.

    Examples:
        >>> zoo.load_data("wine").task.labels
        ('class_0', 'class_1', 'class_2')
    """

    titles: ClassVar[Mapping[str, tuple[str, int]]]  # figure -> title, factor it is shown by
    gives: ClassVar[str] = "values"  # of a row: what a family must give, see `Family.gives`
    moves: ClassVar[str] = ""  # what of y moves along with a picture: "mask" or "boxes"
    device: ClassVar[str]  # how a device prints answers: `export/device/templates/{device}.*`
    adjusted: ClassVar[type[Adjustment] | None] = None  # of the last layer, after a training
    knobs: ClassVar[frozenset[str]]  # fields of a recipe that mean nothing for some tasks
    advised: ClassVar[tuple[str, str]]  # figures of baselines; of them the share to reach is
    ceiling: ClassVar[str]  # this one, 1 at best
    told: ClassVar[str]  # the figure by which a single feature is judged, 1 at best

    @property
    def compared(self) -> tuple[str, ...]:
        """Figures of baselines: the metric, and what advice shows beside it."""
        others = (*self.advised, self.ceiling)
        return tuple(dict.fromkeys(others if self.usual else (self.metric.name, *others)))

    @property
    def to_reach(self) -> str:
        """The figure, 1 at best, that tells whether a baseline leaves anything to win."""
        share = self.metric.factor == 100 and self.metric.better > 0
        return self.ceiling if self.usual or not share else self.metric.name

    @property
    def exclusive(self) -> bool:
        """Whether each row has one of the classes, so that probabilities add up to 1."""
        return self.activation == "softmax"

    # loss

    @abstractmethod
    def aims(self, y: np.ndarray) -> np.ndarray:
        """Return y as the loss compares it with outputs, (rows, outputs), before `units`."""

    def units(self, y: np.ndarray) -> Units:
        """Return the units that training takes the aims in; as they are, for classes."""
        return Units()

    def weigh(self, aims: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return what each of the aims counts, by weights of the classes; of masks each pixel."""
        return np.asarray(aims @ weights)

    def loss(
        self, label_smoothing: float = 0.0, focal: float = 0.0, units: Units | None = None
    ) -> "keras.losses.Loss":
        """Return the loss of outputs; of numbers, in `units`, what the metric asks for."""
        from zoo.tasks.losses import loss_of

        return loss_of(self.activation, label_smoothing, focal)

    @abstractmethod
    def progress(self) -> "keras.metrics.Metric | None":
        """Return the usual metric, of aims, under its name; None where Keras cannot compute it."""

    def shown(self) -> "keras.metrics.Metric | None":
        """Return the metric that a training shows; None where that is `reached` of whole epochs."""
        return self.progress() if self.usual else None

    @abstractmethod
    def ignorance(self, y: np.ndarray) -> float:
        """Return the plain loss of the best answer that does not look at the row."""

    @abstractmethod
    def plain_loss(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        """Return the loss of outputs without smoothing, numbers in `units`."""

    @abstractmethod
    def soft(self, outputs: np.ndarray) -> np.ndarray:
        """Return a teacher's outputs as aims: probabilities, or numbers."""

    def adjustment(self, y: np.ndarray, outputs: np.ndarray) -> Adjustment | None:
        """Return what validation rows, y and logits, change in the last layer; None for nothing."""
        return None

    # answers

    def ending(self, model: "keras.Model") -> str | None:
        """Return the activation that a model ends in, where its outputs are probabilities."""
        return None if self.numbers else outputs_of.ending(model)

    def shape_of(self, model: "keras.Model", row: tuple[int, ...], outputs: int) -> tuple[int, ...]:
        """Return the shape that this model's outputs for a row should have, to be trained."""
        return (outputs,)

    def columns(self, model: "keras.Model", outputs: int) -> int:
        """Return how many outputs this model should have, where data ask for so many."""
        return outputs

    def squashed(self, columns: int) -> str:
        """Return the activation that makes answers of so many outputs of a model."""
        return self.activation

    @abstractmethod
    def logits(self, outputs: np.ndarray, ending: str | None, smallest: float) -> np.ndarray:
        """Return outputs of a model with an ending as those of one without.

        Args:
            outputs: of the model, (rows, ...).
            ending: from `ending`; None returns them as they are.
            smallest: probability below which one is not told from zero.
        """

    @abstractmethod
    def answers(self, outputs: np.ndarray, widths: Widths = None, every: bool = False) -> Answers:
        """Return what outputs say, as a table.

        Args:
            outputs: logits or numbers, (rows, outputs).
            widths: of the prediction intervals of numbers, if known.
            every: show the probability of every class, not of the answer alone.
        """

    @abstractmethod
    def predictions(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return what of the outputs is watched for drift, by name: (rows,) each."""

    @abstractmethod
    def card(self, outputs: int, columns: int, ending: str | None) -> tuple[str, str]:
        """Return what a model gives, and what its outputs mean, for the metadata of a file.

        The data ask for `outputs`, the model has `columns`, and an activation as its `ending`.
        """

    @abstractmethod
    def effect(self, outputs: np.ndarray) -> Effect:
        """Return what parts of a row are worth: outputs of the row, then without each part."""

    @abstractmethod
    def examples(self, y: np.ndarray, outputs: np.ndarray, most: int) -> list[int]:
        """Return rows whose answers are worth explaining."""

    # judging

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

    # baselines

    @property
    def trivial(self) -> str:
        """What the constant baseline answers, in words."""
        return self.words.trivial

    @abstractmethod
    def parts(self, y: np.ndarray) -> list[Part]:
        """Return what y falls into for models of one label each: classes, or numbers."""

    @abstractmethod
    def joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the outputs, of log-probabilities or numbers for each part, (rows, outputs)."""

    def constant(self, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
        """Return outputs of a shape that look at no row, by training labels; None: see `parts`."""
        return None

    def decided(self, outputs: np.ndarray, known: Callable[[], np.ndarray]) -> np.ndarray:
        """Return a baseline's outputs as the task answers by them; `known` are of fitted rows."""
        return outputs
