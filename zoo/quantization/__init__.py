"""The quantization twin: a model's weights in a graph that rounds where the int8 file will."""

from zoo.quantization.calibration import Quantized, calibrate, quantize
from zoo.quantization.rules.drafts import UnknownLayer
from zoo.quantization.twin import Twin, make_twin

__all__ = ["Quantized", "Twin", "UnknownLayer", "calibrate", "make_twin", "quantize"]
