"""Multi-label classification: each row has any of several labels. y: uint8 0/1, (rows, labels)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from zoo.metrics import labels as figures_of
from zoo.metrics.gates import Gate
from zoo.metrics.weighted import Measure
from zoo.tasks import gating, thresholds, truth, words
from zoo.tasks import outputs as outputs_of
from zoo.tasks.adjustment import FOLDS
from zoo.tasks.answers import MOST, Answers, Changes, Effect, Mistake, Part, Widths
from zoo.tasks.judging.own import ByLabels
from zoo.tasks.judging.tables import LABELS
from zoo.tasks.outputs import log_odds, sigmoid
from zoo.tasks.tagging import tags
from zoo.tasks.tagging.label_table import label_table
from zoo.tasks.task import Task
from zoo.tasks.thresholds import Thresholds
from zoo.tasks.truth import Arrays, Column
from zoo.tasks.units import Units

if TYPE_CHECKING:
    import keras

NONE = "(none)"  # of the labels


@dataclass(frozen=True)
class Multilabel(Task):
    """Any of several labels per row; a logit above 0 answers its label.

    Examples:
        >>> y = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 0], [1, 1, 0]])
        >>> task, _ = zoo.Multilabel.learn({"y_train": y})
        >>> task
        Multilabel(labels=('0', '1', '2'))
    """

    name = "multilabel"
    metrics = LABELS
    own = ByLabels()
    titles: ClassVar[Mapping[str, tuple[str, int]]] = {
        "macro_f1": ("macro F1 %", 100),
        "micro_f1": ("micro F1 %", 100),
        "mean_average_precision": ("mean average precision %", 100),
        "subset_accuracy": ("subset accuracy %", 100),
    }
    activation = "sigmoid"
    device = "tags"
    adjusted = Thresholds
    knobs = frozenset({"label_smoothing", "focal", "cutmix"})
    advised = ("macro_f1", "mean_average_precision")
    ceiling = "macro_f1"
    told = "mean_average_precision"
    words = words.MULTILABEL

    # truth

    @classmethod
    def takes(cls, y: np.ndarray) -> bool:
        return truth.is_binary(y) and not truth.is_one_hot(y)

    @classmethod
    def takes_columns(cls, columns: Mapping[str, Column], separator: str | None) -> bool:
        """Take a column with a separator, or several columns of zeros and ones."""
        if len(columns) == 1:
            return separator is not None
        return all(tags.is_binary(column) for column in columns.values())

    @classmethod
    def learn(cls, arrays: Arrays) -> tuple[Self, Arrays]:
        names, arrays = tags.as_matrices(arrays)
        return cls(names), arrays

    @classmethod
    def labeled(cls, columns: Mapping[str, Column]) -> np.ndarray:
        """Take an empty cell of tags for a row without labels."""
        return super().labeled(columns) | (len(columns) == 1)

    @classmethod
    def take_columns(
        cls, columns: Mapping[str, Column], separator: str | None
    ) -> tuple[np.ndarray, list[str]]:
        return tags.of_columns(columns, separator)

    @classmethod
    def check_parts(cls, target: str, arrays: Arrays, classes: Sequence[str]) -> None:
        tags.check_known(target, arrays["y_train"], classes)

    @classmethod
    def raw_answers(
        cls, path: object, columns: Mapping[str, Column], separator: str | None
    ) -> np.ndarray:
        if len(columns) > 1:
            return tags.of_numbers(columns)
        return tags.padded(tags.cells_of(columns, separator))

    def take_answers(self, path: object, answers: np.ndarray) -> np.ndarray:
        return tags.known_matrix(path, answers, self.labels)

    @classmethod
    def strata(cls, y: np.ndarray) -> np.ndarray | None:
        return tags.rarest(y) if y.ndim == 2 else None

    def outputs(self, y: np.ndarray) -> int:
        return len(self.labels)

    def counts(self, y: np.ndarray) -> list[int]:
        return [int(n) for n in y.sum(axis=0, dtype=np.int64)]

    # loss

    def aims(self, y: np.ndarray) -> np.ndarray:
        return np.asarray(y, np.float32)

    def progress(self) -> "keras.metrics.Metric":
        from zoo.tasks.losses import MacroF1

        return MacroF1(len(self.labels), name="macro_f1")

    def ignorance(self, y: np.ndarray) -> float:
        shares = np.clip(y.mean(axis=0), 1e-12, 1 - 1e-12)
        return float(-np.mean(shares * np.log(shares) + (1 - shares) * np.log(1 - shares)))

    def plain_loss(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return float(np.mean(figures_of.losses(y, outputs)))

    def soft(self, outputs: np.ndarray) -> np.ndarray:
        return sigmoid(outputs)

    def adjustment(self, y: np.ndarray, outputs: np.ndarray) -> Thresholds | None:
        return thresholds.of_logits(y, outputs) if len(y) >= FOLDS else None

    # answers

    def columns(self, model: "keras.Model", outputs: int) -> int:
        outputs_of.check_apart(model)
        return outputs

    def logits(self, outputs: np.ndarray, ending: str | None, smallest: float) -> np.ndarray:
        """Return outputs whose sigmoid is what the model says, (rows, labels)."""
        if ending is None:
            return outputs
        return log_odds(np.clip(outputs, smallest, 1 - smallest))

    def answers(self, outputs: np.ndarray, widths: Widths = None, every: bool = False) -> Answers:
        """Return the labels of each row, and the probability of every label."""
        p, names = sigmoid(outputs), self._named(outputs > 0)
        lines = ((str(n), names[n], *(f"{one:.4f}" for one in row)) for n, row in enumerate(p))
        return Answers(("row", "answer", *(f"p {label}" for label in self.labels)), tuple(lines))

    def predictions(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        sure = np.maximum(sigmoid(outputs), sigmoid(-outputs))
        return {"labels per row": (outputs > 0).sum(axis=1), "confidence": sure.mean(axis=1)}

    def card(self, outputs: int, columns: int, ending: str | None) -> tuple[str, str]:
        meaning = "Logits: a label is predicted where its own is above 0."
        if ending is not None:
            meaning = "Probabilities: a label is predicted where its own is above 0.5."
        return f"{outputs} labels", meaning

    def effect(self, outputs: np.ndarray) -> Effect:
        """Return the effects on the likeliest label."""
        p = sigmoid(outputs[:, best := int(outputs[0].argmax())])
        return Effect(self.labels[best], p[0] - p[1:], p[0] - p[1:])

    def examples(self, y: np.ndarray, outputs: np.ndarray, most: int) -> list[int]:
        """Return rows that are answered best, of different labels."""
        wrong = ((outputs > 0) != (y > 0)).sum(axis=1)
        good = np.flatnonzero(wrong == wrong.min())
        _, first = np.unique(y[good], axis=0, return_index=True)
        return [int(row) for row in np.sort(good[first])[:most]]

    # judging

    def figures(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Measure]:
        """Return macro_f1, micro_f1, mean_average_precision and subset_accuracy.

        Labels that no row has do not count in mean_average_precision, nor in macro_f1 unless they
        are answered.
        """
        said, known = outputs > 0, y > 0
        found = {
            "macro_f1": figures_of.macro_f1(known, said),
            "micro_f1": figures_of.micro_f1(known, said),
            "subset_accuracy": figures_of.subset_accuracy(known, said),
        }
        area = figures_of.mean_average_precision(known, outputs)
        found |= {} if area is None else {"mean_average_precision": area}
        order = dict.fromkeys((self.metric.name, *found))
        return {name: found[name] for name in order if name in found}

    def fidelity(
        self, y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float
    ) -> list[Gate]:
        return gating.of_labels(self, y, first, second, max_drop)

    def agreement(self, first: np.ndarray, second: np.ndarray) -> float | None:
        return float(np.mean(((first > 0) == (second > 0)).all(axis=1)))

    def worst(self, y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> list[Mistake]:
        """Return the rows with the largest loss, wrong ones first; sure as of the worst label."""
        wrong = ((of_int8 > 0) != (y > 0)).any(axis=1)
        order = np.lexsort((-figures_of.losses(y, of_int8).sum(axis=1), ~wrong))[:MOST]
        sure = sigmoid(np.abs(of_int8)).min(axis=1)
        known, int8, of = (self._named(one > 0) for one in (y, of_int8, of_float))
        return [
            Mistake(int(n), known[n], float(sure[n]), bool(wrong[n]), int8[n], of[n]) for n in order
        ]

    def details(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Any]:
        return {"labels": label_table(self.labels, y, outputs)}

    def changes(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Changes:
        before, after = ((outputs > 0) == (y > 0) for outputs in (first, second))
        return Changes(self.counted(before & ~after), self.counted(after & ~before))

    def _named(self, said: np.ndarray) -> list[str]:
        names = np.array(self.labels, dtype=object)
        return [", ".join(names[row]) or NONE for row in said]

    # baselines

    def parts(self, y: np.ndarray) -> list[Part]:
        return [Part(column.astype(np.int64), 2) for column in y.T]

    def joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([part[:, 1] - part[:, 0] for part in parts], axis=1)

    def decided(self, outputs: np.ndarray, known: Callable[[], np.ndarray]) -> np.ndarray:
        return thresholds.expected(outputs, known())
