"""The report: what was measured, as a value that knows its JSON form and its verdict."""

from dataclasses import asdict, dataclass
from typing import Any

from export.proof.baselines import Comparison, verdict
from export.proof.conformal import PredictionInterval
from export.proof.quality import Quality
from export.proof.targets import Placement
from export.runtimes.litert import Latency, Scaling
from export.tflite.audit import Audit
from zoo.files import as_json
from zoo.metrics.intervals import Estimate
from zoo.tasks import Task
from zoo.tasks.answers import Mistake

SCHEMA = 1
RUNGS = {
    "ptq": "calibration (ptq)",
    "qat": "quantization-aware training (qat)",
    "converter": "TensorFlow's converter",
    "qat-tfmot": "tfmot's training (qat-tfmot)",
}
BOUND = 1e-4  # on the difference that float arithmetic explains


@dataclass(frozen=True)
class Streaming:
    """The step form, state by state, against the whole-sequence form on the same test rows."""

    rows: int
    equal: float  # share of logits
    within_one_step: float  # of the output's quantization steps


@dataclass(frozen=True)
class Report:
    """Float against int8, on the test rows."""

    model: dict[str, Any]
    data: dict[str, Any]
    task: Task
    ending: str | None  # "softmax" or "sigmoid" of a classifier that gives probabilities
    float_estimate: Estimate
    int8_estimate: Estimate
    drop: Estimate  # points of accuracy, or percent of RMSE
    max_drop: float
    bound: float  # max_drop, or what one test row makes
    agreement: float | None  # share of test rows with the same class; None for regression
    quality: Quality
    worst: tuple[Mistake, ...]  # test rows, the worst first
    float_difference: float  # largest |Keras - float .tflite|, relative to max(1, |Keras|)
    rung: str  # "ptq", "qat", "converter", "qat-tfmot"
    without_twin: str | None  # why the converter quantized by itself, where it did
    float_layers: tuple[str, ...]  # that stay in float in the int8 file, and why
    forms: dict[str, str]  # form -> file
    audits: dict[str, Audit]  # file -> what it holds; the float file and the main int8 file first
    zip_bytes: dict[str, int]  # file -> size after deflate
    scaling: Scaling
    latency: dict[str, Latency]  # "float", "int8"
    targets: tuple[str, ...]
    placements: tuple[Placement, ...]
    estimates: dict[str, dict[str, int]]  # figure -> "estimated" before training, "measured"
    baselines: tuple[Comparison, ...]  # for tables only
    prediction_interval: PredictionInterval | None  # for regression, where rows were held out
    streaming: Streaming | None
    layers: dict[str, float]  # range -> signal to int8 error, dB; empty without a twin
    compression: dict[str, Any] | None
    licence: str | None  # of model and data, as their owner says
    formats: dict[str, Any]  # other formats beside the files, as `formats.json` has them
    calibration: dict[str, Any]
    backend: str
    versions: dict[str, str]
    seconds: dict[str, float]

    @property
    def metric(self) -> str:
        """Name of the figure that float and int8 are compared by."""
        return self.task.metric.name

    @property
    def float_audit(self) -> Audit:
        return self.audits["model_float.tflite"]

    @property
    def int8_audit(self) -> Audit:
        return self.audits["model_int8.tflite"]

    def failures(self) -> list[str]:
        """Return what is wrong with the int8 files, in sentences; empty if they may be shipped."""
        found = []
        for name, audit in self.audits.items():
            found += _file_failures(name, audit, integer=audit is not self.float_audit)
        found += [f"not integer-only because of {layer}" for layer in self.float_layers]
        if not self.float_difference < BOUND:
            found.append(f"float .tflite differs from Keras by {self.float_difference:.1e}")
        for name, made in self.formats.items():
            if not made["difference"] < BOUND:
                found.append(f"{name} differs from Keras by {made['difference']:.1e}")
        if not self.drop.value <= self.bound:
            found.append(
                f"drop of {self.drop.value:.3g} {self.drop_unit} is over the bound of "
                f"{self.bound:.3g}"
            )
        if self.streaming is not None and self.streaming.within_one_step < 0.99:
            share = 100 * self.streaming.within_one_step
            found.append(f"only {share:.1f} % of streamed logits are those of the whole sequence")
        for target in self.targets:
            tried = self._tried(target)
            if tried and not any(one.ok for one in tried):
                reasons = "; ".join(f"{one.form} form: {one.why}" for one in tried)
                found.append(f"{target} takes no form entirely. {reasons}")
        return found

    @property
    def passed(self) -> bool:
        return not self.failures()

    @property
    def drop_unit(self) -> str:
        return self.task.metric.drop_unit

    @property
    def trees(self) -> str | None:
        """Who wins, the best of the trees or the int8 model, in a sentence; None but for tables."""
        if not self.baselines:
            return None
        rows = int(self.data["rows"]["test"])
        return verdict(self.baselines, self.task.metric, self.int8_estimate, rows)

    @property
    def worst_layer(self) -> tuple[str, float] | None:
        """The range with the smallest ratio of signal to int8 error, and that ratio in dB."""
        return min(self.layers.items(), key=lambda item: item[1]) if self.layers else None

    def to_json(self) -> str:
        """Return the text of `report.json`."""
        return as_json(
            {
                "schema": SCHEMA,
                "passed": self.passed,
                "failures": self.failures(),
                "model": self.model | {"macs": self.float_audit.macs},
                "data": self.data,
                "metric": self.metric,
                "ending": self.ending,
                "float": asdict(self.float_estimate),
                "int8": asdict(self.int8_estimate),
                "drop": asdict(self.drop)
                | {"unit": self.drop_unit, "maximum": self.max_drop, "bound": self.bound},
                "agreement": self.agreement,
                **self.quality.described(),
                "worst": [vars(one) for one in self.worst],
                "method": self.rung,
                "without_twin": self.without_twin,
                "float_layers": self.float_layers,
                "integer_only": all(self.audits[name].integer_only for name in self.forms.values()),
                "float_difference": self.float_difference,
                "input": asdict(self.scaling),
                "calibration": self.calibration,
                "compression": self.compression,
                "forms": self.forms,
                "formats": self.formats,
                "files": {name: self._file(name) for name in self.audits},
                "runtimes": self._runtimes(),
                "estimates": self.estimates,
                "baselines": [one.to_json() for one in self.baselines],
                "trees": self.trees,
                "prediction_interval": None
                if self.prediction_interval is None
                else asdict(self.prediction_interval),
                "streaming": None if self.streaming is None else asdict(self.streaming),
                "layers": self.layers,
                "worst_layer": None if self.worst_layer is None else self.worst_layer[0],
                "seconds": self.seconds,
                "licence": self.licence,
                "backend": self.backend,
                "versions": self.versions,
            }
        )

    def _file(self, name: str) -> dict[str, Any]:
        audit = self.audits[name]
        return {
            "bytes": audit.bytes,
            "description_bytes": audit.description_bytes,
            "zip_bytes": self.zip_bytes[name],
            "sha256": audit.sha256,
            "operators": audit.operators,
            "dtypes": audit.dtypes,
        }

    def _tried(self, target: str) -> list[Placement]:
        return [one for one in self.placements if one.target == target]

    def _runtimes(self) -> dict[str, Any]:
        """Return per target whether it is ok, the figures of its best form, and every form's."""
        litert: dict[str, Any] = {
            "ok": True,
            "threads": 1,
            "latency_us": {name: t.median for name, t in self.latency.items()},
            "latency_us_minimum": {name: t.minimum for name, t in self.latency.items()},
        }
        runtimes = {"litert": litert}
        for target in self.targets:
            tried = self._tried(target)
            if tried:
                best = next((one for one in tried if one.ok), tried[0])
                runtimes[target] = {"ok": best.ok, "form": best.form, **best.figures} | {
                    "forms": {
                        one.form: {"ok": one.ok, "why": one.why, **one.figures} for one in tried
                    }
                }
        return runtimes


def _file_failures(name: str, audit: Audit, integer: bool) -> list[str]:
    found = []
    if integer and audit.floats:
        names = ", ".join(audit.floats[:3])
        found.append(f"not integer-only: {len(audit.floats)} float tensors ({names}) in {name}")
    if integer and not audit.fitting_ends:
        found.append(f"input or output of {name} is not INT8")
    if audit.forbidden:
        found.append(f"operators that are not allowed in {name}: {audit.forbidden}")
    return found
