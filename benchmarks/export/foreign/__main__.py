"""Networks as others wrote them, through the exporter.

    python -m benchmarks.export.foreign [NAME...]

For each, on random weights and rows: the nodes of its twin or the reason why it has none, whether
the float file gives Keras' outputs, the int8 file's signal to noise about the mean in dB (least of
the outputs), and the bytes of either.
"""

import sys
from dataclasses import dataclass

import keras
import numpy as np

from benchmarks.export.foreign import dense, kimm, patches, pictures, sequences, tiny, tokens
from export.conversion.job import FLOAT
from export.conversion.nearness import nearness
from export.conversion.written import checked_files
from export.runtimes.litert import load_content, scaling_of
from export.runtimes.apart import try_apart
from export.tflite.writer import write
from zoo.quantization import UnknownLayer, make_twin
from zoo.quantization.calibration import answers, quantize_rows
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.rows import CalibrationRows, Rows, taken

ROWS, WORDS = 96, 500
MODELS = {
    **tiny.MODELS,
    **pictures.MODELS,
    **patches.MODELS,
    **tokens.MODELS,
    **dense.MODELS,
    **sequences.MODELS,
    **kimm.MODELS,
    **pictures.APPLICATIONS,
}
