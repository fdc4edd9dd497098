"""Graphs as users write them: custom layers, operations, several inputs and outputs."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

PICTURE = (8, 8, 3)
AROUND = ((0, 0), (1, 1), (1, 1), (0, 0))


class LayerScale(layers.Layer):
    """A gain for each channel, which stands on the left."""

    def build(self, shape: Any) -> None:
        self.gain = self.add_weight(shape=(shape[-1],), name="gain")

    def call(self, x: Any) -> Any:
        return self.gain * x


class Patches(layers.Layer):
    """Squares of four by four pixels, one after the other."""

    def call(self, x: Any) -> Any:
        rows, (height, width, channels) = ops.shape(x)[0], x.shape[1:]
        x = ops.reshape(x, (rows, height // 4, 4, width // 4, 4, channels))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (rows, height // 4 * (width // 4), 16 * channels))


class ClassToken(layers.Layer):
    """A token of weights before the others, and a position of each."""

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")
        self.places = self.add_weight(shape=(1, shape[1] + 1, shape[-1]), name="places")

    def call(self, x: Any) -> Any:
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, x], axis=1) + self.places


class Attention(layers.Layer):
    """Attention whose query, key and value come from one product, taken apart by an index."""

    def __init__(self, heads: int, width: int, split: bool) -> None:
        super().__init__()
        self.heads, self.width, self.split = heads, width, split
        self.both, self.project = layers.Dense(3 * width), layers.Dense(width)

    def build(self, shape: Any) -> None:
        self.both.build(shape)
        self.project.build((*shape[:-1], self.width))

    def call(self, x: Any) -> Any:
        rows, count, each = ops.shape(x)[0], x.shape[1], self.width // self.heads
        if self.split:
            parts = ops.split(self.both(x), 3, axis=-1)
            query, key, value = (ops.reshape(p, (rows, count, self.heads, each)) for p in parts)
            scores = ops.einsum("bnhd,bmhd->bhnm", query, key) * each**-0.5
            mixed = ops.einsum("bhnm,bmhd->bnhd", ops.softmax(scores), value)
        else:
            joined = ops.reshape(self.both(x), (rows, count, 3, self.heads, each))
            query, key, value = ops.unstack(ops.transpose(joined, (2, 0, 3, 1, 4)), 3, axis=0)
            scores = ops.matmul(query * each**-0.5, ops.swapaxes(key, -1, -2))
            mixed = ops.transpose(ops.matmul(ops.softmax(scores), value), (0, 2, 1, 3))
        return self.project(ops.reshape(mixed, (rows, count, self.width)))


class Mixer(layers.Layer):
    """A norm, two dense layers over the tokens, and a way past them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = layers.LayerNormalization()
        self.wide = layers.Dense(16, activation="gelu")
        self.narrow: layers.Layer | None = None

    def build(self, shape: Any) -> None:
        self.norm.build(shape)
        self.wide.build((None, shape[-1], shape[1]))
        self.narrow = layers.Dense(shape[1])
        self.narrow.build((None, shape[-1], 16))

    def call(self, x: Any) -> Any:
        assert self.narrow is not None
        y = self.narrow(self.wide(ops.transpose(self.norm(x), (0, 2, 1))))
        return x + ops.transpose(y, (0, 2, 1))


class Gate(layers.Layer):
    """Channels weighted by what they are on average (Hu et al. 2018)."""

    def build(self, shape: Any) -> None:
        self.inner = layers.Dense(4, activation="relu")
        self.outer = layers.Dense(shape[-1], activation="sigmoid")
        self.inner.build((None, shape[-1]))
        self.outer.build((None, 4))

    def call(self, x: Any) -> Any:
        return x * self.outer(self.inner(ops.mean(x, axis=(1, 2))))[:, None, None, :]


