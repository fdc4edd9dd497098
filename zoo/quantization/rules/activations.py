"""Rules for activations: fused into the operator before them, or operators of their own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.quantization.layers.elementwise import Add, Multiply
from zoo.quantization.rules import curves
from zoo.quantization.rules.curves import BENT, apart, bounded, look_up
from zoo.quantization.rules.drafts import CLAMPING, Sketch
from zoo.quantization.rules.sequences import reshaped, swapped
from zoo.quantization.rules.values import Value, numpy_of, unknown

CLAMPS = ("relu", "relu6")
SEPARATE = ("softmax", "log_softmax", "silu", "hard_silu", "gelu", "leaky_relu", "tanh", "sigmoid")


def activate(sketch: Sketch, layer: Any, x: Value, function: Any, place: str = "") -> Value:
    """Return an activation of `x`: in the operator that makes it, or one of its own."""
    name = getattr(function, "__name__", str(function))
    if name == "linear":
        return x
    homes = (getattr(home, name, None) for home in (keras.activations, keras.ops))
    if name not in (*CLAMPS, "hard_sigmoid", *SEPARATE, *BENT) or function not in homes:
        raise unknown(layer, f"activation {name!r}")
    if function is keras.ops.gelu:
        return apart(sketch, layer, x, "gelu_tanh", place)
    if name in BENT:
        return BENT[name](sketch, layer, x, place)
    if name == "hard_sigmoid":
        return _hard_sigmoid(sketch, layer, x, place)
    if x.parts and not x.shared and name in CLAMPS:
        parts = enumerate(x.parts)
        done = (activate(sketch, layer, part, function, f"_{i}") for i, part in parts)
        return replace(x, parts=tuple(done))
    return _separate(sketch, layer, x, name, place)


def _separate(sketch: Sketch, layer: Any, x: Value, name: str, place: str = "") -> Value:
    """Return an activation of one whole value: a clamp where it is made, or an operator."""
    x = sketch.join(x, layer.name)
    if name == "relu" and _is_clamped(sketch, x):
        return x
    x = sketch.settle(x, f"{layer.name}{place}", own=True)  # which can take the activation in
    draft = sketch.maker(x, *CLAMPING)
    free = draft is not None and draft.arguments.get("activation") is None
    if draft is not None and free and name in CLAMPS:
        draft.arguments["activation"] = name
        return x
    return apart(sketch, layer, x, name, place)


def _is_clamped(sketch: Sketch, x: Value) -> bool:
    """Return whether the operator that makes `x` leaves nothing below zero."""
    draft = sketch.drafts[x.number]
    return (
        x.scale is None and draft.kind in CLAMPING and draft.arguments.get("activation") in CLAMPS
    )


def _hard_sigmoid(sketch: Sketch, layer: Any, x: Value, place: str) -> Value:
    """relu6(x + 3) / 6, of which only the clamp is an operator for sure."""
    ones = np.ones(x.channels)
    raised = sketch.fold_norm(x, ones, 3 * ones)
    y = sketch.join(
        activate(sketch, layer, raised, keras.activations.relu6, place), f"{layer.name}{place}"
    )
    return y.then(np.full(y.shape, 1 / 6), np.zeros(y.shape))


def activation(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Activation`: a clamp in the operator before it, or an operator of its own."""
    return activate(sketch, layer, x, layer.activation)


def relu(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`ReLU`: a clamp in the operator before it; with a slope LEAKY_RELU; else looked up."""
    slope, most, threshold = layer.negative_slope, layer.max_value, layer.threshold
    given = {"negative_slope": float(slope or 0), "threshold": float(threshold or 0)}
    if threshold and not 0 < threshold < (np.inf if most is None else most):
        ends = {} if most is None else {"max_value": float(most)}
        return look_up(sketch, layer, x, "relu", given | ends)
    if most == 6 and not slope and not threshold:
        return activate(sketch, layer, x, keras.activations.relu6)
    if most is not None:  # nothing beyond it matters to what comes next
        x = bounded(sketch, layer, x, -np.inf if slope else 0.0, float(most))
    if threshold:
        return look_up(sketch, layer, x, "relu", given)
    if slope:
        return apart(sketch, layer, x, "leaky_relu", slope=float(slope))
    return x if most is not None else activate(sketch, layer, x, keras.activations.relu)


def leaky_relu(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`LeakyReLU`: LEAKY_RELU, an operator of its own."""
    return apart(sketch, layer, x, "leaky_relu", slope=float(layer.negative_slope))


def softmax(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Softmax`, and `log_softmax`: an operator of its own, with its axes moved to the end."""
    name = "log_softmax" if type(layer).__name__ == "LogSoftmax" else "softmax"
    given = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    rank = len(x.shape) + 1
    axes = sorted(axis % rank for axis in given)
    if 0 in axes:
        raise unknown(layer, f"axis={layer.axis}; only axes of a row")
    rest = [axis for axis in range(rank) if axis not in axes]
    order = [*rest, *axes]
    x = swapped(sketch, x, order, f"{layer.name}_swapped")
    whole, kept = x.shape, x.shape[: len(rest) - 1]
    x = reshaped(sketch, x, (*kept, int(np.prod(whole[len(kept) :]))), f"{layer.name}_merged")
    y = reshaped(sketch, apart(sketch, layer, x, name), whole, f"{layer.name}_parted")
    return swapped(sketch, y, [order.index(axis) for axis in range(rank)], f"{layer.name}_back")


def gelu(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`ops.gelu`: GELU, which knows both forms."""
    return apart(sketch, layer, x, "gelu_tanh" if layer.approximate else "gelu")


def prelu(sketch: Sketch, layer: Any, x: Value) -> Value:
    """relu(x) * (1 - alpha) + x * alpha: Keras' own form has a NEG, which no int8 kernel does."""
    x = replace(sketch.settle(x, layer.name), shared=True)
    alpha = np.broadcast_to(numpy_of(layer.alpha), x.shape)
    clamped = _separate(sketch, layer, x, "relu")
    parts = [
        sketch.add(Multiply, f"{layer.name}_{name}", (value,), x.shape, constant=slope)
        for name, value, slope in (("above", clamped, 1 - alpha), ("below", x, alpha))
    ]
    return sketch.add(Add, layer.name, tuple(parts), x.shape)


def function(name: str) -> Any:
    """Return the rule of an activation that was called as an operation, such as `ops.relu`."""
    return lambda sketch, layer, x: activate(sketch, layer, x, keras.activations.get(name))


# called as operations
OPERATIONS: dict[str, Callable[..., Value]] = {
    "Relu": function("relu"),
    "Relu6": function("relu6"),
    "Silu": function("silu"),
    "HardSilu": function("hard_silu"),
    "HardSigmoid": function("hard_sigmoid"),
    "Sigmoid": function("sigmoid"),
    "Tanh": function("tanh"),
    "Softmax": softmax,
    "LogSoftmax": softmax,
    "LeakyRelu": leaky_relu,
    "Gelu": gelu,
    "ReLU": relu,
} | curves.OPERATIONS
