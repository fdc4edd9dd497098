"""Rules for activations that no operator of every runtime computes: clamps, bends and look-ups."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from zoo.quantization.layers.curves import Table
from zoo.quantization.layers.elementwise import Multiply
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.products import Activation
from zoo.quantization.layers.ranges import Curve
from zoo.quantization.rules.drafts import CLAMPING, Sketch
from zoo.quantization.rules.values import Value, unknown

# of SELU, Klambauer et al. 2017 (arXiv:1706.02515)
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805


def apart(
    sketch: Sketch, layer: Any, x: Value, name: str, place: str = "", **arguments: Any
) -> Value:
    """Return an activation of one whole value as an operator of its own."""
    x = _whole(sketch, layer, x, place)
    own = f"{layer.name}{place}_{name}"
    return sketch.add(Activation, own, (x,), x.shape, function=name, **arguments)


def bounded(
    sketch: Sketch, layer: Any, x: Value, low: float, high: float, place: str = ""
) -> Value:
    """Return `x` cut off at two ends: in the operator that makes it, or by a QUANTIZE."""
    x = _whole(sketch, layer, x, place)
    draft = sketch.maker(x, *CLAMPING)
    if draft is None or draft.arguments.get("activation") is not None:
        return apart(sketch, layer, x, BOUNDED, place, bounds=(low, high))
    draft.arguments |= {"activation": BOUNDED, "bounds": (low, high)}
    return x


def look_up(
    sketch: Sketch,
    layer: Any,
    x: Value,
    name: str,
    settings: Mapping[str, float],
    place: str = "",
) -> Value:
    """Return a function of one value, by its Keras name: what no operator computes."""
    x = _whole(sketch, layer, x, place)
    curve = Curve(name, tuple(settings.items()))
    return sketch.add(Table, f"{layer.name}{place}_{name}", (x,), x.shape, curve=curve)


def elu(sketch: Sketch, layer: Any, x: Value, place: str = "", alpha: float = 1.0) -> Value:
    """ELU, which knows one slope at 0: LEAKY_RELU gives it another."""
    y = apart(sketch, layer, x, "elu", place)
    return y if alpha == 1 else apart(sketch, layer, y, "leaky_relu", place, slope=alpha)


def selu(sketch: Sketch, layer: Any, x: Value, place: str = "") -> Value:
    """ELU and LEAKY_RELU; the scale stays pending."""
    return _scaled(elu(sketch, layer, x, place, ALPHA), SCALE)


def celu(sketch: Sketch, layer: Any, x: Value, place: str = "", alpha: float = 1.0) -> Value:
    """`alpha * elu(x / alpha)`: ELU, with what is before it folded and what is after it pending."""
    width = np.ones(x.channels)
    x = sketch.fold_norm(x, width / alpha, 0 * width)
    return _scaled(elu(sketch, layer, x, place), alpha)


def hard_tanh(sketch: Sketch, layer: Any, x: Value, place: str = "") -> Value:
    """Cut off at -1 and 1."""
    return bounded(sketch, layer, x, -1.0, 1.0, place)


def sparse_sigmoid(sketch: Sketch, layer: Any, x: Value, place: str = "") -> Value:
    """`(x + 1) / 2`, which is folded, cut off at 0 and 1."""
    half = np.full(x.channels, 0.5)
    return bounded(sketch, layer, sketch.fold_norm(x, half, half), 0.0, 1.0, place)


def glu(sketch: Sketch, layer: Any, x: Value, place: str = "", axis: int = -1) -> Value:
    """The first half of the channels times the sigmoid of the second."""
    if axis not in (-1, len(x.shape)):
        raise unknown(layer, f"axis={axis}")
    x = _whole(sketch, layer, x, place)
    *sizes, width = x.shape
    half, ends = (*sizes, width // 2), [(0, width // 2), (width // 2, width)]
    first, second = (
        sketch.rearrange(x, f"{layer.name}{place}_{name}", half, _columns(x.shape, begin, end))
        for name, (begin, end) in zip(("values", "gates"), ends, strict=True)
    )
    gate = apart(sketch, layer, second, "sigmoid", place)
    return sketch.add(Multiply, f"{layer.name}{place}_glu", (first, gate), half)


def _columns(shape: tuple[int, ...], begin: int, end: int) -> Callable[..., Any]:
    starts, stops = (*(0,) * (len(shape) - 1), begin), (*shape[:-1], end)
    return lambda do, v: do.cut(v, starts, stops)


def _whole(sketch: Sketch, layer: Any, x: Value, place: str) -> Value:
    """Return one value with nothing pending, for an operator of its own."""
    return sketch.settle(sketch.join(x, layer.name), f"{layer.name}{place}", own=True)


def _scaled(x: Value, scale: float) -> Value:
    return x.then(np.full(x.shape, scale), np.zeros(x.shape))


def _looked_up(name: str, **settings: float) -> Callable[..., Value]:
    def rule(sketch: Sketch, layer: Any, x: Value, place: str = "", **given: float) -> Value:
        return look_up(sketch, layer, x, name, settings | given, place)

    return rule


# functions without settings
OWN_TABLE = (
    "exponential",
    "softplus",
    "softsign",
    "mish",
    "log_sigmoid",
    "tanh_shrink",
    "sparse_plus",
)
# by the names of Keras' functions, with the settings that they have by themselves
BENT: dict[str, Callable[..., Value]] = {
    "elu": elu,
    "selu": selu,
    "celu": celu,
    "glu": glu,
    "hard_tanh": hard_tanh,
    "sparse_sigmoid": sparse_sigmoid,
    "soft_shrink": _looked_up("soft_shrink", threshold=0.5),
    "hard_shrink": _looked_up("hard_shrink", threshold=0.5),
    "squareplus": _looked_up("squareplus", b=4.0),
    **{name: _looked_up(name) for name in OWN_TABLE},
}


def elu_layer(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`ELU`, and the operation of that name."""
    return elu(sketch, layer, x, alpha=float(layer.alpha))


def operation(name: str, *settings: str) -> Callable[..., Value]:
    """Return the rule of an operation, which has the settings of its function as attributes."""
    own = {"elu": elu, "celu": celu, "glu": glu, "hard_tanh": hard_tanh, "selu": selu}
    rule: Callable[..., Value] = own.get(name, _looked_up(name))

    def of_operation(sketch: Sketch, layer: Any, x: Value) -> Value:
        given = {one: getattr(layer, one) for one in settings}
        return rule(sketch, layer, x, **given)

    return of_operation


OPERATIONS: dict[str, Callable[..., Value]] = {
    "Mish": operation("mish"),
    "Elu": operation("elu", "alpha"),
    "Celu": operation("celu", "alpha"),
    "Selu": operation("selu"),
    "Glu": operation("glu", "axis"),
    "HardTanh": operation("hard_tanh"),
    "Exp": operation("exponential"),
    "Softplus": operation("softplus"),
    "Softsign": operation("softsign"),
    "LogSigmoid": operation("log_sigmoid"),
    "TanhShrink": operation("tanh_shrink"),
    "SoftShrink": operation("soft_shrink", "threshold"),
    "HardShrink": operation("hard_shrink", "threshold"),
    "Threshold": operation("threshold", "threshold", "default_value"),
    "Squareplus": operation("squareplus", "b"),
    "SparsePlus": operation("sparse_plus"),
}
