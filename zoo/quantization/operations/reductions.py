"""Rules for operations over whole axes: means, sums, extremes, variances and norms."""

from dataclasses import replace
from typing import Any

import numpy as np

from zoo.quantization.layers.attention import Normalize
from zoo.quantization.layers.elementwise import Add, Multiply, Subtract
from zoo.quantization.layers.gathering import Mean
from zoo.quantization.operations.calls import Call, constant_of, is_value
from zoo.quantization.operations.constants import affine, squared
from zoo.quantization.operations.moving import as_shape, row_axis
from zoo.quantization.rules import curves
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Value, unknown


def mean(sketch: Sketch, call: Call, x: Value) -> Value:
    """MEAN; what is pending on each channel stays pending, where these are kept."""
    return _mean(sketch, call, x, _axes(call, x), call.operation.keepdims)


def total(sketch: Sketch, call: Call, x: Value) -> Value:
    """MEAN, with the number of what it takes pending."""
    axes = _axes(call, x)
    y = _mean(sketch, call, x, axes, call.operation.keepdims)
    return y.then(np.full(y.shape, _count(x, axes)), np.zeros(y.shape))


def variance(sketch: Sketch, call: Call, x: Value) -> Value:
    """MEAN of the squared distance from the mean."""
    return _moments(sketch, call, x, _axes(call, x))[1]


def deviation(sketch: Sketch, call: Call, x: Value) -> Value:
    """The square root of the variance, from a table."""
    return curves.operation("sqrt")(sketch, call, variance(sketch, call, x))


def norm(sketch: Sketch, call: Call, x: Value) -> Value:
    """The length of vectors: of order 2, from a table, or the sum of their magnitudes."""
    order = call.operation.ord
    if order in (None, 2, "fro"):
        return curves.operation("sqrt")(sketch, call, total(sketch, call, squared(sketch, call, x)))
    if order != 1 or len(call.operation.axis) != 1:
        raise unknown(call.operation, f"ord={order}; only the lengths 1 and 2 have an int8 form")
    return total(sketch, call, curves.operation("absolute")(sketch, call, x))


def log_sum_exp(sketch: Sketch, call: Call, x: Value) -> Value:
    """`log(sum(exp(x - max)))` from tables, and the largest, which keeps them small."""
    axes, keepdims = _axes(call, x), call.operation.keepdims
    x = replace(sketch.settle(x, call.name), shared=True)
    most = replace(_most(sketch, call, x, axes, keepdims=True), shared=True)
    apart = sketch.add(Subtract, f"{call.name}_apart", (x, most), x.shape)
    share = _mean(sketch, call, curves.operation("exponential")(sketch, call, apart), axes, True)
    logs = curves.operation("log")(sketch, call, share)
    logs = logs.then(np.ones(most.shape), np.full(most.shape, np.log(_count(x, axes))))
    pair = sketch.settle(logs, call.name), most
    y = sketch.add(Add, f"{call.name}_sum", pair, most.shape)
    return as_shape(sketch, call.name, y, _reduced(x.shape, axes, keepdims))


def moments(sketch: Sketch, call: Call, x: Value) -> list[Value]:
    """Mean and variance."""
    return list(_moments(sketch, call, x, _axes(call, x, call.operation.axes)))


def _moments(sketch: Sketch, call: Call, x: Value, axes: tuple[int, ...]) -> tuple[Value, Value]:
    x = replace(sketch.settle(x, call.name), shared=True)
    middle = _mean(sketch, call, x, axes, keepdims=True)
    apart = sketch.add(Subtract, f"{call.name}_centred", (x, middle), x.shape)
    square = sketch.add(Multiply, f"{call.name}_square", (apart, apart), x.shape)
    spread = _mean(sketch, call, square, axes, keepdims=True)
    shape = call.shape
    return as_shape(sketch, call.name, middle, shape), as_shape(sketch, call.name, spread, shape)


def _mean(sketch: Sketch, call: Call, x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    pending = None if len(x.shape) in axes else x.per_channel()
    if pending is None or x.scale is None:
        x, pending = sketch.settle(x, call.name), None
    plain = replace(x, scale=None, offset=None)
    shape = _reduced(x.shape, axes, keepdims)
    y = sketch.add(Mean, call.name, (plain,), shape, axes=axes, keepdims=keepdims)
    return y if pending is None else y.then(*(np.broadcast_to(one, shape) for one in pending))


def largest(sketch: Sketch, call: Call, x: Value) -> Value:
    """REDUCE_MAX."""
    return _most(sketch, call, x, _axes(call, x), call.operation.keepdims)


def _most(sketch: Sketch, call: Call, x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    x = sketch.settle(x, call.name)
    shape = _reduced(x.shape, axes, keepdims)
    return sketch.rearrange(
        x, call.name, shape, lambda do, v: do.largest(v, axes, keepdims), largest=True
    )


def _count(x: Value, axes: tuple[int, ...]) -> float:
    """Return how many values axes, counted with the batch, take together."""
    return float(np.prod([x.shape[axis - 1] for axis in axes]))


def smallest(sketch: Sketch, call: Call, x: Value) -> Value:
    """The largest of -x, with its sign changed back."""
    turned = affine(sketch, call, sketch.settle(x, call.name), -np.ones(1), np.zeros(1))
    return affine(sketch, call, largest(sketch, call, turned), -np.ones(1), np.zeros(1))


def _axes(call: Call, x: Value, given: Any = ()) -> tuple[int, ...]:
    axes = given or call.operation.axis
    if axes is None:
        raise unknown(call.operation, "it works along the axis of the batch")
    axes = [axes] if isinstance(axes, int) else axes
    return tuple(sorted(row_axis(call, axis, len(x.shape) + 1) for axis in axes))


def _reduced(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    found = [(1 if i in axes else size, i in axes) for i, size in enumerate(shape, 1)]
    return tuple(size for size, gone in found if keepdims or not gone)


def layer_norm(
    sketch: Sketch, call: Call, x: Value, gamma: Any = None, beta: Any = None, **unused: Any
) -> Value:
    """`ops.layer_normalization`."""
    if call.operation.rms_scaling:
        raise unknown(call.operation, "rms_scaling=True")
    return _normalized(sketch, call, x, True, gamma, beta)


def rms_norm(sketch: Sketch, call: Call, x: Value, scale: Any = None, **unused: Any) -> Value:
    """`ops.rms_normalization`."""
    return _normalized(sketch, call, x, False, scale, None)


def _normalized(sketch: Sketch, call: Call, x: Value, centre: bool, gamma: Any, beta: Any) -> Value:
    operation = call.operation
    if is_value(gamma) or is_value(beta):
        raise unknown(operation, "its scale or offset is computed")
    epsilon = operation.epsilon or 1e-7
    axis = operation.axis
    given = axis if isinstance(axis, list | tuple) else [axis]
    axes = tuple(sorted(row_axis(call, one, len(x.shape) + 1) for one in given))
    x = sketch.settle(x, call.name)
    y = sketch.add(Normalize, call.name, (x,), x.shape, centre=centre, epsilon=epsilon, axes=axes)
    along = [size if i in axes else 1 for i, size in enumerate(x.shape, 1)]
    scale, offset = (
        np.full(1, default) if one is None else constant_of(one, len(axes)).reshape(along)
        for one, default in ((gamma, 1.0), (beta, 0.0))
    )
    return affine(sketch, call, y, scale, offset)
