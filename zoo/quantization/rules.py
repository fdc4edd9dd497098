"""How each Keras layer enters a twin: one function per class, in the table at the end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.checks import UserError
from zoo.layers import LayerNormalization, RMSNormalization, Standardize
from zoo.padding import StepMask, TokenEmbedding, TokenMask
from zoo.quantization.attention import Normalize
from zoo.quantization.folding import Sketch, Value, numpy_of, shape_of, unknown
from zoo.quantization.gathering import Mean
from zoo.quantization.kernels import (
    activate,
    attention,
    check_channels_last,
    conv,
    dense,
    depthwise,
    pooling,
    separable,
)
from zoo.quantization.layers import Add, Scale
from zoo.quantization.masks import check_ids, embedding, multiply, step_mask, token_mask
from zoo.quantization.moves import concatenate, pool
from zoo.quantization.pictures import as_seen, check_not_steps, shape_like
from zoo.quantization.recurrent import bidirectional, recurrent
from zoo.tabular import MemberMean, Members, PiecewiseLinear
from zoo.tokens import PositionEmbedding, SelfAttention, SequencePooling

Rule = Callable[..., Value]


def check_known(model: keras.Model) -> None:
    """Raise UnknownLayer for a layer without a rule, or one that is used more than once."""
    check_classes(model)
    for entry in model.get_config()["layers"]:
        if len(entry["inbound_nodes"]) > 1:
            layer = model.get_layer(entry["name"])
            raise unknown(layer, f"it is used {len(entry['inbound_nodes'])} times")


def check_classes(model: keras.Model) -> None:
    """Raise UnknownLayer for a layer without a rule."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(f"{model.name} must have one input and one output to have a twin.")
    for layer in model.operations:
        if None in keras.tree.flatten(layer.output)[0].shape[1:]:
            raise unknown(layer, "its output's shape is not fixed; give every size but the batch's")
        if type(layer) not in RULES and not isinstance(layer, layers.InputLayer):
            raise unknown(layer, "there is no rule for its class")
    check_ids(model)


def enter(sketch: Sketch, layer: Any, inputs: list[Value]) -> Value:
    """Draft a layer's part of the twin and return its output.

    Raises:
        UnknownLayer: a setting of the layer without a rule.
    """
    if type(layer) not in BY_PARTS or any(x.shared for x in inputs):
        inputs = [sketch.join(x, f"{layer.name}_{i}") for i, x in enumerate(inputs)]
    tensors = keras.tree.flatten(layer.input)
    pictures = [len(x.shape) == len(t.shape) for x, t in zip(inputs, tensors, strict=True)]
    if type(layer) not in ON_PICTURES or not all(pictures):
        inputs = [
            as_seen(sketch, x, tensor, f"{layer.name}_{i}")
            for i, (x, tensor) in enumerate(zip(inputs, tensors, strict=True))
        ]
    return RULES[type(layer)](sketch, layer, *inputs)


def _same(sketch: Sketch, layer: Any, x: Value) -> Value:
    return x


def _standardize(sketch: Sketch, layer: Any, x: Value) -> Value:
    return x.then(numpy_of(layer.scale), numpy_of(layer.offset))


