"""Files of an export: how they were made, and what they hold."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from export.conversion.compression import zip_bytes
from export.conversion.job import FLOAT
from export.conversion.written import NEAR, float_bound
from export.exported import Export
from export.formats import recorded
from export.proof.finding import Finding
from export.proof.float_layers import float_layers
from export.proof.measured import Measured
from export.tflite.audit import Audit
from export.tflite.joined import Joined, Output
from export.tflite.scaling import Scaling
from zoo.quantization.layers.numerics import Numerics
from zoo.quantization.rows import CalibrationRows

RUNGS = {
    "ptq": "calibration (ptq)",
    "qat": "quantization-aware training (qat)",
    "converter": "TensorFlow's converter",
    "qat-tfmot": "tfmot's training (qat-tfmot)",
}
REPLACE = "Replace that layer by one with an int8 kernel; pocketzoo models lists networks of them."
DIFFERS = "Look for a layer that is random or holds a state; the file is not this model."


@dataclass(frozen=True)
class Files:
    """The files of an export.

    Attributes:
        rung: by what int8 was made, a key of `RUNGS`.
        without_twin: why the converter quantized by itself, where it did.
        float_layers: that stay in float in the int8 file, and why.
        float_difference: largest |Keras - float .tflite|, relative to max(1, |Keras|).
        float_bound: what the arithmetic of both explains of it.
        scaling, output: of the int8 input and output.
        converted: whether the host converts outputs, each into the unit of its target.
        calibration: the rows, and how far their ranges were clipped.
        compression: what came before the int8 file, if anything.
        forms: form -> int8 file.
        formats: other formats beside the files, as `formats.json` has them.
        audits: file -> what it holds; the float file and the main int8 file first.
        zip_bytes: file -> size after deflate.
    """

    rung: str
    without_twin: str | None
    float_layers: tuple[str, ...]
    float_difference: float
    scaling: Scaling
    output: Output
    converted: bool
    calibration: dict[str, Any]
    compression: dict[str, Any] | None
    forms: dict[str, str]
    formats: dict[str, Any]
    audits: dict[str, Audit]
    zip_bytes: dict[str, int]
    float_bound: float = NEAR

    @property
    def float_audit(self) -> Audit:
        return self.audits[FLOAT]

    @property
    def int8_audit(self) -> Audit:
        return self.audits[self.forms["rolled"]]

    @property
    def numerics(self) -> Numerics:
        """The format of the quantized files."""
        return self.int8_audit.numerics

    @property
    def integer_only(self) -> bool:
        """Whether every quantized file holds integers only."""
        return all(self.audits[name].integer_only for name in self.forms.values())

    @property
    def main(self) -> str:
        """The name of the quantized file."""
        return self.forms["rolled"]

    def findings(self) -> list[Finding]:
        """Return what is wrong with the files."""
        found = []
        for name, audit in self.audits.items():
            found += _findings(name, audit, fitting=audit is not self.float_audit)
        found += [
            Finding(f"not integer-only because of {layer}", REPLACE) for layer in self.float_layers
        ]
        differences = {"float .tflite": self.float_difference}
        differences |= {name: made["difference"] for name, made in self.formats.items()}
        return found + [
            Finding(f"{name} differs from Keras by {difference:.1e}", DIFFERS)
            for name, difference in differences.items()
            if not difference < self.float_bound
        ]

    def described(self, measured: Measured) -> dict[str, Any]:
        """Return its part of `report.json`, with what was measured of each file."""
        main = self.main
        return {
            "method": self.rung,
            "without_twin": self.without_twin,
            "float_layers": self.float_layers,
            "integer_only": self.integer_only,
            "float_difference": self.float_difference,
            "input": self.scaling.described(),
            **_outputs(self.output),
            "calibration": self.calibration,
            "compression": self.compression,
            "forms": self.forms,
            "formats": self.formats,
            "files": {
                name: self._file(name) | measured.of_file(name, main) for name in self.audits
            },
        }

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


def _outputs(output: Output) -> dict[str, Any]:
    """Return the part of `report.json` about the output, or about several that make one."""
    if isinstance(output, Joined):
        return {"output": None, "outputs": output.described()}
    return {"output": {"scale": output.scale, "zero_point": output.zero_point}}


def _findings(name: str, audit: Audit, fitting: bool) -> list[Finding]:
    found, numerics = [], audit.numerics
    if fitting and audit.strangers:
        names, count = ", ".join(audit.strangers[:3]), len(audit.strangers)
        kind = "float tensors" if numerics.integer else "tensors of other types"
        only = "integer-only" if numerics.integer else numerics.name
        found.append(f"not {only}: {count} {kind} ({names}) in {name}")
    if fitting and not audit.fitting_ends:
        found.append(f"input or output of {name} is not {numerics.ends.tensor_type}")
    if audit.forbidden:
        found.append(f"operators that are not allowed in {name}: {audit.forbidden}")
    return [Finding(sentence, REPLACE) for sentence in found]


def files_of(
    export: Export,
    rows: CalibrationRows,
    scaling: Scaling,
    output: Output,
    float_difference: float,
) -> Files:
    """Return the files of an export.

    Args:
        rows: that calibrated it.
        scaling, output: of the int8 input and output.
        float_difference: see `Files`.
    """
    plan, audits = export.plan, export.audits
    return Files(
        rung=plan.rung,
        without_twin=plan.without_twin,
        float_layers=(
            float_layers(export.model, audits[plan.main]) if plan.numerics.integer else ()
        ),
        float_difference=float_difference,
        scaling=scaling,
        output=output,
        converted=plan.quantized is not None and bool(plan.quantized.twin.given),
        calibration=_calibration(export, rows),
        compression=_compression(export),
        forms=plan.forms,
        formats=recorded(export.run),
        audits=audits,
        zip_bytes={name: zip_bytes((export.run.path / name).read_bytes()) for name in audits},
        float_bound=float_bound(export.model),
    )


def _calibration(export: Export, rows: CalibrationRows) -> dict[str, object]:
    quantized = export.plan.quantized
    return {
        "rows": len(rows.indices),
        "sha256": hashlib.sha256(rows.indices.astype("<i8").tobytes()).hexdigest(),
        "clip": None if quantized is None else quantized.clip,
    }


def _compression(export: Export) -> dict[str, object] | None:
    done = export.compressed
    if done is None:
        return None
    return {
        **asdict(done.compression),
        "sparsity": done.sparsity,
        "clusters": done.clusters,
        "seconds": done.seconds,
    }
