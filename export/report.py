"""The report: what was measured, as a value that knows its JSON form and its verdict."""

from dataclasses import asdict, dataclass
from typing import Any

from export.audit import Audit
from export.intervals import Estimate
from export.runtime import Latency, Scaling
from zoo.run import as_json

SCHEMA = 1


@dataclass(frozen=True)
class Report:
    """Float against int8, on the test rows."""

    model: dict[str, Any]
    data: dict[str, Any]
    metric: str  # "accuracy" or "rmse"
    float_estimate: Estimate
    int8_estimate: Estimate
    drop: Estimate  # points of accuracy, or percent of RMSE
    max_drop: float
    agreement: float | None  # share of test rows with the same class; None for regression
    float_difference: float  # largest |Keras - float .tflite|, relative to max(1, |Keras|)
    float_audit: Audit
    int8_audit: Audit
    scaling: Scaling
    latency: dict[str, Latency]  # "float", "int8"
    calibration: dict[str, Any]
    backend: str
    versions: dict[str, str]
    seconds: dict[str, float]

    def failures(self) -> list[str]:
        """Return what is wrong with the int8 file, in sentences; empty if it may be shipped."""
        found = []
        if self.int8_audit.floats:
            names = ", ".join(self.int8_audit.floats[:3])
            found.append(f"not integer-only: {len(self.int8_audit.floats)} float tensors ({names})")
        if {*self.int8_audit.inputs, *self.int8_audit.outputs} != {"INT8"}:
            found.append("input or output of int8 is not INT8")
        for audit, name in ((self.int8_audit, "int8"), (self.float_audit, "float")):
            if audit.forbidden:
                found.append(f"operators that are not allowed in {name}: {audit.forbidden}")
        if not self.float_difference < 1e-4:
            found.append(f"float .tflite differs from Keras by {self.float_difference:.1e}")
        if not self.drop.value <= self.max_drop:
            found.append(
                f"drop of {self.drop.value:.3g} {self.drop_unit} is over the bound of "
                f"{self.max_drop:g}"
            )
        return found

    @property
    def passed(self) -> bool:
        return not self.failures()

    @property
    def drop_unit(self) -> str:
        return "points" if self.metric == "accuracy" else "% of rmse (worst target)"

    def to_json(self) -> str:
        """Return the text of `report.json`."""
        audits = {"model_int8.tflite": self.int8_audit, "model_float.tflite": self.float_audit}
        return as_json(
            {
                "schema": SCHEMA,
                "passed": self.passed,
                "failures": self.failures(),
                "model": self.model | {"macs": self.float_audit.macs},
                "data": self.data,
                "metric": self.metric,
                "float": asdict(self.float_estimate),
                "int8": asdict(self.int8_estimate),
                "drop": asdict(self.drop) | {"unit": self.drop_unit, "maximum": self.max_drop},
                "agreement": self.agreement,
                "method": "ptq",
                "integer_only": self.int8_audit.integer_only,
                "float_difference": self.float_difference,
                "input": asdict(self.scaling),
                "calibration": self.calibration,
                "files": {
                    name: {
                        "bytes": audit.bytes,
                        "sha256": audit.sha256,
                        "operators": audit.operators,
                        "dtypes": audit.dtypes,
                    }
                    for name, audit in audits.items()
                },
                "runtimes": {
                    "litert": {
                        "ok": True,
                        "threads": 1,
                        "latency_us": {name: t.median for name, t in self.latency.items()},
                        "latency_us_minimum": {name: t.minimum for name, t in self.latency.items()},
                    }
                },
                "seconds": self.seconds,
                "backend": self.backend,
                "versions": self.versions,
            }
        )
