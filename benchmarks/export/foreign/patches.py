"""Networks on patches of a picture, as the examples of keras.io write them."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

SIDE, PATCH, WIDTH = 32, 8, 32
COUNT = (SIDE // PATCH) ** 2


class Patches(layers.Layer):
    """The patches of vision/image_classification_with_vision_transformer."""

    def __init__(self, patch_size: int) -> None:
        super().__init__()
        self.patch_size = patch_size

    def call(self, images: Any) -> Any:
        input_shape = ops.shape(images)
        batch_size, height, width, channels = input_shape
        num_patches_h = height // self.patch_size
        num_patches_w = width // self.patch_size
        patches = ops.image.extract_patches(images, size=self.patch_size)
        return ops.reshape(
            patches,
            (batch_size, num_patches_h * num_patches_w, self.patch_size**2 * channels),
        )


class PatchEncoder(layers.Layer):
    """A projection, and an embedding of each place."""

    def __init__(self, num_patches: int, projection_dim: int) -> None:
        super().__init__()
        self.num_patches = num_patches
        self.projection = layers.Dense(units=projection_dim)
        self.position_embedding = layers.Embedding(num_patches, projection_dim)

    def call(self, patch: Any) -> Any:
        positions = ops.expand_dims(ops.arange(0, self.num_patches, 1), axis=0)
        return self.projection(patch) + self.position_embedding(positions)


def mlp(x: Any, hidden_units: list[int], dropout_rate: float) -> Any:
    for units in hidden_units:
        x = layers.Dense(units, activation=keras.activations.gelu)(x)
        x = layers.Dropout(dropout_rate)(x)
    return x


def vit(outputs: int = 10, detector: bool = False) -> keras.Model:
    """vision/image_classification_with_vision_transformer, and its detector of one box."""
    inputs = keras.Input(shape=(SIDE, SIDE, 3))
    encoded = PatchEncoder(COUNT, WIDTH)(Patches(PATCH)(inputs))
    for _ in range(2):
        x1 = layers.LayerNormalization(epsilon=1e-6)(encoded)
        attended = layers.MultiHeadAttention(num_heads=4, key_dim=WIDTH, dropout=0.1)(x1, x1)
        x2 = layers.Add()([attended, encoded])
        x3 = layers.LayerNormalization(epsilon=1e-6)(x2)
        encoded = layers.Add()([mlp(x3, [WIDTH * 2, WIDTH], 0.1), x2])
    representation = layers.LayerNormalization(epsilon=1e-6)(encoded)
    features = mlp(layers.Dropout(0.3)(layers.Flatten()(representation)), [64, 32], 0.3)
    return keras.Model(inputs, layers.Dense(4 if detector else outputs)(features))


class MLPMixerLayer(layers.Layer):
    """vision/mlp_image_classification: dense layers over patches, then over channels."""

    def __init__(self, num_patches: int, hidden_units: int, dropout_rate: float) -> None:
        super().__init__()
        self.mlp1, self.mlp2 = (
            keras.Sequential(
                [
                    layers.Dense(units=units, activation="gelu"),
                    layers.Dense(units=units),
                    layers.Dropout(rate=dropout_rate),
                ]
            )
            for units in (num_patches, hidden_units)
        )
        self.normalize = layers.LayerNormalization(epsilon=1e-6)

    def call(self, inputs: Any) -> Any:
        x = self.normalize(inputs)
        x_channels = ops.transpose(x, axes=(0, 2, 1))
        mlp1_outputs = ops.transpose(self.mlp1(x_channels), axes=(0, 2, 1))
        x = mlp1_outputs + inputs
        return x + self.mlp2(self.normalize(x))


class FNetLayer(layers.Layer):
    """A Fourier transform in the place of attention: of it there is no int8 form."""

    def __init__(self, embedding_dim: int, dropout_rate: float) -> None:
        super().__init__()
        self.ffn = keras.Sequential(
            [
                layers.Dense(units=embedding_dim, activation="gelu"),
                layers.Dropout(rate=dropout_rate),
                layers.Dense(units=embedding_dim),
            ]
        )
        self.normalize1 = layers.LayerNormalization(epsilon=1e-6)
        self.normalize2 = layers.LayerNormalization(epsilon=1e-6)

    def call(self, inputs: Any) -> Any:
        real_part = inputs
        im_part = ops.zeros_like(inputs)
        x = ops.fft2((real_part, im_part))[0]
        x = self.normalize1(x + inputs)
        return self.normalize2(x + self.ffn(x))


class GMLPLayer(layers.Layer):
    """A gate over places (Liu et al. 2021)."""

    def __init__(self, num_patches: int, embedding_dim: int, dropout_rate: float) -> None:
        super().__init__()
        self.channel_projection1 = keras.Sequential(
            [
                layers.Dense(units=embedding_dim * 2, activation="gelu"),
                layers.Dropout(rate=dropout_rate),
            ]
        )
        self.channel_projection2 = layers.Dense(units=embedding_dim)
        self.spatial_projection = layers.Dense(units=num_patches, bias_initializer="Ones")
        self.normalize1 = layers.LayerNormalization(epsilon=1e-6)
        self.normalize2 = layers.LayerNormalization(epsilon=1e-6)

    def spatial_gating_unit(self, x: Any) -> Any:
        u, v = ops.split(x, indices_or_sections=2, axis=2)
        v = self.normalize2(v)
        v_channels = ops.transpose(v, axes=(0, 2, 1))
        v_projected = self.spatial_projection(v_channels)
        v_projected = ops.transpose(v_projected, axes=(0, 2, 1))
        return u * v_projected

    def call(self, inputs: Any) -> Any:
        x_projected = self.channel_projection1(self.normalize1(inputs))
        return inputs + self.channel_projection2(self.spatial_gating_unit(x_projected))


def mixed(make: Callable[[], layers.Layer]) -> Callable[[], keras.Model]:
    """Return what makes the classifier of vision/mlp_image_classification around a block."""

    def build() -> keras.Model:
        inputs = layers.Input(shape=(24, 24, 3))
        augmented = keras.Sequential(
            [layers.Resizing(SIDE, SIDE), layers.RandomFlip("horizontal"), layers.RandomZoom(0.2)]
        )(inputs)
        x = layers.Dense(units=WIDTH)(Patches(PATCH)(augmented))
        positions = ops.arange(start=0, stop=COUNT, step=1)
        x = x + layers.Embedding(input_dim=COUNT, output_dim=WIDTH)(positions)
        x = keras.Sequential([make() for _ in range(2)])(x)
        x = layers.Dropout(rate=0.2)(layers.GlobalAveragePooling1D()(x))
        return keras.Model(inputs, layers.Dense(10)(x))

    return build


def external_attention(x: Any, dim: int, num_heads: int, coefficient: int = 4) -> Any:
    """vision/eanet: attention to memories that are dense layers."""
    num_patch = x.shape[1]
    num_heads = num_heads * coefficient
    x = layers.Dense(dim * coefficient)(x)
    x = ops.reshape(x, (-1, num_patch, num_heads, dim * coefficient // num_heads))
    x = ops.transpose(x, axes=[0, 2, 1, 3])
    attn = layers.Dense(dim // coefficient)(x)
    attn = layers.Softmax(axis=2)(attn)
    attn = layers.Lambda(
        lambda attn: ops.divide(attn, ops.convert_to_tensor(1e-9) + ops.sum(attn, -1, True))
    )(attn)
    x = layers.Dense(dim * coefficient // num_heads)(attn)
    x = ops.reshape(ops.transpose(x, axes=[0, 2, 1, 3]), [-1, num_patch, dim * coefficient])
    return layers.Dropout(0.2)(layers.Dense(dim)(x))


def eanet() -> keras.Model:
    inputs = layers.Input(shape=(SIDE, SIDE, 3))
    x = PatchEncoder(COUNT, WIDTH)(Patches(PATCH)(inputs))
    for _ in range(2):
        residual = x
        x = layers.LayerNormalization(epsilon=1e-5)(x)
        x = layers.add([external_attention(x, WIDTH, 4), residual])
        residual = x
        x = mlp(layers.LayerNormalization(epsilon=1e-5)(x), [WIDTH, WIDTH], 0.2)
        x = layers.add([x, residual])
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "kio_vit": vit,
    "kio_vit_detector": lambda: vit(detector=True),
    "kio_mixer": mixed(lambda: MLPMixerLayer(COUNT, WIDTH, 0.2)),
    "kio_fnet": mixed(lambda: FNetLayer(WIDTH, 0.2)),
    "kio_gmlp": mixed(lambda: GMLPLayer(COUNT, WIDTH, 0.2)),
    "kio_eanet": eanet,
}
