"""The int8 model of a table compared with quick baselines: a constant, a linear model, trees."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from export.proof.fitting import answered
from zoo import Data
from zoo.baselines.fitted import has_trees
from zoo.data.kinds import TABLE
from zoo.metrics.intervals import Estimate
from zoo.tasks import Metric


@dataclass(frozen=True)
class Comparison:
    """A baseline on the test rows, beside the int8 model."""

    name: str
    trees: bool
    estimate: Estimate  # of the baseline: accuracy, or RMSE
    ahead: Estimate  # of the int8 model: points of accuracy, or percent of RMSE; below 0 behind
    seconds: float  # of fitting the baseline

    @property
    def winner(self) -> str:
        """ "baseline" or "int8" where the interval of the difference leaves zero out."""
        low, high = self.ahead.ci95
        return "baseline" if low > 0 else "int8" if high < 0 else "neither"

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"winner": self.winner}


def compare(data: Data, of_int8: np.ndarray) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    """Fit the baselines on all rows but the test rows, and compare on those.

    Args:
        data: a table; of texts, and of rows with more axes, nothing is compared.
        of_int8: outputs of the int8 file for the test rows.

    Returns:
        The comparisons; and, in words, the baselines that were left out.
    """
    if data.kind is not TABLE:
        return (), ()
    made = answered(data)
    found = [
        beside(data, of_int8, one.name, has_trees(one.name), one.outputs, one.seconds)
        for one in made
        if one.outputs is not None
    ]
    return tuple(found), tuple(f"{one.name} {one.why}" for one in made if one.outputs is None)


def beside(
    data: Data, of_int8: np.ndarray, name: str, trees: bool, outputs: np.ndarray, seconds: float
) -> Comparison:
    """Return a baseline's outputs for the test rows beside int8's; see `Comparison`."""
    task, y = data.task, data.y_test
    own, ahead = task.estimate(y, outputs), task.drop(y, outputs, of_int8)
    return Comparison(name, trees, own, ahead, seconds)


def verdict(comparisons: Sequence[Comparison], metric: Metric, int8: Estimate, rows: int) -> str:
    """Say in a sentence whether the best of the trees or the int8 model wins, and by how much.

    Args:
        comparisons: from `compare`, not empty.
        metric: what they are compared by.
        int8: the model's own figure.
        rows: number of test rows.
    """
    trees, unit = [one for one in comparisons if one.trees], metric.unit
    if not trees:
        return "no trees were grown in time"
    best = max(trees, key=lambda one: metric.better * one.estimate.value)
    figures = f"trees ({best.name}) {best.estimate.value:.4g}, this model {int8.value:.4g}"
    low, high = best.ahead.ci95
    if best.winner == "neither":
        gap = f"{best.ahead.value:+.2g} {unit} for the trees, {low:+.2g} to {high:+.2g}"
        return f"{figures}: no difference that {rows} test rows can show ({gap})"
    if best.winner == "int8":
        low, high = -high, -low
    who = "trees win" if best.winner == "baseline" else "this model wins"
    return f"{figures}: {who} by {abs(best.ahead.value):.2g} {unit} ({low:.2g} to {high:.2g})"
