"""Export: `.tflite` files, their audit, and the proof that they work."""

from export.check import check
from export.conversion.job import ExportError
from export.formats import Portable, to_onnx, to_saved_model
from export.litert import Export, to_litert
from export.proof.report import Report
from export.reading import read_model
from export.verify import verify

__all__ = [
    "Export",
    "ExportError",
    "Portable",
    "Report",
    "check",
    "read_model",
    "to_litert",
    "to_onnx",
    "to_saved_model",
    "verify",
]
