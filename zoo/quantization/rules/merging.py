"""Rules for layers that combine tensors element by element, and for arithmetic without layers.

A constant factor or addend is folded like a norm's gain and bias.
"""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.quantization.layers.elementwise import Add, Elementwise, Multiply, Subtract
from zoo.quantization.rules.drafts import Sketch, Value, unknown
from zoo.quantization.rules.sequences import shape_like


def add(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    """`Add`: an ADD for each input but the first."""
    _check_ranks(layer, terms)
    total, *rest = _settled(sketch, layer, terms)
    for i, term in enumerate(rest):
        total = _combined(sketch, layer, Add, total, term, i)
    return total


def average(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    """`Average`: ADDs; the division by their number stays pending."""
    total = add(sketch, layer, *terms)
    return total.then(np.full(total.shape, 1 / len(terms)), np.zeros(total.shape))


def subtract(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    """`Subtract`: SUB."""
    _check_ranks(layer, terms)
    first, second = _settled(sketch, layer, terms)
    return _combined(sketch, layer, Subtract, first, second, 0)


def multiply(sketch: Sketch, layer: Any, *factors: Value) -> Value:
    """MUL; a factor that is pending on an input stays pending on the product."""
    _check_ranks(layer, factors)
    plain, scale = [], np.ones(shape_like(layer, factors[0]))
    for i, x in enumerate(factors):
        if x.scale is not None and x.offset is not None and not x.offset.any():
            scale = scale * x.scale
            x = replace(x, scale=None, offset=None)
        plain.append(sketch.settle(x, f"{layer.name}_{i}"))
    product, *rest = plain
    for i, factor in enumerate(rest):
        product = _combined(sketch, layer, Multiply, product, factor, i)
    return product.then(scale, np.zeros_like(scale))


def maximum(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    """b + relu(a - b): LiteRT's MAXIMUM wants one scale for both inputs."""
    return _extreme(sketch, layer, terms, Add)


def minimum(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    """b - relu(b - a)."""
    return _extreme(sketch, layer, terms, Subtract)


def _extreme(
    sketch: Sketch, layer: Any, terms: tuple[Value, ...], kind: type[Elementwise]
) -> Value:
    """Return the larger values (`kind` is Add) or the smaller ones (Subtract)."""
    _check_ranks(layer, terms)
    best, *rest = _settled(sketch, layer, terms)
    for i, term in enumerate(rest):
        pair = (term, best) if kind is Add else (best, term)
        name, shape = f"{layer.name}_over_{i}", shape_like(layer, best)
        over = sketch.add(Subtract, name, pair, shape, activation="relu")
        best = _combined(sketch, layer, kind, best, over, i)
    return best


def _settled(sketch: Sketch, layer: Any, terms: tuple[Value, ...]) -> list[Value]:
    return [sketch.settle(term, f"{layer.name}_{i}") for i, term in enumerate(terms)]


def _combined(
    sketch: Sketch, layer: Any, kind: type[Elementwise], first: Value, second: Value, place: int
) -> Value:
    name = f"{layer.name}_{place}" if place else layer.name
    return sketch.add(kind, name, (first, second), shape_like(layer, first))


def _check_ranks(layer: Any, terms: tuple[Value, ...]) -> None:
    if len({len(term.shape) for term in terms}) > 1:
        raise unknown(layer, "its inputs have different ranks")


def plus(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    """x + y, either of them perhaps a constant."""
    if len(terms) > 1:
        return add(sketch, layer, *terms)
    _, constant = _constant(layer, terms[0])
    return sketch.fold_norm(terms[0], np.ones_like(constant), constant)


def minus(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    """x - y, either of them perhaps a constant, which is folded or stays pending."""
    if len(terms) > 1:
        return subtract(sketch, layer, *terms)
    first, constant = _constant(layer, terms[0])
    if first:  # constant - x
        return sketch.fold_norm(terms[0], -np.ones_like(constant), constant)
    return sketch.fold_norm(terms[0], np.ones_like(constant), -constant)


def times(sketch: Sketch, layer: Any, *factors: Value) -> Value:
    """x * y, either of them perhaps a constant, which is folded or stays pending."""
    if len(factors) > 1:
        return multiply(sketch, layer, *factors)
    _, constant = _constant(layer, factors[0])
    return sketch.fold_norm(factors[0], constant, np.zeros_like(constant))


def divided(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    """x / constant, which is folded or stays pending."""
    first, constant = (True, np.ones(1)) if len(terms) > 1 else _constant(layer, terms[0])
    if first:
        raise unknown(layer, "only a division by a constant has an int8 form")
    return sketch.fold_norm(terms[0], 1 / constant, np.zeros_like(constant))


def _constant(layer: Any, x: Value) -> tuple[bool, np.ndarray]:
    """Return whether the constant comes first, and its values for each channel."""
    operands = keras.tree.flatten(layer._inbound_nodes[0].arguments.args)
    first = not isinstance(operands[0], keras.KerasTensor)
    values = np.asarray(keras.ops.convert_to_numpy(operands[0 if first else -1]), np.float64)
    if values.size not in (1, x.shape[-1]) or values.shape[-1:] not in ((), (values.size,)):
        raise unknown(layer, f"a constant of shape {values.shape}; only one value a channel")
    return first, np.array(np.broadcast_to(values.ravel(), (x.shape[-1],)))