class Tokens(layers.Layer):
    """Embeddings of words and of places."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = layers.Embedding(20, 8), layers.Embedding(6, 8)

    def build(self, shape: Any) -> None:
        self.words.build(shape)
        self.places.build((6,))

    def call(self, x: Any) -> Any:
        return self.words(x) + self.places(ops.arange(0, 6))


def chain(shape: tuple[int, ...], *parts: Any) -> keras.Model:
    x = inputs = keras.Input(shape)
    for part in parts:
        x = part(x)
    return keras.Model(inputs, x)


def siamese() -> keras.Model:
    """Two inputs through one branch."""
    branch = chain((8, 8, 1), layers.Conv2D(4, 3, activation="relu"), layers.Flatten())
    pair = [keras.Input((8, 8, 1), name=name) for name in ("left", "right")]
    return keras.Model(pair, layers.Dense(2)(ops.square(branch(pair[0]) - branch(pair[1]))))


def two_heads() -> keras.Model:
    """A mask and classes, by name."""
    inputs = keras.Input(PICTURE)
    x = layers.Conv2D(8, 3, activation="relu")(inputs)
    heads = {"mask": layers.Conv2D(2, 1)(x)}
    heads["classes"] = layers.Dense(3)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, heads)


def named_inputs() -> keras.Model:
    given = {name: keras.Input((size,), name=name) for name, size in (("late", 4), ("early", 6))}
    x = layers.Concatenate()([given["late"], layers.Dense(3)(given["early"])])
    return keras.Model(given, layers.Dense(2)(x))


def of(shape: tuple[int, ...], function: Callable[[Any], Any]) -> Callable[[], keras.Model]:
    """Return what makes a model of a function of its input."""

    def make() -> keras.Model:
        inputs = keras.Input(shape)
        return keras.Model(inputs, function(inputs))

    return make


def _slices(x: Any) -> Any:
    x = ops.flip(ops.stack([x[:, ::2], x[:, 1::2]], axis=2), axis=1)
    return layers.Dense(3)(ops.reshape(ops.roll(x, 2, axis=1), (-1, 5, 12)))


def _reductions(x: Any) -> Any:
    x = layers.Dense(8)(x)
    parts = [kind(x, axis=1) for kind in (ops.max, ops.sum, ops.min, ops.var, ops.mean)]
    return layers.Dense(3)(ops.concatenate(parts, axis=-1))


def _masked(x: Any) -> Any:
    query, key, value = layers.Dense(8)(x), layers.Dense(8)(x), layers.Dense(4)(x)
    scores = ops.matmul(query, ops.transpose(key, (0, 2, 1)))
    scores = ops.where(np.tril(np.ones((6, 6))) > 0, scores, -1e9)
    return ops.matmul(ops.softmax(scores), value)


def _standardized(x: Any) -> Any:
    mean, variance = ops.moments(x, axes=-1, keepdims=True)
    return layers.Dense(2)((x - mean) * ops.rsqrt(variance + 1e-3))


def _clipped(x: Any) -> Any:
    x = ops.clip(layers.Dense(6)(x), -0.7, 0.9)
    return layers.Dense(3)(ops.minimum(ops.maximum(x, -0.5) - 0.2, 0.4)[:, -1])


def _tiled(x: Any) -> Any:
    x = ops.tile(ops.expand_dims(layers.Dense(4)(x), 1), (1, 5, 1))
    return layers.Dense(2)(ops.repeat(x, 2, axis=1))


def _joined_with_input(x: Any) -> Any:
    gates = layers.Conv2D(4, 3, padding="same", activation="sigmoid")(x)
    return layers.Conv2D(3, 3)(layers.Concatenate()([x, gates]))


def _shared(x: Any) -> Any:
    layer = layers.Dense(6, activation="relu")
    return layers.Dense(2)(layer(layer(x)))


GRAPHS: dict[str, Callable[[], keras.Model]] = {
    "a weight on the left": lambda: chain(PICTURE, layers.Conv2D(6, 3), LayerScale()),
    "vision transformer": lambda: chain(
        PICTURE, Patches(), layers.Dense(12), ClassToken(), Attention(2, 12, split=False)
    ),
    "attention by einsum": lambda: chain((5, 12), Attention(2, 12, split=True), layers.Flatten()),
    "mixer": lambda: chain((12, 5), layers.Dense(10), Mixer(), layers.GlobalAveragePooling1D()),
    "squeeze and excite": lambda: chain(PICTURE, layers.Conv2D(8, 3), Gate(), layers.Flatten()),
    "two inputs, one branch": siamese,
    "two outputs": two_heads,
    "named inputs": named_inputs,
    "slices": of((10, 6), _slices),
    "reductions": of((10, 6), _reductions),
    "masked attention": of((6, 4), _masked),
    "moments": of((5, 6), _standardized),
    "clips": of((8, 6), _clipped),
    "tiles": of((6,), _tiled),
    "joined with the input": of(PICTURE, _joined_with_input),
    "one number": of((5,), lambda x: ops.hard_sigmoid(ops.sum(layers.Dense(3)(x), axis=-1) * 3)),
    "a layer twice": of((6,), _shared),
    "an open size": lambda: chain(
        (6, 5),
        layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 4), bias_axes="de"),
        layers.Reshape((6, 8)),
        layers.Dense(3),
    ),
    "padding": of(
        PICTURE, lambda x: layers.Conv2D(3, 3)(ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))))
    ),
    "cross attention": of(
        (6, 8), lambda x: layers.MultiHeadAttention(2, 4)(x, layers.Dense(8)(x[:, 1:4]))
    ),
    "a model in a model": of(
        PICTURE,
        lambda x: layers.Dense(2)(
            chain(PICTURE, layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten())(x)
        ),
    ),
}