def _piecewise(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A dense layer whose output is 0..6, and of whose input only -1..1 matters."""
    alone = x.scale is None and not x.shared
    y = dense(sketch, layer, x)
    sketch.drafts[y.number - 1].arguments |= {
        "input_limits": (-layer.REACH, layer.REACH) if alone else None,
        "output_limits": (0.0, 6.0),
    }
    return y.then(np.full(y.shape, 1 / 6), np.zeros(y.shape))


def _members(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A MUL that spreads a row over the members; what is pending goes into its constant."""
    gains, plain = numpy_of(layer.gamma), replace(x, scale=None, offset=None)
    scale = 1.0 if x.scale is None else x.scale
    row = (1, *x.shape)
    y = sketch.rearrange(plain, layer.name, row, lambda v: ops.reshape(v, (-1, *row)))
    y = sketch.add(Scale, f"{layer.name}_scale", (y,), gains.shape, factor=gains * scale)
    moved = np.zeros(gains.shape) if x.offset is None else gains * x.offset
    return y.then(np.ones(gains.shape), moved) if moved.any() else y


def _member_mean(sketch: Sketch, layer: Any, x: Value) -> Value:
    return x.then(np.full(x.shape, 1 / x.shape[0]), np.zeros(x.shape))


def _rescaling(sketch: Sketch, layer: Any, x: Value) -> Value:
    return x.then(np.asarray(layer.scale, np.float64), np.asarray(layer.offset, np.float64))


def _batch_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    if layer.axis not in (-1, len(shape_of(layer))):
        raise unknown(layer, f"axis={layer.axis}")
    scale = 1 / np.sqrt(numpy_of(layer.moving_variance) + layer.epsilon)
    scale *= numpy_of(layer.gamma) if layer.scale else 1.0
    offset = -numpy_of(layer.moving_mean) * scale
    return sketch.fold_norm(x, scale, offset + (numpy_of(layer.beta) if layer.center else 0.0))


def _norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    centre = isinstance(layer, LayerNormalization)
    x = sketch.settle(x, layer.name)
    y = sketch.add(Normalize, layer.name, (x,), x.shape, centre=centre, epsilon=layer.EPSILON)
    return y.then(numpy_of(layer.gamma), numpy_of(layer.beta) if centre else np.zeros(x.shape[-1]))


def _activation(sketch: Sketch, layer: Any, x: Value) -> Value:
    return activate(sketch, layer, x, layer.activation)


def _relu(sketch: Sketch, layer: Any, x: Value) -> Value:
    if layer.negative_slope or layer.threshold or layer.max_value not in (None, 6):
        raise unknown(layer, "only relu and relu6")
    return activate(sketch, layer, x, keras.activations.get("relu6" if layer.max_value else "relu"))


def _add(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    if len({len(term.shape) for term in terms}) > 1:
        raise unknown(layer, "its inputs have different ranks")
    total, *rest = [sketch.settle(term, f"{layer.name}_{i}") for i, term in enumerate(terms)]
    for i, term in enumerate(rest):
        total = sketch.add(
            Add, f"{layer.name}_{i}" if i else layer.name, (total, term), shape_like(layer, total)
        )
    return total


def _position(sketch: Sketch, layer: Any, x: Value) -> Value:
    x = sketch.settle(x, layer.name)
    constant = numpy_of(layer.embedding).reshape(x.shape)
    return sketch.add(Add, layer.name, (x,), x.shape, constant=constant)


def _mean(sketch: Sketch, layer: Any, x: Value) -> Value:
    check_channels_last(layer)
    if layer.keepdims:
        x = as_seen(sketch, x, layer.input, layer.name)
    x, scale, offset = sketch.channels(x, layer.name)
    axes = tuple(range(1, len(x.shape)))
    y = sketch.add(Mean, layer.name, (x,), shape_of(layer), axes=axes, keepdims=layer.keepdims)
    return y.then(scale, offset) if (scale != 1).any() or offset.any() else y


def _flatten(sketch: Sketch, layer: Any, x: Value) -> Value:
    if len(x.shape) > 1:
        check_channels_last(layer)
    return _reshape(sketch, layer, x)


def _reshape(sketch: Sketch, layer: Any, x: Value) -> Value:
    check_not_steps(sketch, layer, x)
    shape = shape_of(layer)
    return sketch.rearrange(x, layer.name, shape, lambda v: ops.reshape(v, (-1, *shape)))


def _permute(sketch: Sketch, layer: Any, x: Value) -> Value:
    order = (0, *layer.dims)
    return sketch.rearrange(x, layer.name, shape_of(layer), lambda v: ops.transpose(v, order))


def _zero_padding(sketch: Sketch, layer: Any, x: Value) -> Value:
    check_channels_last(layer)
    pads = [(0, 0), *layer.padding, (0, 0)]
    return sketch.rearrange(x, layer.name, shape_of(layer), lambda v: ops.pad(v, pads))


RULES: dict[type, Rule] = {
    Standardize: _standardize,
    PiecewiseLinear: _piecewise,
    Members: _members,
    MemberMean: _member_mean,
    layers.Rescaling: _rescaling,
    layers.Dense: dense,
    layers.Conv2D: conv,
    layers.DepthwiseConv2D: depthwise,
    layers.SeparableConv2D: separable,
    layers.Conv1D: conv,
    layers.DepthwiseConv1D: depthwise,
    layers.SeparableConv1D: separable,
    layers.BatchNormalization: _batch_norm,
    LayerNormalization: _norm,
    RMSNormalization: _norm,
    layers.Activation: _activation,
    layers.ReLU: _relu,
    layers.Add: _add,
    layers.Concatenate: concatenate,
    layers.Multiply: multiply,
    TokenEmbedding: embedding,
    TokenMask: token_mask,
    StepMask: step_mask,
    PositionEmbedding: _position,
    layers.GlobalAveragePooling1D: _mean,
    layers.GlobalAveragePooling2D: _mean,
    layers.Flatten: _flatten,
    layers.Reshape: _reshape,
    layers.Permute: _permute,
    layers.ZeroPadding2D: _zero_padding,
    layers.MaxPooling2D: pool,
    layers.AveragePooling2D: pool,
    layers.MaxPooling1D: pool,
    layers.AveragePooling1D: pool,
    SelfAttention: attention,
    SequencePooling: pooling,
    layers.GRU: recurrent,
    layers.LSTM: recurrent,
    layers.Bidirectional: bidirectional,
    layers.Dropout: _same,
    layers.SpatialDropout1D: _same,
    layers.SpatialDropout2D: _same,
    layers.GaussianNoise: _same,
    layers.GaussianDropout: _same,
}

# what can as well be done to the parts of a concatenation
BY_PARTS = {layers.BatchNormalization, layers.Activation, layers.ReLU} | {
    kind for kind, rule in RULES.items() if rule is _same
}
# what can as well be done to a sequence as a picture of height 1
ON_PICTURES = {layers.Add, layers.Concatenate, layers.GlobalAveragePooling1D} | {
    kind
    for kind, rule in RULES.items()
    if kind in BY_PARTS or rule in (conv, depthwise, separable, pool, _flatten, _reshape)
}
