"""Networks of convolutions and tokens: CCT, Token Learner, MobileViT, Swin."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from benchmarks.export.foreign.patches import PatchEncoder, mlp


class CCTTokenizer(layers.Layer):
    """Convolutions whose pixels are tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_model = keras.Sequential()
        for channels in (16, 32):
            self.conv_model.add(
                layers.Conv2D(channels, 3, 1, padding="valid", use_bias=False, activation="relu")
            )
            self.conv_model.add(layers.ZeroPadding2D(1))
            self.conv_model.add(layers.MaxPooling2D(3, 2, "same"))

    def call(self, images: Any) -> Any:
        outputs = self.conv_model(images)
        return ops.reshape(
            outputs,
            (-1, ops.shape(outputs)[1] * ops.shape(outputs)[2], ops.shape(outputs)[-1]),
        )


class PositionEmbedding(layers.Layer):
    """Positions as weights, cut to the sequence."""

    def __init__(self, sequence_length: int) -> None:
        super().__init__()
        self.sequence_length = sequence_length

    def build(self, input_shape: Any) -> None:
        self.position_embeddings = self.add_weight(
            name="embeddings", shape=[self.sequence_length, input_shape[-1]]
        )

    def call(self, inputs: Any, start_index: int = 0) -> Any:
        shape = ops.shape(inputs)
        position_embeddings = ops.convert_to_tensor(self.position_embeddings)
        position_embeddings = ops.slice(
            position_embeddings, (start_index, 0), (shape[-2], shape[-1])
        )
        return ops.broadcast_to(position_embeddings, shape)


