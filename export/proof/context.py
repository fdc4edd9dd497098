"""Context of the int8 answers: baselines of a table, prediction intervals of numbers."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from export.exported import Export
from export.proof.baselines import Comparison, compare, verdict
from export.proof.conformal import PredictionInterval, held_out, prediction_interval
from export.runtimes.litert import load, predict
from zoo import Data
from zoo.metrics.intervals import Estimate


@dataclass(frozen=True)
class Context:
    """What the int8 answers are read beside.

    Attributes:
        baselines: for tables only.
        trees: who wins, the best of the trees or the int8 model, in a sentence; None but for
            tables.
        prediction_interval: for numbers, where rows were held out.
    """

    baselines: tuple[Comparison, ...]
    trees: str | None
    prediction_interval: PredictionInterval | None

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        within = self.prediction_interval
        return {
            "baselines": [one.to_json() for one in self.baselines],
            "trees": self.trees,
            "prediction_interval": within and asdict(within),
        }


def context(export: Export, data: Data, of_int8: np.ndarray, estimate: Estimate) -> Context:
    """Fit baselines, and measure prediction intervals.

    Args:
        of_int8: outputs of the int8 file for the test rows, (rows, outputs).
        estimate: the metric of these.
    """
    found, left_out = compare(data, of_int8)
    trees = None
    if found or left_out:
        said = verdict(found, data.task.metric, estimate, len(data.x_test))
        trees = "; ".join([said, *left_out])
    return Context(found, trees, _interval(export, data, of_int8))


def _interval(export: Export, data: Data, of_int8: np.ndarray) -> PredictionInterval | None:
    if not data.task.numbers:
        return None
    rows = held_out(export.run)
    if not len(rows):
        return None
    interpreter, x = load(export.int8_file), data.x_validation[rows]
    of_held_out = predict(interpreter, x, export.scaling, export.output)
    return prediction_interval(of_held_out - data.y_validation[rows], of_int8 - data.y_test)
