"""Temperature scaling: one number that calibrates a classifier's confidence.

Guo et al. 2017 (arXiv:1706.04599, section 4.2): logits are divided by a temperature that is fitted
on rows the model was not trained on. Here the last dense layer is divided by it, so that it leaves
with the model; the order of the logits, and so the accuracy, stays. Two classes may have a
threshold beside it, see `zoo.tasks.judging.cut`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.metrics.classes import calibration_error
from zoo.tasks.adjustment import FOLDS, Adjustment
from zoo.tasks.judging.cut import Cut, cut_of
from zoo.tasks.metric import Metric

LOWEST, HIGHEST = 0.05, 20.0
HALF = 0.5


@dataclass(frozen=True)
class Temperature(Adjustment):
    """A temperature, the threshold of two classes, and what they do to the validation rows.

    The pairs are before and after: of every fifth of the rows at the temperature of the others.
    """

    value: float  # 1 where rows it was not fitted on have a larger log-loss or ECE
    rows: int
    log_loss: tuple[float, float]  # nats
    calibration_error: tuple[float, float]  # expected, 15 bins
    threshold: float = 0.5  # probability, at the temperature, above which the second of two is told
    chosen_by: str = ""  # metric that the threshold is best at
    figure_of_it: tuple[float, float] | None = None  # that metric, before and after

    name = "temperature"
    figure = "ece"

    @property
    def divisor(self) -> float:
        return self.value

    @property
    def shift(self) -> np.ndarray | None:
        return _shift(self.threshold)

    def described(self) -> dict[str, Any]:
        """Return its fields, without those of a threshold where there is none."""
        mine = super().described()
        own = {"threshold", "chosen_by", "figure_of_it"} if self.threshold == HALF else set()
        return {name: value for name, value in mine.items() if name not in own}

    @classmethod
    def undone(cls, record: Mapping[str, Any], outputs: np.ndarray) -> np.ndarray:
        shift = _shift(record.get("threshold", HALF))
        plain = outputs if shift is None else outputs - shift
        return np.asarray(record["value"] * plain)

    @classmethod
    def title(cls, record: Mapping[str, Any]) -> str:
        threshold = record.get("threshold", HALF)
        beside = "" if threshold == HALF else f" and threshold {min(threshold, 1 - threshold):.3g}"
        return f"temperature {record['value']:.2f}{beside}"

    @classmethod
    def note(cls, task: Any, record: Mapping[str, Any]) -> str:
        threshold = record.get("threshold", HALF)
        if threshold == HALF:
            return ""
        low, label = min((threshold, task.labels[1]), (1 - threshold, task.labels[0]))
        title = task.titles[record["chosen_by"]][0]
        before, after = (f"{value:.3f}" for value in record["figure_of_it"])
        return (
            f"{label!r} is predicted from a probability of {low:.3g} on: chosen on "
            f"{record['rows']} validation rows for {title.removesuffix(' %')} "
            f"({before} to {after} there), and held in the bias of the last layer."
        )


def _shift(threshold: float) -> np.ndarray | None:
    """Return what is added to two logits so that the larger is the answer; None for a half."""
    if threshold == HALF:
        return None
    half = float(np.log(threshold) - np.log1p(-threshold)) / 2
    return np.array([half, -half])


def calibrated(
    metric: Metric, labels: tuple[str, ...], y: np.ndarray, logits: np.ndarray
) -> Temperature | None:
    """Return the temperature of logits, and the threshold that the metric is best at, if any.

    Args:
        metric: that was chosen.
        labels: names of the classes.
        y: class numbers of rows that the model was not trained on.
        logits: of these, (rows, classes); of fewer than 5 nothing is told.
    """
    if len(y) < FOLDS:
        return None
    return with_cut(of_logits(y, logits), cut_of(metric, labels, y, logits))


def with_cut(found: Temperature, cut: Cut | None) -> Temperature:
    """Return a temperature with a threshold beside it, from logits that it was not applied to."""
    if cut is None:
        return found
    told = float(1 / (1 + np.exp(-cut.logit / found.value)))
    pair = (cut.before, cut.after)
    return replace(found, threshold=told, chosen_by=cut.metric, figure_of_it=pair)


def of_logits(y: np.ndarray, logits: np.ndarray) -> Temperature:
    """Return the temperature of logits, (rows, classes), at least 5 rows."""
    folds = np.arange(len(y)) % FOLDS
    scaled = np.empty_like(logits)
    for number in range(FOLDS):
        mine = folds == number
        scaled[mine] = logits[mine] / best(y[~mine], logits[~mine])
    losses = [float(np.mean(_losses(y, one))) for one in (logits, scaled)]
    errors = [calibration_error(y, one) for one in (logits, scaled)]
    helps = losses[1] < losses[0] and errors[1] <= errors[0]
    value = best(y, logits) if helps else 1.0
    return Temperature(value, len(y), (losses[0], losses[1]), (errors[0], errors[1]))


def best(y: np.ndarray, logits: np.ndarray) -> float:
    """Return the temperature, 0.05 to 20, with the least log-loss on rows and one wrong one more.

    Where all n answers are right the log-loss alone asks for endless confidence. Platt 1999
    ("Probabilistic outputs for support vector machines", section 2.2) aims at (n + 1) / (n + 2).
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    wrong = 1 / (len(y) + 2)
    others = wrong / (logits.shape[1] - 1)
    shared = others * logits.sum(axis=1)

    def loss(log_temperature: float) -> float:
        cold = np.exp(-log_temperature)
        aim = (1 - wrong - others) * logits[np.arange(len(y)), y] + shared
        return float(np.mean(logsumexp(cold * logits, axis=1) - cold * aim))

    ends = (np.log(LOWEST), np.log(HIGHEST))
    return float(np.exp(minimize_scalar(loss, bounds=ends, method="bounded").x))


def _losses(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    from scipy.special import logsumexp

    return np.asarray(logsumexp(logits, axis=1) - logits[np.arange(len(y)), y])
