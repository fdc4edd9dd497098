"""The public names of the quantization twin, whose modules need Keras."""

from zoo.quantization.calibration import Quantized, calibrate, quantize
from zoo.quantization.rules.values import UnknownLayer
from zoo.quantization.twin import Twin, make_twin

__all__ = ["Quantized", "Twin", "UnknownLayer", "calibrate", "make_twin", "quantize"]
