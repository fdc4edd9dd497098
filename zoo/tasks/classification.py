"""Classification: each row has one of several classes. y: int64 class numbers, (rows,)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from zoo.checks import UserError
from zoo.metrics import classes
from zoo.metrics.gates import Gate
from zoo.metrics.reliability import reliability
from zoo.metrics.weighted import Measure
from zoo.tasks import gating, truth, words
from zoo.tasks import outputs as outputs_of
from zoo.tasks.answers import MOST, Answers, Changes, Effect, Mistake, Part, Widths, of_classes
from zoo.tasks.judging.choice import is_uneven, of_class, rarer, uneven_notes
from zoo.tasks.judging.cut import expected
from zoo.tasks.judging.figures import figure_of, figures_of
from zoo.tasks.judging.own import ByAccuracy
from zoo.tasks.judging.recalls import recalls_of
from zoo.tasks.judging.tables import CLASSES
from zoo.tasks.metric import Metric
from zoo.tasks.task import Task
from zoo.tasks.temperature import Temperature, calibrated
from zoo.tasks.truth import Arrays, Column
from zoo.tasks.units import Units

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Classification(Task):
    """One class per row; `labels` are the names of the classes 0, 1, ...

    Examples:
        >>> zoo.load_data("wine").task
        Classification(labels=('class_0', 'class_1', 'class_2'))
    """

    name = "classification"
    metrics = CLASSES
    own = ByAccuracy()
    titles: ClassVar[Mapping[str, tuple[str, int]]] = {
        "accuracy": ("accuracy %", 100),
        "balanced_accuracy": ("balanced accuracy %", 100),
        "macro_f1": ("macro F1 %", 100),
        "roc_auc": ("ROC-AUC %", 100),
        "log_loss": ("log-loss", 1),
        "brier": ("Brier score", 1),
        "ece": ("calibration error (ECE) %", 100),
        "pr_auc": ("PR-AUC %", 100),
        "recall_at_precision": ("recall at a precision %", 100),
    }
    activation = "softmax"
    device = "classes"
    adjusted = Temperature
    knobs = frozenset({"label_smoothing", "focal", "balance", "cutmix"})
    advised = ("accuracy", "balanced_accuracy")
    ceiling = "balanced_accuracy"
    told = "roc_auc"
    words = words.CLASSIFICATION

    # truth

    @classmethod
    def takes(cls, y: np.ndarray) -> bool:
        return y.dtype.kind in "biu" or truth.is_one_hot(y)

    @classmethod
    def learn(cls, arrays: Arrays) -> tuple[Self, Arrays]:
        arrays = truth.as_classes(arrays)
        count = int(arrays["y_train"].max()) + 1
        names = arrays.get("class_names", np.arange(count))
        if len(names) < count:
            raise UserError(f"class_names holds {len(names)} names for {count} classes.")
        return cls(tuple(str(name) for name in names)), arrays

    @classmethod
    def takes_columns(cls, columns: Mapping[str, Column], separator: str | None) -> bool:
        """Take one column of texts, of booleans, or of a few integers."""
        return len(columns) == 1 and truth.has_classes(next(iter(columns.values())))

    @classmethod
    def take_columns(
        cls, columns: Mapping[str, Column], separator: str | None
    ) -> tuple[np.ndarray, list[str]]:
        return truth.classes_of_column(*truth.only_one(columns, separator))

    @classmethod
    def check_parts(cls, target: str, arrays: Arrays, classes: Sequence[str]) -> None:
        truth.check_learned(target, arrays["y_train"], classes)

    @classmethod
    def raw_answers(
        cls, path: object, columns: Mapping[str, Column], separator: str | None
    ) -> np.ndarray:
        return truth.names_of(truth.only_one(columns, separator)[1])

    def take_answers(self, path: object, answers: np.ndarray) -> np.ndarray:
        return truth.class_numbers(path, answers, self.labels)

    def suited(self, y: np.ndarray) -> str:
        """Return the mean over classes where these are uneven, 20 to 1 and more."""
        return "balanced_accuracy" if is_uneven(self.counts(y)) else ""

    def notes(self, y: np.ndarray) -> list[str]:
        return uneven_notes(self.metric, self.counts(y))

    def completed(self, metric: Metric, y: np.ndarray) -> Metric:
        """Of two classes look at the rarer, where none was named."""
        return of_class(metric, rarer(self.labels, self.counts(y)) if metric.of_class else "")

    @classmethod
    def strata(cls, y: np.ndarray) -> np.ndarray:
        return truth.single(y)

    def outputs(self, y: np.ndarray) -> int:
        return len(self.labels)

    def counts(self, y: np.ndarray) -> list[int]:
        return [int(n) for n in np.bincount(y, minlength=len(self.labels))]

    # loss

    def aims(self, y: np.ndarray) -> np.ndarray:
        return np.asarray(np.eye(len(self.labels))[y], np.float32)

    def progress(self) -> "keras.metrics.Metric":
        import keras

        return keras.metrics.CategoricalAccuracy(name="accuracy")

    def ignorance(self, y: np.ndarray) -> float:
        shares = np.bincount(y) / len(y)
        return float(-np.sum(shares * np.log(np.maximum(shares, 1e-12))))

    def plain_loss(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return float(classes.losses(y, outputs).mean())

    def soft(self, outputs: np.ndarray) -> np.ndarray:
        return classes.probabilities(outputs)

    def adjustment(self, y: np.ndarray, outputs: np.ndarray) -> Temperature | None:
        return calibrated(self.metric, self.labels, y, outputs)

    # answers

    def squashed(self, columns: int) -> str:
        return outputs_of.PROBABILITIES[columns == 1]

    def columns(self, model: "keras.Model", outputs: int) -> int:
        """One output is enough for two classes: probability or logit of the second."""
        alone = outputs == 2 and tuple(model.outputs[0].shape[1:]) == (1,)
        return 1 if alone and self.ending(model) != "softmax" else outputs

    def logits(self, outputs: np.ndarray, ending: str | None, smallest: float) -> np.ndarray:
        """Return outputs whose softmax is what the model says, (rows, classes)."""
        if ending is None:
            return outputs_of.of_two(outputs) if outputs.shape[1] == 1 else outputs
        return outputs_of.log_probabilities(outputs, smallest)

    def answers(self, outputs: np.ndarray, widths: Widths = None, every: bool = False) -> Answers:
        return of_classes(classes.probabilities(outputs), self.labels, every)

    def predictions(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        sure = classes.probabilities(outputs).max(axis=1)
        return {"predicted class": outputs.argmax(axis=1), "confidence": sure}

    def card(self, outputs: int, columns: int, ending: str | None) -> tuple[str, str]:
        meaning = "Logits: their softmax is the probability of each class."
        if columns < outputs:
            meaning = "A logit: its sigmoid is the probability of the second class."
        if ending is not None:
            meaning = "Probabilities of the classes; one: the second's."
        return f"{outputs} classes", meaning

    def effect(self, outputs: np.ndarray) -> Effect:
        p = classes.probabilities(outputs)
        best = int(p[0].argmax())
        falls = p[0, best] - p[1:, best]
        return Effect(self.labels[best], falls, falls)

    def examples(self, y: np.ndarray, outputs: np.ndarray, most: int) -> list[int]:
        """Return rows that are answered right, of different classes."""
        right = np.flatnonzero(outputs.argmax(axis=1) == y)
        _, first = np.unique(y[right], return_index=True)
        return [int(row) for row in np.sort(right[first])[:most]]

    # judging

    def figures(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Measure]:
        """Return accuracy, balanced_accuracy, macro_f1, roc_auc (mean of one class against the
        rest), log_loss (nats), brier, ece (expected calibration error, 15 bins); the one chosen.

        Classes that no row has do not count; roc_auc is undefined for rows of one class.
        """
        return figures_of(self.metric, self.labels, self.titles, y, outputs)

    def measure(self, y: np.ndarray, outputs: np.ndarray) -> Measure | None:
        return figure_of(self.metric, self.labels, self.metric.name, y, outputs)

    def fidelity(
        self, y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float
    ) -> list[Gate]:
        return gating.of_classes(self, y, first, second, max_drop)

    def agreement(self, first: np.ndarray, second: np.ndarray) -> float | None:
        return float(np.mean(first.argmax(axis=1) == second.argmax(axis=1)))

    def worst(self, y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> list[Mistake]:
        """Return the rows whose true class got the least probability, wrong ones first."""
        p = classes.probabilities(of_int8)
        answers, floats = p.argmax(axis=1), of_float.argmax(axis=1)
        order = np.lexsort((p[np.arange(len(y)), y], answers == y))[:MOST]
        return [
            Mistake(
                row=int(row),
                truth=self.labels[y[row]],
                int8=self.labels[answers[row]],
                float=self.labels[floats[row]],
                probability=float(p[row, answers[row]]),
                wrong=bool(answers[row] != y[row]),
            )
            for row in order
        ]

    def details(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Any]:
        table, bins = classes.confusion(y, outputs), reliability(y, outputs)
        own = recalls_of(self.labels, table, every=not self.usual)
        return {"confusion": table, "reliability": bins, **own}

    def changes(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Changes:
        before, after = (outputs.argmax(axis=1) == y for outputs in (first, second))
        return Changes(self.counted(y[before & ~after]), self.counted(y[after & ~before]))

    # baselines

    def parts(self, y: np.ndarray) -> list[Part]:
        return [Part(y, len(self.labels))]

    def joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        return parts[0]

    def decided(self, outputs: np.ndarray, known: Callable[[], np.ndarray]) -> np.ndarray:
        return outputs if self.usual else expected(self.metric, self.labels, outputs, known())
