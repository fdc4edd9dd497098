"""Regression: one or more numbers per row. y: float32 targets, (rows, targets)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from zoo.checks import UserError
from zoo.metrics import gates, numbers
from zoo.metrics.errors import MEDIAN, Errors
from zoo.metrics.gates import Gate
from zoo.metrics.weighted import Measure
from zoo.tasks import truth, words
from zoo.tasks.answers import MOST, Answers, Effect, Mistake, Part, Widths
from zoo.tasks.judging.own import ByError
from zoo.tasks.judging.tables import NUMBERS
from zoo.tasks.task import Task
from zoo.tasks.truth import Arrays, Column
from zoo.tasks.units import Units

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Regression(Task):
    """Numbers; the training standardizes them, the model answers in their own units.

    Examples:
        >>> data = zoo.load_data("diabetes")
        >>> data.task
        Regression(labels=())
        >>> data.y_train.shape
        (282, 1)
    """

    name = "regression"
    metrics = NUMBERS
    own = ByError()
    titles: ClassVar[Mapping[str, tuple[str, int]]] = {
        "rmse": ("rmse", 1),
        "mae": ("mean absolute error", 1),
        "mape": ("mean absolute percentage error", 100),
        "r2": ("R2", 1),
        "pinball": ("pinball loss", 1),
    }
    activation = "linear"
    device = "numbers"
    knobs = frozenset({"loss"})
    advised = ("rmse", "r2")
    ceiling = "r2"
    told = "r2"
    words = words.REGRESSION

    # truth

    @classmethod
    def takes(cls, y: np.ndarray) -> bool:
        return True

    @classmethod
    def learn(cls, arrays: Arrays) -> tuple[Self, Arrays]:
        return cls(), truth.as_targets(arrays)

    @classmethod
    def takes_columns(cls, columns: Mapping[str, Column], separator: str | None) -> bool:
        """Take several columns of numbers, and what no other task takes."""
        return True

    @classmethod
    def take_columns(
        cls, columns: Mapping[str, Column], separator: str | None
    ) -> tuple[np.ndarray, list[str]]:
        truth.check_unseparated(columns, separator)
        numbers = [truth.numbers_of_column(name, column) for name, column in columns.items()]
        return np.stack(numbers, axis=1), []

    @classmethod
    def raw_answers(
        cls, path: object, columns: Mapping[str, Column], separator: str | None
    ) -> np.ndarray:
        for target, column in columns.items():
            if column.kind != "number":
                raise UserError(
                    f"The target {target!r} of {path} holds {column.kind}s; expected numbers."
                )
        return np.stack([column.values for column in columns.values()], axis=1)

    def take_answers(self, path: object, answers: np.ndarray) -> np.ndarray:
        return truth.target_numbers(path, answers)

    @classmethod
    def strata(cls, y: np.ndarray) -> None:
        return None

    def outputs(self, y: np.ndarray) -> int:
        return int(y.shape[1])

    # loss

    def aims(self, y: np.ndarray) -> np.ndarray:
        return y

    def units(self, y: np.ndarray) -> Units:
        return Units.of(y)

    def progress(self) -> "keras.metrics.Metric":
        import keras

        return keras.metrics.RootMeanSquaredError(name="rmse")

    @property
    def errors(self) -> Errors:
        """What a training minimizes where its recipe leaves that to the metric."""
        levels = {"mae": MEDIAN, "mape": MEDIAN, "pinball": self.metric.level}
        return Errors(levels.get(self.metric.name), relative=self.metric.name == "mape")

    def loss(
        self, label_smoothing: float = 0.0, focal: float = 0.0, units: Units | None = None
    ) -> "keras.losses.Loss":
        from zoo.tasks.losses import QuantileLoss

        errors, told = self.errors, units or Units()
        if errors.level is None:
            return super().loss(label_smoothing, focal)
        return QuantileLoss(errors.level, *(told.listed() if errors.relative else ()))

    def ignorance(self, y: np.ndarray) -> float:
        return 1.0  # in units of the targets' variance

    def plain_loss(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return float(np.mean(((outputs - y) / units.std) ** 2))

    def soft(self, outputs: np.ndarray) -> np.ndarray:
        return outputs

    # answers

    def logits(self, outputs: np.ndarray, ending: str | None, smallest: float) -> np.ndarray:
        return outputs

    def answers(self, outputs: np.ndarray, widths: Widths = None, every: bool = False) -> Answers:
        """Return each number, and the ends of its prediction interval where widths are known."""
        if widths and len(widths) != outputs.shape[1]:
            raise UserError(
                f"The report has prediction intervals of {len(widths)} targets, and the model "
                f"answers {outputs.shape[1]}. Export the run again."
            )
        header = ["row"]
        for target in range(outputs.shape[1]):
            name = "answer" if outputs.shape[1] == 1 else f"answer {target}"
            header += [name, "from", "to"] if widths else [name]
        lines = []
        for row, values in enumerate(outputs.astype(float)):
            line = [str(row)]
            for target, value in enumerate(values):
                ends = [value - widths[target], value + widths[target]] if widths else []
                line += [f"{number:.6g}" for number in (value, *ends)]
            lines.append(tuple(line))
        return Answers(tuple(header), tuple(lines))

    def predictions(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        return {f"prediction {n}": outputs[:, n] for n in range(outputs.shape[1])}

    def card(self, outputs: int, columns: int, ending: str | None) -> tuple[str, str]:
        return f"{outputs} number(s)", "The predicted numbers."

    def effect(self, outputs: np.ndarray) -> Effect:
        """Return the effects on the first target."""
        values = outputs.astype(np.float64)
        falls = values[0, 0] - values[1:, 0]
        return Effect(f"{outputs[0, 0]:.4g}", falls, np.abs(falls))

    def examples(self, y: np.ndarray, outputs: np.ndarray, most: int) -> list[int]:
        """Return rows whose first answers are far apart."""
        order = np.argsort(outputs[:, 0], kind="stable")
        places = np.linspace(0, len(order) - 1, min(most, len(order))).astype(int)
        return [int(row) for row in order[places]]

    # judging

    def figures(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Measure]:
        """Return rmse and mae in units of the targets, mape as a share, and r2.

        Of several targets the mean, for rmse over all values. Undefined are mape with a target of
        0 and r2 of equal targets. pinball is there where it was chosen.
        """
        y, predicted = y.astype(np.float64), outputs.astype(np.float64)
        found = {
            "rmse": numbers.rmse(y, predicted),
            "mae": numbers.mae(y, predicted),
            "mape": numbers.mape(y, predicted),
            "r2": numbers.r2(y, predicted),
        }
        if self.metric.level is not None:
            found["pinball"] = numbers.pinball(y, predicted, self.metric.level)
        order = dict.fromkeys((self.metric.name, *found))
        return {name: one for name in order if (one := found[name]) is not None}

    def fidelity(
        self, y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float
    ) -> list[Gate]:
        return [
            gates.noise(y, first, second, max_drop),
            *gates.worst_target(y, first, second, max_drop),
        ]

    def worst(self, y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> list[Mistake]:
        """Return the rows with the largest error, in standard deviations of their target."""
        spread = np.maximum(y.std(axis=0), np.finfo(np.float32).tiny)
        errors = np.max(np.abs(of_int8 - y) / spread, axis=1)
        order = np.argsort(-errors, kind="stable")[:MOST]
        truth, int8, of = (_text(values) for values in (y, of_int8, of_float))
        return [Mistake(int(row), truth[row], None, True, int8[row], of[row]) for row in order]

    def details(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Any]:
        """Return the truth of the first target, and the answer to it."""
        return {"scatter": np.stack([y[:, 0], outputs[:, 0]], axis=1)}

    # baselines

    @property
    def trivial(self) -> str:
        return (
            f"the {self.errors.statistic} of the targets" if self.errors.level else super().trivial
        )

    def parts(self, y: np.ndarray) -> list[Part]:
        return [Part(y, 0, self.errors)]

    def joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        return parts[0]


def _text(values: np.ndarray) -> list[str]:
    return [", ".join(f"{value:.4g}" for value in row) for row in np.asarray(values)]
