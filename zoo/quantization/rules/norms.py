"""Rules for normalization: folded into kernels, or operators without gain and bias."""

from typing import Any

import keras
import numpy as np

from zoo.layers.inputs import LayerNormalization
from zoo.quantization.layers.attention import Normalize
from zoo.quantization.rules.drafts import Sketch, Value, numpy_of, shape_of, unknown

NOTHING = 1e-6  # standard deviations: rows that are standardized already need no operator for it


def standardize(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Standardize`, `Pixels`: nothing; scale and offset wait for a kernel that takes them in."""
    offset = numpy_of(layer.offset)
    return x.then(numpy_of(layer.scale), np.where(np.abs(offset) < NOTHING, 0.0, offset))


def rescaling(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Rescaling`: nothing; scale and offset wait for a kernel that takes them in."""
    return x.then(np.asarray(layer.scale, np.float64), np.asarray(layer.offset, np.float64))


def normalization(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`(x - mean) / deviation` of each feature, or of all together."""
    if {axis % (len(x.shape) + 1) for axis in layer.axis} - {len(x.shape)}:
        raise unknown(layer, f"axis={layer.axis}")
    given = layer.input_mean is not None  # else the weights: `set_weights` leaves the rest alone
    found = (layer.mean, layer.variance) if given else (layer.adapt_mean, layer.adapt_variance)
    mean, variance = (numpy_of(one).reshape(-1) for one in found)
    deviation = np.maximum(np.sqrt(variance), keras.config.epsilon())
    if layer.invert:
        return x.then(deviation, mean)
    return x.then(1 / deviation, -mean / deviation)


def batch_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`BatchNormalization`: nothing; it goes into the kernel before it, or stays pending."""
    if layer.axis not in (-1, len(shape_of(layer))):
        raise unknown(layer, f"axis={layer.axis}")
    scale = 1 / np.sqrt(numpy_of(layer.moving_variance) + layer.epsilon)
    scale *= numpy_of(layer.gamma) if layer.scale else 1.0
    offset = -numpy_of(layer.moving_mean) * scale
    return sketch.fold_norm(x, scale, offset + (numpy_of(layer.beta) if layer.center else 0.0))


def norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Our own norms."""
    centre = isinstance(layer, LayerNormalization)
    beta = numpy_of(layer.beta) if centre else np.zeros(x.shape[-1])
    return _normalized(sketch, layer, x, centre, layer.EPSILON).then(numpy_of(layer.gamma), beta)


def layer_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Keras' own, whose NEG has no int8 kernel, in the form of ours."""
    _check_last_axis(layer, x)
    if layer.rms_scaling:
        raise unknown(layer, "rms_scaling=True")
    gamma = numpy_of(layer.gamma) if layer.scale else np.ones(x.shape[-1])
    beta = numpy_of(layer.beta) if layer.center else np.zeros(x.shape[-1])
    return _normalized(sketch, layer, x, True, layer.epsilon).then(gamma, beta)


def rms_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Keras' `RMSNormalization`: MUL, MEAN, ADD, RSQRT, MUL; the gain stays pending."""
    _check_last_axis(layer, x)
    y = _normalized(sketch, layer, x, False, layer.epsilon)
    return y.then(numpy_of(layer.scale), np.zeros(x.shape[-1]))


def _check_last_axis(layer: Any, x: Value) -> None:
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    if [axis % (len(x.shape) + 1) for axis in axes] != [len(x.shape)]:
        raise unknown(layer, f"axis={layer.axis}")


def _normalized(sketch: Sketch, layer: Any, x: Value, centre: bool, epsilon: float) -> Value:
    x = sketch.settle(x, layer.name)
    return sketch.add(Normalize, layer.name, (x,), x.shape, centre=centre, epsilon=epsilon)
