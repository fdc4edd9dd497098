"""Rules for normalization: folded into kernels, or operators without gain and bias."""

from typing import Any

import keras
import numpy as np

from zoo.layers.inputs import LayerNormalization
from zoo.quantization.layers.attention import Normalize
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.sequences import as_seen, reshaped
from zoo.quantization.rules.values import Value, numpy_of, shape_of, unknown

UNIT = 1e-12  # that Keras keeps a division by nothing away with
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
    given = layer.input_mean is not None  # else the weights: `set_weights` leaves the rest alone
    found = (layer.mean, layer.variance) if given else (layer.adapt_mean, layer.adapt_variance)
    shape = _broadcast(x, layer.axis)
    mean, variance = (numpy_of(one).reshape(shape) for one in found)
    deviation = np.maximum(np.sqrt(variance), keras.config.epsilon())
    if layer.invert:
        return x.then(deviation, mean)
    return x.then(1 / deviation, -mean / deviation)


def batch_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`BatchNormalization`: nothing; it goes into the kernel before it, or stays pending."""
    scale = 1 / np.sqrt(numpy_of(layer.moving_variance) + layer.epsilon)
    scale *= numpy_of(layer.gamma) if layer.scale else 1.0
    offset = -numpy_of(layer.moving_mean) * scale
    offset = offset + (numpy_of(layer.beta) if layer.center else 0.0)
    if layer.axis in (-1, len(shape_of(layer))):
        return sketch.fold_norm(x, scale, offset)
    x = as_seen(sketch, sketch.join(x, layer.name), layer.input, layer.name)
    shape = _broadcast(x, [layer.axis])
    return x.then(scale.reshape(shape), offset.reshape(shape))


def norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Our own norms."""
    centre = isinstance(layer, LayerNormalization)
    beta = numpy_of(layer.beta) if centre else np.zeros(x.shape[-1])
    return _normalized(sketch, layer, x, centre, layer.EPSILON).then(numpy_of(layer.gamma), beta)


def layer_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Keras' own, whose NEG has no int8 kernel, in the form of ours."""
    if layer.rms_scaling:
        raise unknown(layer, "rms_scaling=True")
    shape = _broadcast(x, layer.axis)
    gamma = numpy_of(layer.gamma).reshape(shape) if layer.scale else np.ones(shape)
    beta = numpy_of(layer.beta).reshape(shape) if layer.center else np.zeros(shape)
    y = _normalized(sketch, layer, x, True, layer.epsilon, _axes(x, layer.axis))
    return y.then(gamma, beta)


def rms_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Keras' `RMSNormalization`: MUL, MEAN, ADD, RSQRT, MUL; the gain stays pending."""
    gamma = numpy_of(layer.scale).reshape(_broadcast(x, layer.axis))
    y = _normalized(sketch, layer, x, False, layer.epsilon, _axes(x, layer.axis))
    return y.then(gamma, np.zeros_like(gamma))


def group_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`GroupNormalization`: a layer norm over all positions and the channels of each group."""
    if layer.axis not in (-1, len(x.shape)):
        raise unknown(layer, f"axis={layer.axis}")
    *sizes, channels = x.shape
    groups, rest = layer.groups, int(np.prod(sizes))
    x = sketch.settle(x, layer.name)
    apart = reshaped(sketch, x, (rest, groups, channels // groups), f"{layer.name}_groups")
    y = _normalized(sketch, layer, apart, True, layer.epsilon, (1, 3))
    y = reshaped(sketch, y, x.shape, f"{layer.name}_joined")
    gamma = numpy_of(layer.gamma) if layer.scale else np.ones(channels)
    return y.then(gamma, numpy_of(layer.beta) if layer.center else np.zeros(channels))


def unit_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`UnitNormalization`: an RMS norm; what the mean has less than the sum stays pending."""
    axes = _axes(x, layer.axis)
    y = _normalized(sketch, layer, x, False, UNIT, axes)
    count = np.prod([x.shape[axis - 1] for axis in axes])
    return y.then(np.full(x.shape, count**-0.5), np.zeros(x.shape))


def _axes(x: Value, axis: Any) -> tuple[int, ...]:
    """Return the axes of a layer, counted with the batch, in their order."""
    rank = len(x.shape) + 1
    return tuple(sorted(one % rank for one in (axis if isinstance(axis, list | tuple) else [axis])))


def _broadcast(x: Value, axis: Any) -> tuple[int, ...]:
    """Return the shape in which what a layer has for each place along its axes meets `x`."""
    axes = () if axis is None else _axes(x, axis)
    return tuple(size if i in axes else 1 for i, size in enumerate(x.shape, 1))


def _normalized(
    sketch: Sketch,
    layer: Any,
    x: Value,
    centre: bool,
    epsilon: float,
    axes: tuple[int, ...] | None = None,
) -> Value:
    x = sketch.settle(x, layer.name)
    over = axes or (len(x.shape),)
    given = {"centre": centre, "epsilon": epsilon, "axes": over}
    return sketch.add(Normalize, layer.name, (x,), x.shape, **given)
