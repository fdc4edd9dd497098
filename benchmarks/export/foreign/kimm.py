"""Blocks of kimm (Keras Image Models): what its layers do, on small networks."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

SIDE = 48


def batch_norm(x: Any, activation: str | None = None) -> Any:
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return x if activation is None else layers.Activation(activation)(x)


def conv(x: Any, filters: int, size: int = 1, strides: int = 1, groups: int = 1) -> Any:
    if strides > 1:
        x = layers.ZeroPadding2D(size // 2)(x)
    padding = "same" if strides == 1 else "valid"
    return layers.Conv2D(filters, size, strides, padding, use_bias=False, groups=groups)(x)


def classified(inputs: Any, x: Any) -> keras.Model:
    x = layers.Dropout(0.1)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x))


def squeeze_excite(x: Any, squeezed: int) -> Any:
    channels = x.shape[-1]
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    y = layers.Conv2D(squeezed, 1, activation="relu")(y)
    y = layers.Conv2D(channels, 1, activation="hard_sigmoid")(y)
    return layers.Multiply()([x, y])


def ghostnet() -> keras.Model:
    def ghost(x: Any, channels: int, relu: str | None = "relu") -> Any:
        half = channels // 2
        first = batch_norm(conv(x, half), relu)
        cheap = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(first)
        return layers.Concatenate(axis=-1)([first, batch_norm(cheap, relu)])[..., :channels]

    inputs = keras.Input((SIDE, SIDE, 3))
    x = batch_norm(conv(layers.Rescaling(1 / 127.5, -1)(inputs), 16, 3, 2), "relu")
    for channels, gate in ((16, False), (16, True), (16, True)):
        y = ghost(x, 32)
        y = squeeze_excite(y, 8) if gate else y
        x = layers.Add()([ghost(y, channels, None), x])
    return classified(inputs, x)


class ReparameterizableConv2D(layers.Layer):
    """Branches that training keeps apart: a kernel, one pixel, and the input itself."""

    def __init__(self, filters: int, kernel_size: int, strides: int, branches: int = 1) -> None:
        super().__init__()
        self.filters, self.strides = filters, strides
        self.zero_padding = layers.ZeroPadding2D(kernel_size // 2)
        self.conv_kxk = [
            layers.Conv2D(filters, kernel_size, strides, use_bias=False) for _ in range(branches)
        ]
        self.bn_kxk = [layers.BatchNormalization() for _ in range(branches)]
        self.conv_scale = layers.Conv2D(filters, 1, strides, use_bias=False)
        self.bn_scale = layers.BatchNormalization()
        self.act = layers.Activation("relu")

    def build(self, input_shape: Any) -> None:
        self.identity = (
            layers.BatchNormalization()
            if self.strides == 1 and input_shape[-1] == self.filters
            else None
        )
        if self.identity is not None:
            self.identity.build(input_shape)
        padded = self.zero_padding.compute_output_shape(input_shape)
        for one, norm in zip(self.conv_kxk, self.bn_kxk, strict=True):
            one.build(padded)
            norm.build(one.compute_output_shape(padded))
        self.conv_scale.build(input_shape)
        self.bn_scale.build(self.conv_scale.compute_output_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.conv_scale.compute_output_shape(input_shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = self.bn_scale(self.conv_scale(inputs), training=training)
        if self.identity is not None:
            x = ops.add(x, self.identity(inputs, training=training))
        padded = self.zero_padding(inputs)
        for one, norm in zip(self.conv_kxk, self.bn_kxk, strict=True):
            x = ops.add(x, norm(one(padded), training=training))
        return self.act(x)


def reparameterizable(branches: int) -> keras.Model:
    x = inputs = keras.Input((SIDE, SIDE, 3))
    for filters, strides in ((12, 2), (24, 2), (24, 1), (32, 2)):
        x = ReparameterizableConv2D(filters, 3, strides, branches)(x)
    return classified(inputs, x)


class Attention(layers.Layer):
    """kimm's attention, whose query, key and value are one product."""

    def __init__(self, hidden_dim: int, num_heads: int) -> None:
        super().__init__()
        self.hidden_dim, self.num_heads = hidden_dim, num_heads
        self.head_dim = hidden_dim // num_heads
        self.scale = self.head_dim**-0.5
        self.qkv, self.project = layers.Dense(hidden_dim * 3), layers.Dense(hidden_dim)

    def build(self, input_shape: Any) -> None:
        self.qkv.build(input_shape)
        self.qkv_reshape = layers.Reshape((-1, 3, self.num_heads, self.head_dim))
        self.project.build((*input_shape[:-1], self.hidden_dim))

    def call(self, inputs: Any) -> Any:
        input_shape = ops.shape(inputs)
        qkv = self.qkv(inputs)
        qkv = ops.reshape(
            qkv,
            [*input_shape[:-1], self.num_heads, self.head_dim * 3],
        )
        qkv = ops.swapaxes(qkv, -3, -2)
        q, k, v = ops.split(qkv, 3, axis=-1)
        q = ops.multiply(q, ops.cast(self.scale, self.compute_dtype))
        attn = ops.softmax(ops.matmul(q, ops.swapaxes(k, -2, -1)))
        x = ops.swapaxes(ops.matmul(attn, v), -3, -2)
        return self.project(ops.reshape(x, input_shape))


