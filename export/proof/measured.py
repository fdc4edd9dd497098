"""The metric of float and int8 on the test rows, and the drop between them."""

from dataclasses import asdict, dataclass
from typing import Any

from export.conversion.job import FLOAT
from export.proof.answers import Outputs
from export.proof.finding import Finding
from zoo import Data
from zoo.metrics.gates import FAILED, NOT_SHOWN, Gate
from zoo.metrics.intervals import Estimate
from zoo.tasks import Task


@dataclass(frozen=True)
class Measured:
    """Float against int8, by the metric of the task.

    Attributes:
        ending: "softmax" or "sigmoid" of a classifier that gives probabilities.
        drop: points of accuracy, or percent of RMSE.
        max_drop: that was asked for.
        bound: that, or what one test row makes.
        agreement: share of test rows with the same class; None for numbers.
        gates: what int8 must pass to stand for float.
    """

    task: Task
    ending: str | None
    float_estimate: Estimate
    int8_estimate: Estimate
    drop: Estimate
    max_drop: float
    bound: float
    agreement: float | None
    gates: tuple[Gate, ...]

    @property
    def drop_unit(self) -> str:
        return self.task.metric.drop_unit

    def findings(self) -> list[Finding]:
        """Return which gates int8 does not pass."""
        return self._of(FAILED)

    def unshown(self) -> list[Finding]:
        """Return which gates so few rows cannot tell of."""
        return self._of(NOT_SHOWN)

    def _of(self, state: str) -> list[Finding]:
        return [Finding(one.sentence, one.advice) for one in self.gates if one.state == state]

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        return {
            "metric": self.task.metric.name,
            "ending": self.ending,
            "float": asdict(self.float_estimate),
            "int8": asdict(self.int8_estimate),
            "drop": self._drop(),
            "agreement": self.agreement,
            "gates": [one.described() for one in self.gates],
        }

    def of_file(self, name: str, main: str) -> dict[str, Any]:
        """Return the part of a file's entry in `report.json`; None where it was not measured."""
        estimate = {FLOAT: self.float_estimate, main: self.int8_estimate}.get(name)
        return {
            "estimate": estimate and asdict(estimate),
            "drop": self._drop() if name == main else None,
        }

    def _drop(self) -> dict[str, Any]:
        limits = {"unit": self.drop_unit, "maximum": self.max_drop, "bound": self.bound}
        return asdict(self.drop) | limits


def measure(data: Data, outputs: Outputs, max_drop: float) -> Measured:
    """Measure the outputs for the test rows.

    Args:
        max_drop: largest acceptable drop, in the metric's unit.
    """
    task, y = data.task, data.y_test
    drop = task.drop(y, outputs.of_float, outputs.of_int8)
    return Measured(
        task=task,
        ending=outputs.ending,
        float_estimate=task.estimate(y, outputs.of_float),
        int8_estimate=task.estimate(y, outputs.of_int8),
        drop=drop,
        max_drop=max_drop,
        bound=task.bound(max_drop, y),
        agreement=task.agreement(outputs.of_float, outputs.of_int8),
        gates=tuple(task.gates(y, outputs.of_float, outputs.of_int8, max_drop, drop)),
    )
