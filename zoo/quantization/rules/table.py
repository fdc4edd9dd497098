"""The table of rules: one function for each Keras layer class."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.layers.inputs import LayerNormalization, Pixels, RMSNormalization, Standardize
from zoo.layers.padding import StepMask, TokenEmbedding, TokenMask
from zoo.layers.tables import MemberMean, Members, PiecewiseLinear
from zoo.layers.tokens import PositionEmbedding, SelfAttention, SequencePooling
from zoo.quantization.layers.elementwise import Add, Multiply
from zoo.quantization.rules import activations, curves, merging, moves, norms, resizing, wrappers
from zoo.quantization.rules.attention import attention, multi_head, pooling
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.ids import embedding, step_mask, token_mask
from zoo.quantization.rules.products import conv, dense, depthwise, separable, transposed
from zoo.quantization.rules.recurrent import bidirectional, recurrent
from zoo.quantization.rules.sequences import as_seen
from zoo.quantization.rules.values import Value, numpy_of, unknown

Rule = Callable[..., Value]


def enter(sketch: Sketch, layer: Any, inputs: list[Value]) -> Value:
    """Draft a layer's part of the twin and return its output.

    Raises:
        UnknownLayer: a setting of the layer without a rule.
    """
    if type(layer) not in BY_PARTS or any(x.shared for x in inputs):
        inputs = [sketch.join(x, f"{layer.name}_{i}") for i, x in enumerate(inputs)]
    tensors = keras.tree.flatten(layer.input)
    images = [len(x.shape) == len(t.shape) for x, t in zip(inputs, tensors, strict=True)]
    if type(layer) not in ON_IMAGES or not all(images):
        inputs = [
            as_seen(sketch, x, tensor, f"{layer.name}_{i}")
            for i, (x, tensor) in enumerate(zip(inputs, tensors, strict=True))
        ]
    rule = RULES.get(type(layer))
    if rule is None:
        raise unknown(layer, "there is no rule for its class")
    masked = layer._inbound_nodes[0].arguments.kwargs.get("mask") is not None
    if masked and rule in UNMASKED:
        inputs = inputs[:1]
    elif masked and rule not in MASKED:
        raise unknown(layer, "a mask reaches it, which only recurrent layers have a form of")
    return rule(sketch, layer, *inputs)


def _same(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Dropout` and the like: nothing, for they do nothing after training."""
    return x


