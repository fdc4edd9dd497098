"""Layers of random graphs: one call for each rule of a Keras layer."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import layers

from tests.export.tflite.random_nodes import Make, Node, axis_of, padding_of
from zoo.layers.inputs import LayerNormalization, RMSNormalization
from zoo.layers.tables import PiecewiseLinear
from zoo.layers.tokens import PositionEmbedding, SelfAttention
from zoo.quantization.rules.curves import BENT

Pick = np.random.Generator
ACTIVATIONS = (None, "relu", "relu6", "sigmoid", "tanh", "softmax", "silu", "gelu", *BENT)
LINEAR = tuple(name for name in ACTIVATIONS if name != "glu")


def called(make: Callable[[Any, Pick], Any]) -> Make:
    """Return what calls a layer, made for the value, on it."""
    return lambda x, y, pick: make(x, pick)(x)


def alone(make: Callable[[], Any]) -> Make:
    return lambda x, y, pick: make()(x)


def both(make: Callable[[], Any]) -> Make:
    return lambda x, y, pick: make()([x, y])


def _activation(pick: Pick) -> Any:
    return LINEAR[pick.integers(len(LINEAR))] if pick.integers(2) else None


def _size(x: Any) -> tuple[int, ...]:
    return tuple(min(2, size) for size in x.shape[1:-1])


def window(x: Any, pick: Pick) -> dict[str, Any]:
    """Return how a kernel goes over x."""
    stride = 1 + int(pick.integers(2))
    return {
        "kernel_size": _size(x),
        "strides": stride,
        "padding": padding_of(pick),
        "activation": _activation(pick),
        "use_bias": bool(pick.integers(2)),
    }


def filtered(kinds: tuple[Any, Any], *filters: int) -> Make:
    """Return what calls the layer of one or two dimensions."""
    return lambda x, y, pick: kinds[len(x.shape) - 3](*filters, **window(x, pick))(x)


def pooled(kinds: tuple[Any, Any]) -> Make:
    return lambda x, y, pick: kinds[len(x.shape) - 3](_size(x), 1, padding_of(pick))(x)


def either(kinds: tuple[Any, Any], *arguments: Any) -> Make:
    return lambda x, y, pick: kinds[len(x.shape) - 3](*arguments)(x)


def recurrent(kind: Any) -> Make:
    return lambda x, y, pick: kind(3, return_sequences=bool(pick.integers(2)))(x)


def _norm(kind: Any) -> Make:
    return called(lambda x, pick: kind(axis=axis_of(x, pick)))


def _bidirectional(x: Any, pick: Pick) -> Any:
    merge = ["concat", "sum", "ave", "mul"][pick.integers(4)]
    return layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode=merge)


FLAT, STEPS, SPACES = (1, 2, 3), (2,), (2, 3)
LAYERS: dict[str, Node] = {
    f"layers.{name}": Node(make, ranks)
    for name, make, ranks in (
        ("Dense", called(lambda x, pick: layers.Dense(4, _activation(pick))), FLAT),
        ("Activation", called(lambda x, pick: layers.Activation(_activation(pick))), FLAT),
        ("Conv", filtered((layers.Conv1D, layers.Conv2D), 4), SPACES),
        ("DepthwiseConv", filtered((layers.DepthwiseConv1D, layers.DepthwiseConv2D)), SPACES),
        ("SeparableConv", filtered((layers.SeparableConv1D, layers.SeparableConv2D), 3), SPACES),
        ("Transposed", filtered((layers.Conv1DTranspose, layers.Conv2DTranspose), 3), SPACES),
        ("MaxPooling", pooled((layers.MaxPooling1D, layers.MaxPooling2D)), SPACES),
        ("AveragePooling", pooled((layers.AveragePooling1D, layers.AveragePooling2D)), SPACES),
        (
            "GlobalAverage",
            either((layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D)),
            SPACES,
        ),
        ("GlobalMax", either((layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D)), SPACES),
        ("ZeroPadding", either((layers.ZeroPadding1D, layers.ZeroPadding2D), 1), SPACES),
        ("UpSampling", either((layers.UpSampling1D, layers.UpSampling2D)), SPACES),
        ("Flatten", alone(layers.Flatten), FLAT),
        ("Reshape", alone(lambda: layers.Reshape((-1, 1))), FLAT),
        ("RepeatVector", alone(lambda: layers.RepeatVector(3)), (1,)),
        ("Permute", alone(lambda: layers.Permute((2, 1))), STEPS),
        ("Cropping", called(lambda x, pick: layers.Cropping1D((0, x.shape[1] // 2))), STEPS),
        ("Resizing", alone(lambda: layers.Resizing(3, 4)), (3,)),
        ("Rescaling", alone(lambda: layers.Rescaling(0.7, -0.3)), FLAT),
        ("BatchNormalization", _norm(layers.BatchNormalization), FLAT),
        ("LayerNormalization", alone(layers.LayerNormalization), FLAT),
        ("RMSNormalization", alone(layers.RMSNormalization), FLAT),
        ("UnitNormalization", _norm(layers.UnitNormalization), FLAT),
        ("GroupNormalization", alone(lambda: layers.GroupNormalization(1)), SPACES),
        ("our LayerNormalization", alone(LayerNormalization), SPACES),
        ("our RMSNormalization", alone(RMSNormalization), SPACES),
        (
            "ReLU",
            called(lambda x, pick: layers.ReLU(*[(), (1.0,), (6.0,)][pick.integers(3)])),
            FLAT,
        ),
        ("LeakyReLU", alone(layers.LeakyReLU), FLAT),
        ("ELU", alone(lambda: layers.ELU(0.4)), FLAT),
        ("PReLU", alone(layers.PReLU), FLAT),
        ("Softmax", called(lambda x, pick: layers.Softmax(axis_of(x, pick))), FLAT),
        *(
            (kind.__name__, both(kind), FLAT)
            for kind in (layers.Add, layers.Average, layers.Subtract, layers.Multiply)
        ),
        *((kind.__name__, both(kind), FLAT) for kind in (layers.Maximum, layers.Minimum)),
        ("Concatenate", both(layers.Concatenate), FLAT),
        ("PiecewiseLinear", alone(lambda: PiecewiseLinear(3)), (1,)),
        ("PositionEmbedding", alone(PositionEmbedding), STEPS),
        ("SelfAttention", lambda x, y, pick: SelfAttention(2)(layers.Dense(4)(x)), STEPS),
        ("MultiHeadAttention", lambda x, y, pick: layers.MultiHeadAttention(2, 3)(x, y), STEPS),
        *((kind.__name__, recurrent(kind), STEPS) for kind in (layers.GRU, layers.LSTM)),
        ("SimpleRNN", recurrent(layers.SimpleRNN), STEPS),
        ("Bidirectional", called(_bidirectional), STEPS),
        ("TimeDistributed", alone(lambda: layers.TimeDistributed(layers.Dense(3))), SPACES),
        ("Dropout", alone(lambda: layers.Dropout(0.5)), FLAT),
    )
}