class SequencePooling(layers.Layer):
    """A mean of tokens with computed weights."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = layers.Dense(1)

    def call(self, x: Any) -> Any:
        attention_weights = ops.softmax(self.attention(x), axis=1)
        attention_weights = ops.transpose(attention_weights, axes=(0, 2, 1))
        return ops.squeeze(ops.matmul(attention_weights, x), -2)


class StochasticDepth(layers.Layer):
    """What skips a branch in training."""

    def __init__(self, drop_prop: float) -> None:
        super().__init__()
        self.drop_prob = drop_prop
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, x: Any, training: bool | None = None) -> Any:
        if training:
            shape = (ops.shape(x)[0],) + (1,) * (len(x.shape) - 1)
            kept = keras.random.uniform(shape, 0, 1, seed=self.seed_generator)
            return (x / (1 - self.drop_prob)) * ops.floor(1 - self.drop_prob + kept)
        return x


def cct() -> keras.Model:
    """vision/cct."""
    inputs = layers.Input((32, 32, 3))
    x = layers.RandomFlip("horizontal")(layers.Rescaling(1 / 255)(inputs))
    encoded = CCTTokenizer()(x)
    encoded = encoded + PositionEmbedding(64)(encoded)
    for _ in range(2):
        x1 = layers.LayerNormalization(epsilon=1e-5)(encoded)
        attended = layers.MultiHeadAttention(num_heads=2, key_dim=32, dropout=0.1)(x1, x1)
        x2 = layers.Add()([StochasticDepth(0.1)(attended), encoded])
        x3 = mlp(layers.LayerNormalization(epsilon=1e-5)(x2), [32, 32], 0.1)
        encoded = layers.Add()([StochasticDepth(0.1)(x3), x2])
    pooled = SequencePooling()(layers.LayerNormalization(epsilon=1e-5)(encoded))
    return keras.Model(inputs, layers.Dense(10)(pooled))


def token_learner(inputs: Any, number_of_tokens: int) -> Any:
    x = layers.LayerNormalization(epsilon=1e-6)(inputs)
    attention_maps = keras.Sequential(
        [
            layers.Conv2D(number_of_tokens, 3, activation=ops.gelu, padding="same", use_bias=False),
            layers.Conv2D(number_of_tokens, 3, activation=ops.gelu, padding="same", use_bias=False),
            layers.Conv2D(
                number_of_tokens, 3, activation="sigmoid", padding="same", use_bias=False
            ),
            layers.Reshape((-1, number_of_tokens)),
            layers.Permute((2, 1)),
        ]
    )(x)
    num_filters = inputs.shape[-1]
    x = layers.Reshape((1, -1, num_filters))(inputs)
    attended = ops.expand_dims(attention_maps, axis=-1) * x
    return ops.mean(attended, axis=2)


def learned_tokens() -> keras.Model:
    """vision/token_learner."""
    inputs = layers.Input(shape=(32, 32, 3))
    augmented = keras.Sequential([layers.Rescaling(1 / 255.0), layers.Resizing(40, 40)])(inputs)
    projected = layers.Conv2D(32, 8, strides=8, padding="VALID")(augmented)
    _, h, w, c = projected.shape
    encoded = PatchEncoder(h * w, 32)(layers.Reshape((h * w, c))(projected))
    encoded = layers.Dropout(0.1)(encoded)
    for i in range(3):
        x1 = layers.LayerNormalization(epsilon=1e-6)(encoded)
        x2 = layers.Add()([layers.MultiHeadAttention(4, 32, dropout=0.1)(x1, x1), encoded])
        x3 = layers.LayerNormalization(epsilon=1e-6)(x2)
        encoded = layers.Add()([mlp(x3, [64, 32], 0.1), x2])
        if i == 1:
            _, hh, c = encoded.shape
            side = int(np.sqrt(hh))
            encoded = token_learner(layers.Reshape((side, side, c))(encoded), 4)
    pooled = layers.GlobalAvgPool1D()(layers.LayerNormalization(epsilon=1e-6)(encoded))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(pooled))


def inverted_residual(x: Any, expanded: int, out: int, strides: int = 1) -> Any:
    m = layers.Conv2D(expanded, 1, padding="same", use_bias=False)(x)
    m = keras.activations.swish(layers.BatchNormalization()(m))
    if strides == 2:
        m = layers.ZeroPadding2D(padding=((0, 1), (0, 1)))(m)
    padding = "same" if strides == 1 else "valid"
    m = layers.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False)(m)
    m = keras.activations.swish(layers.BatchNormalization()(m))
    m = layers.BatchNormalization()(layers.Conv2D(out, 1, padding="same", use_bias=False)(m))
    return layers.Add()([m, x]) if x.shape[-1] == out and strides == 1 else m


def mobilevit_block(x: Any, num_blocks: int, width: int) -> Any:
    def conv(x: Any, filters: int, size: int) -> Any:
        return layers.Conv2D(filters, size, activation=keras.activations.swish, padding="same")(x)

    local = conv(conv(x, width, 3), width, 1)
    count = local.shape[1] * local.shape[2] // 4
    y = layers.Reshape((4, count, width))(local)
    for _ in range(num_blocks):
        x1 = layers.LayerNormalization(epsilon=1e-6)(y)
        x2 = layers.Add()([layers.MultiHeadAttention(2, width, dropout=0.1)(x1, x1), y])
        x3 = layers.LayerNormalization(epsilon=1e-6)(x2)
        for units in (width * 2, width):
            x3 = layers.Dense(units, activation=keras.activations.swish)(x3)
        y = layers.Add()([x3, x2])
    folded = layers.Reshape((*local.shape[1:-1], width))(y)
    folded = conv(folded, x.shape[-1], 1)
    return conv(layers.Concatenate(axis=-1)([x, folded]), width, 3)


def mobilevit() -> keras.Model:
    """vision/mobilevit."""
    inputs = keras.Input((64, 64, 3))
    x = layers.Rescaling(scale=1.0 / 255)(inputs)
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation=keras.activations.swish)(x)
    x = inverted_residual(inverted_residual(x, 32, 16), 32, 24, strides=2)
    x = inverted_residual(x, 48, 48, strides=2)
    x = mobilevit_block(x, 2, 32)
    x = mobilevit_block(inverted_residual(x, 64, 64, strides=2), 2, 40)
    x = layers.Conv2D(80, 1, padding="same", activation=keras.activations.swish)(x)
    return keras.Model(inputs, layers.Dense(5, "softmax")(layers.GlobalAvgPool2D()(x)))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "kio_cct": cct,
    "kio_token_learner": learned_tokens,
    "kio_mobilevit": mobilevit,
}
