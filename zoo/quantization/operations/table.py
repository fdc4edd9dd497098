"""The table of operations: one function for each class of `keras.ops` that a graph may hold.

Whatever a layer is for goes by that layer's rule; the others have one of their own.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.quantization.operations import (
    as_layers,
    constants,
    contractions,
    images,
    joining,
    moving,
    reductions,
)
from zoo.quantization.operations.calls import BATCH, Call, batch_axis, is_value
from zoo.quantization.rules import activations, curves
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.ids import one_hot, padding_mask
from zoo.quantization.rules.sequences import as_seen
from zoo.quantization.rules.table import enter
from zoo.quantization.rules.values import UnknownLayer, Value, unknown

# (sketch, call, the call's arguments) -> what it makes: an array where no row matters
Rule = Callable[..., Value | np.ndarray | list[Value]]
# (call, the call's arguments) -> a layer that does the same, its weights, what it reads
Like = Callable[..., tuple[layers.Layer, list[np.ndarray], list[Value]]]


def operate(sketch: Sketch, call: Call, inputs: Sequence[Any]) -> list[Any]:
    """Draw a call of an operation on values and constants, and return what it makes.

    Raises:
        UnknownLayer: it has no rule, or works across rows.
    """
    kind = type(call.operation).__name__
    rule = OPERATIONS.get(kind)
    if not any(map(is_value, inputs)):
        args, kwargs = call.given(dict(zip(map(id, call.inputs), inputs, strict=True)))
        return list(keras.tree.flatten(call.operation.call(*args, **kwargs)))
    if any(sketch.is_ids(x) for x in inputs if is_value(x)) and kind not in LOOKED_UP:
        raise unknown(call.operation, "token ids must go straight to an Embedding or a TokenMask")
    if rule is None:
        raise unknown(call.operation, "there is no rule for it")
    if kind not in moving.TURNING and any(map(batch_axis, (*call.inputs, *call.outputs))):
        raise unknown(call.operation, "it works where the axis of the batch is not the first")
    values = {}
    for i, (tensor, value) in enumerate(zip(call.inputs, inputs, strict=True)):
        name, values[id(tensor)] = f"{call.name}_{i}", value
        if is_value(value):
            values[id(tensor)] = as_seen(sketch, sketch.join(value, name), tensor, name)
    args, kwargs = call.given(values)
    made = rule(sketch, call, *args, **kwargs)
    return made if isinstance(made, list) else [made]


def _like(find: Like) -> Rule:
    """Return the rule of what a layer is for."""

    def rule(sketch: Sketch, call: Call, *args: Any, **kwargs: Any) -> Value:
        layer, weights, values = find(call, *args, **kwargs)
        tensors = [keras.Input(batch_shape=(BATCH, *x.shape)) for x in values]
        layer(tensors if len(tensors) > 1 else tensors[0])
        if weights:
            layer.set_weights(weights)
        try:
            return enter(sketch, layer, values)
        except UnknownLayer as error:  # there is no such layer in the model
            raise unknown(call.operation, error.reason.partition(": ")[2]) from error

    return rule


def _combined(find: Like, with_constant: Rule) -> Rule:
    """Return the rule of an operator on two values, or on one and a constant."""
    alike = _like(find)

    def rule(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Any:
        both = is_value(x1) and is_value(x2)
        return (alike if both else with_constant)(sketch, call, x1, x2)

    return rule


def _same(sketch: Sketch, call: Call, x: Value, **unused: Any) -> Value:
    """What leaves the values as they are."""
    return x


def _filled(level: float) -> Rule:
    """Return the rule of what makes a constant."""
    return lambda sketch, call, x, **unused: np.full((1, *call.shape), level)


def _activation(rule: Callable[..., Value]) -> Rule:
    """Return the rule of an activation that is called as an operation, such as `ops.relu`."""
    return lambda sketch, call, x: rule(sketch, call.operation, x)


LOOKED_UP = ("Take", "NotEqual", "OneHot")  # which ids may enter
# functions of one value: class -> name
CURVES = {
    "Absolute": "absolute",
    "Cosh": "cosh",
    "Cos": "cos",
    "Erf": "erf",
    "Erfc": "erfc",
    "Exp2": "exp2",
    "Expm1": "expm1",
    "Fabs": "absolute",
    "Log": "log",
    "Log10": "log10",
    "Log1p": "log1p",
    "Log2": "log2",
    "Reciprocal": "reciprocal",
    "Sign": "sign",
    "Sin": "sin",
    "Sinh": "sinh",
    "Sqrt": "sqrt",
}
OPERATIONS: dict[str, Rule] = {
    "Add": _combined(as_layers.merged(layers.Add), constants.plus),
    "Subtract": _combined(as_layers.merged(layers.Subtract), constants.minus),
    "Multiply": _combined(as_layers.merged(layers.Multiply), constants.times),
    "Maximum": _combined(as_layers.merged(layers.Maximum), constants.at_least),
    "Minimum": _combined(as_layers.merged(layers.Minimum), constants.at_most),
    "Divide": constants.divided,
    "TrueDivide": constants.divided,
    "Negative": constants.negative,
    "Clip": constants.clipped,
    "Where": constants.chosen,
    "Square": constants.squared,
    "Power": constants.powered,
    "BatchNorm": constants.batch_norm,
    **{kind: _activation(rule) for kind, rule in activations.OPERATIONS.items()},
    **{kind: _activation(curves.operation(name)) for kind, name in CURVES.items()},
    "NotEqual": padding_mask,
    "Take": moving.taken,
    "OneHot": one_hot,
    "ZerosLike": _filled(0.0),
    "OnesLike": _filled(1.0),
    "Rsqrt": constants.inverse_root,
    "Conv": _like(as_layers.conv),
    "DepthwiseConv": _like(as_layers.depthwise_conv),
    "SeparableConv": _like(as_layers.separable_conv),
    "ConvTranspose": _like(as_layers.conv_transpose),
    "Normalize": _like(as_layers.normalize),
    "MaxPool": _like(as_layers.max_pool),
    "AveragePool": _like(as_layers.average_pool),
    "LayerNorm": reductions.layer_norm,
    "RMSNorm": reductions.rms_norm,
    "Matmul": contractions.matmul,
    "Dot": contractions.matmul,
    "Tensordot": contractions.tensordot,
    "Einsum": contractions.einsum,
    "DotProductAttention": contractions.attention,
    "Mean": reductions.mean,
    "Sum": reductions.total,
    "Var": reductions.variance,
    "Std": reductions.deviation,
    "Moments": reductions.moments,
    "Norm": reductions.norm,
    "Logsumexp": reductions.log_sum_exp,
    "Max": reductions.largest,
    "Amax": reductions.largest,
    "Min": reductions.smallest,
    "Amin": reductions.smallest,
    "Reshape": moving.reshaped,
    "Ravel": moving.reshaped,
    "Squeeze": moving.reshaped,
    "ExpandDims": moving.reshaped,
    "Transpose": moving.transposed,
    "Swapaxes": moving.swapped,
    "Moveaxis": moving.moved_axis,
    "GetItem": moving.item,
    "Slice": moving.sliced,
    "ExtractPatches": images.patches,
    "Resize": _like(images.resized),
    "SpaceToDepth": images.space_to_depth,
    "DepthToSpace": images.depth_to_space,
    "PadImages": images.padded,
    "CropImages": images.cropped,
    "RGBToGrayscale": images.gray,
    "Split": moving.split,
    "Unstack": moving.unstacked,
    "Concatenate": joining.concatenated,
    "Stack": joining.stacked,
    "Tile": joining.tiled,
    "Repeat": joining.repeated,
    "BroadcastTo": joining.tiled,
    "Flip": joining.flipped,
    "Roll": joining.rolled,
    "Pad": joining.padded,
    **dict.fromkeys(("Cast", "Copy", "StopGradient", "ConvertToTensor", "Identity"), _same),
}
