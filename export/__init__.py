"""How a model leaves: `.tflite` files, what they hold, and the proof that they work."""

from export.check import check
from export.foreign import read_model
from export.formats import Portable, to_onnx, to_saved_model
from export.job import ExportError
from export.litert import Export, to_litert
from export.report import Report
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
