"""How a model leaves: `.tflite` files, what they hold, and the proof that they work."""

from export.check import check
from export.job import ExportError
from export.litert import Export, to_litert
from export.report import Report
from export.verify import verify

__all__ = ["Export", "ExportError", "Report", "check", "to_litert", "verify"]
