"""Rules for activations: fused into the operator before them, or operators of their own."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.quantization.layers.elementwise import Add, Multiply
from zoo.quantization.layers.products import Activation
from zoo.quantization.rules.drafts import CLAMPING, Sketch, Value, numpy_of, unknown

CLAMPS = ("relu", "relu6")
SEPARATE = ("silu", "hard_silu", "gelu", "leaky_relu", "tanh", "sigmoid", "softmax")


def activate(sketch: Sketch, layer: Any, x: Value, function: Any, place: str = "") -> Value:
    """Return an activation of `x`: in the operator that makes it, or one of its own."""
    name = getattr(function, "__name__", str(function))
    if name == "linear":
        return x
    known = name in (*CLAMPS, "hard_sigmoid", *SEPARATE)
    if not known or keras.activations.get(name) is not function:
        raise unknown(layer, f"activation {name!r}")
    if name == "hard_sigmoid":
        return _hard_sigmoid(sketch, layer, x, place)
    if x.parts and not x.shared and name in CLAMPS:
        parts = enumerate(x.parts)
        done = (activate(sketch, layer, part, function, f"_{i}") for i, part in parts)
        return replace(x, parts=tuple(done))
    return _apart(sketch, layer, x, name, place)


def _apart(
    sketch: Sketch, layer: Any, x: Value, name: str, place: str = "", **arguments: float
) -> Value:
    """Return an activation of one whole value: a clamp where it is made, or an operator."""
    x = sketch.join(x, layer.name)
    x = sketch.settle(x, f"{layer.name}{place}", own=True)  # which can take the activation in
    draft = sketch.maker(x, *CLAMPING)
    free = draft is not None and draft.arguments.get("activation") is None
    if draft is not None and free and name in CLAMPS:
        draft.arguments["activation"] = name
        return x
    own = f"{layer.name}{place}_{name}"
    return sketch.add(Activation, own, (x,), x.shape, function=name, **arguments)


def _hard_sigmoid(sketch: Sketch, layer: Any, x: Value, place: str) -> Value:
    """relu6(x + 3) / 6, of which only the clamp is an operator for sure."""
    ones = np.ones(x.shape[-1])
    raised = sketch.fold_norm(x, ones, 3 * ones)
    y = sketch.join(
        activate(sketch, layer, raised, keras.activations.relu6, place), f"{layer.name}{place}"
    )
    return y.then(np.full(y.shape, 1 / 6), np.zeros(y.shape))


def activation(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Activation`: a clamp in the operator before it, or an operator of its own."""
    return activate(sketch, layer, x, layer.activation)


def relu(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`ReLU`: a clamp in the operator before it; with a slope LEAKY_RELU."""
    if layer.threshold or layer.max_value not in (None, 6):
        raise unknown(layer, "only relu, relu6 and leaky slopes without a max_value")
    if layer.negative_slope:
        if layer.max_value is not None:
            raise unknown(layer, "only relu, relu6 and leaky slopes without a max_value")
        return _apart(sketch, layer, x, "leaky_relu", slope=float(layer.negative_slope))
    return activate(sketch, layer, x, keras.activations.get("relu6" if layer.max_value else "relu"))


def leaky_relu(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`LeakyReLU`: LEAKY_RELU, an operator of its own."""
    return _apart(sketch, layer, x, "leaky_relu", slope=float(layer.negative_slope))


def softmax(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Softmax` over the last axis: SOFTMAX, an operator of its own."""
    if layer.axis not in (-1, len(x.shape)):
        raise unknown(layer, f"axis={layer.axis}")
    return _apart(sketch, layer, x, "softmax")


def prelu(sketch: Sketch, layer: Any, x: Value) -> Value:
    """relu(x) * (1 - alpha) + x * alpha: Keras' own form has a NEG, which no int8 kernel does."""
    x = replace(sketch.settle(x, layer.name), shared=True)
    alpha = np.broadcast_to(numpy_of(layer.alpha), x.shape)
    clamped = _apart(sketch, layer, x, "relu")
    parts = [
        sketch.add(Multiply, f"{layer.name}_{name}", (value,), x.shape, constant=slope)
        for name, value, slope in (("above", clamped, 1 - alpha), ("below", x, alpha))
    ]
    return sketch.add(Add, layer.name, tuple(parts), x.shape)


def function(name: str) -> Any:
    """Return the rule of an activation that was called as an operation, such as `ops.relu`."""
    return lambda sketch, layer, x: activate(sketch, layer, x, keras.activations.get(name))
