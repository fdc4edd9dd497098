"""The report: all measurements, as a value that knows its JSON form and its verdict."""

from dataclasses import dataclass

from export.proof.baselines import Comparison
from export.proof.conformal import PredictionInterval
from export.proof.context import Context
from export.proof.device import OnDevice
from export.proof.fidelity import Fidelity
from export.proof.files import Files
from export.proof.finding import Finding
from export.proof.fitness import Fitness
from export.proof.identity import Dataset, Model, Origin, Subject
from export.proof.measured import Measured
from export.proof.quality import Quality
from export.proof.runtimes import Runtimes
from export.tflite.audit import Audit
from zoo.files import as_json
from zoo.metrics.gates import FAILED, NOT_SHOWN, PASSED
from zoo.metrics.intervals import Estimate
from zoo.showing import html_table
from zoo.tasks import Task, worded

SCHEMA = 1


@dataclass(frozen=True)
class Report:
    """Float against int8, on the test rows.

    Attributes:
        subject: the model and the data.
        measured: the metric of both, and the drop.
        quality: all figures, mistakes and groups of rows.
        files: how they were made, and what they hold.
        runtimes: latency, and every target.
        context: baselines, prediction intervals.
        fitness: what speaks against the model itself.
        fidelity: layer by layer, and streamed.
        origin: times, versions, license.
        device: limits, and whether the files keep them; None where none were given.

    Examples:
        >>> report  # from `export.verify`
        Report(float: accuracy ...; int8: accuracy ...; drop: ...; verdict: PASSED)
        >>> report.metric, report.test_rows, report.failures()
        ('accuracy', 36, [])
    """

    subject: Subject
    measured: Measured
    quality: Quality
    files: Files
    runtimes: Runtimes
    context: Context
    fitness: Fitness
    fidelity: Fidelity
    origin: Origin
    device: OnDevice | None = None

    def __repr__(self) -> str:
        return f"Report({'; '.join(f'{name}: {value}' for name, value in self._shown().items())})"

    def _repr_html_(self) -> str:
        return html_table(f"{self.model.name} on {self.data.name}", self._shown())

    def _shown(self) -> dict[str, str]:
        """Return the verdict and what it rests on, in a few words."""
        metric, drop = self.task.metric, self.drop
        found = {
            kind: f"{worded(metric.name)} {metric.shown(one.value)}"
            for kind, one in (("float", self.float_estimate), (self.numerics, self.int8_estimate))
        }
        limit = f"{drop.value:.2f} {metric.unit}, at most {self.measured.bound:.2f}"
        return {**found, "drop": limit, "verdict": self.told}

    def findings(self) -> list[Finding]:
        """Return what is wrong with the int8 files, or what so few rows cannot tell."""
        return self._wrong() or self.measured.unshown()

    def _wrong(self) -> list[Finding]:
        judges = (self.files, self.measured, self.fidelity, self.runtimes)
        on_device = [] if self.device is None else self.device.findings()
        return [one for judge in judges for one in judge.findings()] + on_device

    def failures(self) -> list[str]:
        """Return the sentences of `findings`; empty if the files may be shipped."""
        return [one.sentence for one in self.findings()]

    @property
    def verdict(self) -> str:
        """ "passed", "failed", or "not shown" where test rows are too few to tell."""
        if self._wrong():
            return FAILED
        return NOT_SHOWN if self.measured.unshown() else PASSED

    def next_steps(self) -> list[str]:
        """Return what to do about `findings`, each once."""
        return list(dict.fromkeys(one.advice for one in self.findings()))

    @property
    def told(self) -> str:
        """The verdict in capitals; of a file that passed also whether a constant does as well."""
        return self.verdict.upper() + (self.fitness.but if self.passed else "")

    @property
    def passed(self) -> bool:
        return self.verdict == PASSED

    def to_json(self) -> str:
        """Return the text of `report.json`, which `Verified` reads."""
        verdict = {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "passed": self.passed,
            "failures": self.failures(),
            "next_steps": [one.advice for one in self.findings()],
        }
        return as_json(
            verdict
            | self.subject.described()
            | self.measured.described()
            | self.quality.described()
            | self.files.described(self.measured)
            | self.runtimes.described()
            | self.context.described()
            | self.fitness.described()
            | self.fidelity.described()
            | self.origin.described()
            | ({} if self.device is None else self.device.described())
        )

    @property
    def model(self) -> Model:
        return self.subject.model

    @property
    def data(self) -> Dataset:
        return self.subject.data

    @property
    def test_rows(self) -> int:
        return self.data.rows["test"]

    @property
    def task(self) -> Task:
        return self.measured.task

    @property
    def metric(self) -> str:
        """Name of the figure that float and int8 are compared by."""
        return self.task.metric.name

    @property
    def float_estimate(self) -> Estimate:
        return self.measured.float_estimate

    @property
    def int8_estimate(self) -> Estimate:
        return self.measured.int8_estimate

    @property
    def drop(self) -> Estimate:
        """Points of accuracy, or percent of RMSE."""
        return self.measured.drop

    @property
    def agreement(self) -> float | None:
        """Share of test rows with the same class; None for numbers."""
        return self.measured.agreement

    @property
    def audits(self) -> dict[str, Audit]:
        return self.files.audits

    @property
    def float_audit(self) -> Audit:
        return self.files.float_audit

    @property
    def int8_audit(self) -> Audit:
        return self.files.int8_audit

    @property
    def numerics(self) -> str:
        """Name of the format of the quantized files."""
        return self.files.numerics.name

    @property
    def without_twin(self) -> str | None:
        """Why TensorFlow's converter quantized by itself, where it did."""
        return self.files.without_twin

    @property
    def baselines(self) -> tuple[Comparison, ...]:
        return self.context.baselines

    @property
    def trees(self) -> str | None:
        """Who wins, the best of the trees or the int8 model, in a sentence; None but for tables."""
        return self.context.trees

    @property
    def prediction_interval(self) -> PredictionInterval | None:
        return self.context.prediction_interval
