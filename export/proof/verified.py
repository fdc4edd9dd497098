"""A report of an earlier run, as far as later commands need it; `Report` writes these keys."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from export.proof.identity import Dataset, Model
from export.proof.reported import REPORT, Reported
from export.tflite.joined import Joined, Output
from export.tflite.scaling import Scaling
from zoo import Run
from zoo.metrics.gates import FAILED, PASSED
from zoo.quantization.layers.numerics import INT8, NUMERICS


@dataclass(frozen=True)
class Verified:
    """Some of the content of `report.json`.

    Attributes:
        verdict: "passed", "failed" or "not shown".
        fit: whether the model is fit for use, in a sentence; empty in old reports.
        metric: name of the figure that float and int8 are compared by.
        values: of that figure: "float", "int8".
        drop: of int8, in the metric's unit.
        ending: "softmax" or "sigmoid" of a classifier that gives probabilities.
        scaling, output: of the int8 input and output; None for the file's own output.
        file: name of the quantized file that takes whole rows.
        bytes, sha256: of each file.
        latency_us: "float", "int8": median on one thread, in microseconds.
        half_widths: of the prediction intervals, per target; None without them.
    """

    passed: bool
    verdict: str
    fit: str
    model: Model
    data: Dataset
    backend: str
    metric: str
    values: dict[str, float]
    drop: float
    ending: str | None
    scaling: Scaling
    output: Output | None
    file: str
    bytes: dict[str, int]
    sha256: dict[str, str]
    latency_us: dict[str, float]
    half_widths: tuple[float, ...] | None

    def measured(self, path: Path, sha256: str) -> bool:
        """Return whether a file of the folder is the one that was measured."""
        return self.sha256.get(path.name) == sha256

    @classmethod
    def read(cls, run: Run) -> "Verified":
        """Read the report of a run.

        Raises:
            UserError: a folder without one, or whose report has changed.
        """
        report = run.read_json(REPORT, Reported)
        within, output = report["prediction_interval"], report.get("output")
        parts = report.get("outputs")
        one = Scaling(**_known(output, Scaling)) if output else None
        return cls(
            passed=report["passed"],
            verdict=report.get("verdict", PASSED if report["passed"] else FAILED),
            fit=report["fit_for_use"]["sentence"] if "fit_for_use" in report else "",
            model=Model(**_known(report["model"], Model)),
            data=Dataset(**_known(report["data"], Dataset)),
            backend=report["backend"],
            metric=report["metric"],
            values={kind: report[kind]["value"] for kind in ("float", "int8")},
            drop=report["drop"]["value"],
            ending=report["ending"],
            scaling=Scaling(**_known(report["input"], Scaling)),
            output=Joined.read(parts) if parts else one,
            file=_main(report.get("forms", {}).get("rolled")),
            bytes={name: file["bytes"] for name, file in report["files"].items()},
            sha256={name: file["sha256"] for name, file in report["files"].items()},
            latency_us=report["runtimes"]["litert"]["latency_us"],
            half_widths=within and tuple(within["half_width"]),
        )


def _main(name: str | None) -> str:
    """Return the name of the quantized file; int8's where the report names none of ours."""
    named = [one.file() for one in NUMERICS.values()]
    return name if name in named and name is not None else INT8.file()


def _known(held: dict[str, Any], kind: type[Any]) -> dict[str, Any]:
    return {one.name: held[one.name] for one in fields(kind) if one.name in held}