def _piecewise(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A dense layer whose output is 0..6, and of whose input only -1..1 matters."""
    alone = x.scale is None and not x.shared
    y = dense(sketch, layer, x)
    sketch.drafts[y.number].arguments |= {
        "input_limits": (-layer.REACH, layer.REACH) if alone else None,
        "output_limits": (0.0, 6.0),
    }
    return y.then(np.full(y.shape, 1 / 6), np.zeros(y.shape))


def _members(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A MUL that spreads a row over the members; what is pending goes into its constant."""
    gains, plain = numpy_of(layer.gamma), replace(x, scale=None, offset=None)
    scale = 1.0 if x.scale is None else x.scale
    row = (1, *x.shape)
    y = sketch.rearrange(plain, layer.name, row, lambda do, v: do.reshape(v, row))
    y = sketch.add(Multiply, f"{layer.name}_scale", (y,), gains.shape, constant=gains * scale)
    moved = np.zeros(gains.shape) if x.offset is None else gains * x.offset
    return y.then(np.ones(gains.shape), moved)


def _member_mean(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`MemberMean`: nothing; 1 / members stays pending, and the dense layer after it sums."""
    return x.then(np.full(x.shape, 1 / x.shape[0]), np.zeros(x.shape))


def _position(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`PositionEmbedding`: ADD of a constant."""
    x = sketch.settle(x, layer.name)
    constant = numpy_of(layer.embedding).reshape(x.shape)
    return sketch.add(Add, layer.name, (x,), x.shape, constant=constant)


# these do nothing but in training; `RandomCrop` does
AUGMENTATION = (
    layers.RandomBrightness,
    layers.RandomColorJitter,
    layers.RandomContrast,
    layers.RandomErasing,
    layers.RandomFlip,
    layers.RandomGrayscale,
    layers.RandomHue,
    layers.RandomRotation,
    layers.RandomSaturation,
    layers.RandomSharpness,
    layers.RandomShear,
    layers.RandomTranslation,
    layers.RandomZoom,
)
RULES: dict[type, Rule] = {
    Standardize: norms.standardize,
    Pixels: norms.standardize,
    PiecewiseLinear: _piecewise,
    Members: _members,
    MemberMean: _member_mean,
    layers.Rescaling: norms.rescaling,
    layers.Normalization: norms.normalization,
    layers.Dense: dense,
    layers.Conv2D: conv,
    layers.DepthwiseConv2D: depthwise,
    layers.SeparableConv2D: separable,
    layers.Conv2DTranspose: transposed,
    layers.Conv1D: conv,
    layers.Conv1DTranspose: transposed,
    layers.DepthwiseConv1D: depthwise,
    layers.SeparableConv1D: separable,
    layers.BatchNormalization: norms.batch_norm,
    LayerNormalization: norms.norm,
    RMSNormalization: norms.norm,
    layers.LayerNormalization: norms.layer_norm,
    layers.RMSNormalization: norms.rms_norm,
    layers.GroupNormalization: norms.group_norm,
    layers.UnitNormalization: norms.unit_norm,
    layers.Activation: activations.activation,
    layers.ReLU: activations.relu,
    layers.LeakyReLU: activations.leaky_relu,
    layers.ELU: curves.elu_layer,
    layers.PReLU: activations.prelu,
    layers.Softmax: activations.softmax,
    layers.Add: merging.add,
    layers.Average: merging.average,
    layers.Subtract: merging.subtract,
    layers.Multiply: merging.multiply,
    layers.Maximum: merging.maximum,
    layers.Minimum: merging.minimum,
    layers.Concatenate: moves.concatenate,
    TokenEmbedding: embedding,
    layers.Embedding: embedding,
    TokenMask: token_mask,
    StepMask: step_mask,
    PositionEmbedding: _position,
    layers.GlobalAveragePooling1D: moves.mean,
    layers.GlobalAveragePooling2D: moves.mean,
    layers.GlobalMaxPooling1D: moves.global_max,
    layers.GlobalMaxPooling2D: moves.global_max,
    layers.Flatten: moves.flatten,
    layers.Reshape: moves.reshape,
    layers.Permute: moves.permute,
    layers.RepeatVector: moves.repeat,
    layers.ZeroPadding1D: moves.zero_padding,
    layers.ZeroPadding2D: moves.zero_padding,
    layers.Cropping1D: moves.crop,
    layers.Cropping2D: moves.crop,
    layers.MaxPooling2D: moves.pool,
    layers.AveragePooling2D: moves.pool,
    layers.MaxPooling1D: moves.pool,
    layers.AveragePooling1D: moves.pool,
    SelfAttention: attention,
    layers.MultiHeadAttention: multi_head,
    SequencePooling: pooling,
    layers.GRU: recurrent,
    layers.LSTM: recurrent,
    layers.SimpleRNN: recurrent,
    layers.RNN: recurrent,
    layers.Bidirectional: bidirectional,
    layers.Identity: _same,
    layers.ActivityRegularization: _same,
    layers.Dropout: _same,
    layers.AlphaDropout: _same,
    layers.SpatialDropout1D: _same,
    layers.SpatialDropout2D: _same,
    layers.GaussianNoise: _same,
    layers.GaussianDropout: _same,
    **dict.fromkeys(AUGMENTATION, _same),
    **resizing.RULES,
    layers.TimeDistributed: wrappers.time_distributed(enter),
    layers.SpectralNormalization: wrappers.wrapped(enter),
}

# what can as well be done to the parts of a concatenation
BY_PARTS = {layers.BatchNormalization, layers.Activation, layers.ReLU} | {
    kind for kind, rule in RULES.items() if rule is _same
}
# what can as well be done to a sequence as a picture of height 1
MERGED = (layers.Add, layers.Average, layers.Subtract, layers.Multiply, layers.Maximum)
ON_IMAGES = {*MERGED, layers.Minimum, layers.Concatenate, layers.GlobalAveragePooling1D} | {
    kind
    for kind, rule in RULES.items()
    if kind in BY_PARTS
    or rule in (conv, depthwise, separable, transposed, moves.pool, moves.flatten, moves.reshape)
}


MASKED = (recurrent, bidirectional)  # that know a mask
UNMASKED = (norms.batch_norm,)  # that need none after training
