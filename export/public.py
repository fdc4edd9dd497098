"""The public names of `export`."""

from export.after.drift import Drift, drift
from export.after.versus import Versus, compare
from export.checking import Check, check
from export.conversion.job import ExportError
from export.formats import Portable, to_onnx, to_saved_model
from export.litert import Export, to_litert
from export.proof.report import Report
from export.reading import read_model
from export.verifying import verify

__all__ = [
    "Check",
    "Drift",
    "Export",
    "ExportError",
    "Portable",
    "Report",
    "Versus",
    "check",
    "compare",
    "drift",
    "read_model",
    "to_litert",
    "to_onnx",
    "to_saved_model",
    "verify",
]
