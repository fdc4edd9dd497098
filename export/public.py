"""The public names of `export`."""

from export.after.drift import Drift, drift
from export.after.versus import Versus, compare
from export.checking import Check, check
from export.conversion.job import ExportError
from export.exported import Export
from export.formats import Portable, to_onnx, to_saved_model
from export.graphs import GraphExport
from export.litert import to_litert
from export.proof.report import Report
from export.reading import read_model
from export.verifying import verify

__all__ = [
    "Check",
    "Drift",
    "Export",
    "ExportError",
    "GraphExport",
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
