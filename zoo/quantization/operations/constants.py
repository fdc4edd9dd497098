"""Rules for arithmetic with constants, which is folded or stays pending as far as can be."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.quantization.layers.elementwise import Add, Multiply
from zoo.quantization.layers.products import Activation
from zoo.quantization.operations.calls import Call, constant_of, is_value
from zoo.quantization.rules import curves
from zoo.quantization.rules.activations import activate
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Value, unknown

MASKED, LEAST = -1e4, -30.0  # an addend that low is a mask's; this much lower is as good in softmax


def plus(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """x + constant, on either side."""
    x, constant = (x1, x2) if is_value(x1) else (x2, x1)
    offset = _row(call, constant)
    return affine(sketch, call, x, np.ones(1), np.where(offset <= MASKED, LEAST, offset))


def minus(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """x - constant, or constant - x."""
    if is_value(x1):
        return plus(sketch, call, x1, -_row(call, x2))
    return affine(sketch, call, x2, -np.ones(1), _row(call, x1))


def times(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """x * constant, on either side."""
    x, constant = (x1, x2) if is_value(x1) else (x2, x1)
    return affine(sketch, call, x, _row(call, constant), np.zeros(1))


def divided(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """x / constant; by a tensor it is a product with its reciprocal, from a table."""
    if is_value(x2):
        inverse = curves.operation("reciprocal")(sketch, call, x2)
        if not is_value(x1):
            return affine(sketch, call, inverse, _row(call, x1), np.zeros(1))
        pair = sketch.settle(x1, call.name), inverse
        return sketch.add(Multiply, call.name, pair, call.shape)
    return affine(sketch, call, x1, 1 / _row(call, x2), np.zeros(1))


def negative(sketch: Sketch, call: Call, x: Value) -> Value:
    """-x."""
    return affine(sketch, call, x, -np.ones(1), np.zeros(1))


def batch_norm(
    sketch: Sketch,
    call: Call,
    x: Value,
    mean: Any,
    variance: Any,
    offset: Any = None,
    scale: Any = None,
) -> Value:
    """`ops.batch_normalization` by constants, one for each place along an axis."""
    operation = call.operation
    rank = len(x.shape) + 1
    along = [-1 if axis == operation.axis % rank else 1 for axis in range(1, rank)]

    def spread(values: Any) -> np.ndarray:
        if is_value(values):
            raise unknown(operation, "its mean or variance is computed")
        return constant_of(values, 1).reshape(along)

    factor = 1 / np.sqrt(spread(variance) + operation.epsilon)
    factor = factor if scale is None else factor * spread(scale)
    moved = -spread(mean) * factor
    return affine(sketch, call, x, factor, moved if offset is None else moved + spread(offset))


def at_least(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """max(x, constant) = relu(x - constant) + constant."""
    x, constant = (x1, x2) if is_value(x1) else (x2, x1)
    bound = _row(call, constant)
    over = _bounded(sketch, call, x, np.ones(1), -bound)
    return affine(sketch, call, over, np.ones(1), bound)


def at_most(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """min(x, constant) = constant - relu(constant - x)."""
    x, constant = (x1, x2) if is_value(x1) else (x2, x1)
    bound = _row(call, constant)
    under = _bounded(sketch, call, x, -np.ones(1), bound)
    return affine(sketch, call, under, -np.ones(1), bound)


def clipped(sketch: Sketch, call: Call, x: Value) -> Value:
    """min(max(x, low), high)."""
    operation = call.operation
    if operation.x_min is not None:
        x = at_least(sketch, call, x, operation.x_min)
    return x if operation.x_max is None else at_most(sketch, call, x, operation.x_max)


def chosen(sketch: Sketch, call: Call, condition: Any, x1: Any, x2: Any) -> Value:
    """x1 * mask + x2 * (1 - mask), for a constant mask."""
    if is_value(condition):
        raise unknown(call.operation, "only a constant condition has an int8 form")
    mask = _row(call, condition) != 0
    if is_value(x1) and is_value(x2):
        parts = [
            affine(sketch, call, x, keep.astype(np.float64), np.zeros(1))
            for x, keep in ((x1, mask), (x2, ~mask))
        ]
        first, second = (sketch.settle(part, call.name) for part in parts)
        return sketch.add(Add, call.name, (first, second), call.shape)
    x, other, keep = (x1, x2, mask) if is_value(x1) else (x2, x1, ~mask)
    rest = _row(call, other)
    rest = np.where(keep, 0.0, np.where(rest <= MASKED, LEAST, rest))
    return affine(sketch, call, x, keep.astype(np.float64), rest)


def squared(sketch: Sketch, call: Call, x: Value) -> Value:
    """MUL of a value with itself."""
    x = replace(sketch.settle(x, call.name), shared=True)
    return sketch.add(Multiply, call.name, (x, x), x.shape)


def powered(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """x to the power of 1/2, 1, 2, 3, -1/2 or -1."""
    powers = np.unique(np.zeros(2) if is_value(x2) or not is_value(x1) else _row(call, x2))
    exponent = float(powers[0]) if powers.size == 1 else 0.0
    if exponent == 1:
        whole: Value = x1
        return whole
    if exponent in (2, 3):
        x1 = replace(sketch.settle(x1, call.name), shared=True)
        square = squared(sketch, call, x1)
        if exponent == 2:
            return square
        return sketch.add(Multiply, f"{call.name}_cube", (square, x1), x1.shape)
    if exponent == -0.5:
        return inverse_root(sketch, call, x1)
    if exponent in (0.5, -1):
        return curves.operation("sqrt" if exponent > 0 else "reciprocal")(sketch, call, x1)
    raise unknown(call.operation, "only the powers -1, -1/2, 1/2, 1, 2 and 3 have an int8 form")


def inverse_root(sketch: Sketch, call: Call, x: Value) -> Value:
    """1 / sqrt(x): RSQRT."""
    x = sketch.settle(x, call.name)
    return sketch.add(Activation, f"{call.name}_rsqrt", (x,), x.shape, function="rsqrt")


def affine(sketch: Sketch, call: Call, x: Value, scale: np.ndarray, offset: np.ndarray) -> Value:
    """Return `x * scale + offset` by constants that may have more sizes than x.

    One value for each channel goes into the kernel before it, if any; others stay pending.
    """
    grown = np.broadcast_shapes(x.shape, scale.shape, offset.shape)
    if grown != x.shape:
        plain = sketch.settle(x, call.name)
        factor = np.array(np.broadcast_to(scale, grown))
        x = sketch.add(Multiply, call.name, (plain,), grown, constant=factor)
        return affine(sketch, call, x, np.ones(1), offset)
    both = [np.array(np.broadcast_to(values, x.shape), np.float64) for values in (scale, offset)]
    rows = [values.reshape(-1, x.shape[-1] if x.shape else 1) for values in both]
    if all((values == values[0]).all() for values in rows):
        return sketch.fold_norm(x, rows[0][0], rows[1][0])
    return x.then(*both)


def _bounded(sketch: Sketch, call: Call, x: Value, scale: np.ndarray, offset: np.ndarray) -> Value:
    return activate(sketch, call, affine(sketch, call, x, scale, offset), keras.activations.relu)


def _row(call: Call, constant: Any) -> np.ndarray:
    """Return a constant for one row: without the axis of the batch."""
    rank = len(call.outputs[0].shape)
    values = constant_of(constant, rank)
    if values.ndim < rank:
        return values
    if values.shape[0] != 1:
        raise unknown(call.operation, "its constant differs from row to row")
    return np.asarray(values[0])
