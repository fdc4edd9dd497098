"""Rules for layers that combine tensors element by element."""

from dataclasses import replace
from typing import Any

import numpy as np

from zoo.quantization.layers.elementwise import Add, Elementwise, Multiply, Subtract
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.sequences import shape_like
from zoo.quantization.rules.values import Value, unknown


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