def mobile_vit() -> keras.Model:
    inputs = keras.Input((SIDE, SIDE, 3))
    x = batch_norm(conv(inputs, 16, 3, 2), "silu")
    x = batch_norm(conv(x, 24, 3, 2), "silu")
    h, w = x.shape[-3], x.shape[-2]
    y = conv(batch_norm(conv(x, 24, 3), "silu"), 32)
    y = ops.reshape(y, [-1, h // 2, 2, w // 2, 2, 32])
    y = ops.reshape(ops.transpose(y, [0, 2, 4, 1, 3, 5]), [-1, 4, h * w // 4, 32])
    for _ in range(2):
        y = layers.Add()([y, Attention(32, 4)(layers.LayerNormalization(epsilon=1e-6)(y))])
        z = layers.Dense(64, activation="silu")(layers.LayerNormalization(epsilon=1e-6)(y))
        y = layers.Add()([y, layers.Dense(32)(z)])
    y = layers.LayerNormalization(epsilon=1e-6)(y)
    y = ops.reshape(y, [-1, 2, 2, h // 2, w // 2, 32])
    y = ops.reshape(ops.transpose(y, [0, 3, 1, 4, 2, 5]), [-1, h, w, 32])
    y = batch_norm(conv(y, 24), "silu")
    x = batch_norm(conv(layers.Concatenate(axis=-1)([x, y]), 24, 3), "silu")
    return classified(inputs, x)


def regnet() -> keras.Model:
    inputs = keras.Input((SIDE, SIDE, 3))
    x = batch_norm(conv(inputs, 16, 3, 2), "relu")
    for filters, groups in ((24, 3), (48, 6)):
        y = batch_norm(conv(x, filters), "relu")
        y = squeeze_excite(batch_norm(conv(y, filters, 3, 2, groups), "relu"), 8)
        y, shortcut = batch_norm(conv(y, filters)), batch_norm(conv(x, filters, 1, 2))
        x = layers.Activation("relu")(layers.Add()([y, shortcut]))
    return classified(inputs, x)


class LearnableAffine(layers.Layer):
    """One factor and one addend for a whole picture."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        scale = ops.cast(self.scale, self.compute_dtype)
        bias = ops.cast(self.bias, self.compute_dtype)
        return ops.add(ops.multiply(inputs, scale), bias)


def hgnet() -> keras.Model:
    x = inputs = keras.Input((SIDE, SIDE, 3))
    for filters, strides in ((12, 2), (24, 2)):
        x = LearnableAffine()(batch_norm(conv(x, filters, 3, strides), "relu"))
        several = [x]
        for _ in range(3):
            y = LearnableAffine()(batch_norm(conv(several[-1], 8, 3), "relu"))
            several.append(y)
        y = layers.Concatenate(axis=-1)(several)
        y = LearnableAffine()(batch_norm(conv(y, filters), "relu"))
        y = batch_norm(layers.DepthwiseConv2D(5, padding="same", use_bias=False)(y))
        x = layers.Add()([x, y])
    return classified(inputs, x)


class LayerScale(layers.Layer):
    """A gain for each channel."""

    def build(self, input_shape: Any) -> None:
        self.gamma = self.add_weight(shape=(input_shape[-1],), name="gamma")

    def call(self, inputs: Any) -> Any:
        return ops.multiply(inputs, ops.cast(self.gamma, self.compute_dtype))


def convnext() -> keras.Model:
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Conv2D(16, 4, 4)(inputs))
    for _ in range(2):
        y = layers.DepthwiseConv2D(7, padding="same")(x)
        y = layers.Conv2D(64, 1)(layers.LayerNormalization(epsilon=1e-6)(y))
        y = layers.Conv2D(16, 1)(layers.Activation("gelu")(y))
        x = layers.Add()([LayerScale()(y), x])
    return classified(inputs, x)


MODELS: dict[str, Callable[[], keras.Model]] = {
    "kimm_GhostNet": ghostnet,
    "kimm_MobileOne": lambda: reparameterizable(branches=2),
    "kimm_RepVGG": lambda: reparameterizable(branches=1),
    "kimm_MobileViT": mobile_vit,
    "kimm_RegNetX": regnet,
    "kimm_HGNetV2": hgnet,
    "kimm_ConvNeXt": convnext,
}
