"""ViT: the vision transformer, in the form that stays integer-only.

Dosovitskiy et al. 2021 (arXiv:2010.11929, figure 1) with global average pooling in place of the
class token (Beyer et al. 2022, arXiv:2205.01580). The patch embedding is a reshape and a dense
layer: equal to the strided convolution and faster in int8.
"""

import math
from typing import Any

import keras
from keras import layers

from zoo.checks import UserError, in_range, one_of, size
from zoo.encoder import check_encoder, encoder_block, normed
from zoo.layers import PositionEmbedding, Standardize
from zoo.mlp import ACTIVATIONS
from zoo.shapes import check_shapes


def ViT(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    patch_size: int | None = None,
    width: int = 64,
    depth: int = 4,
    heads: int = 4,
    mlp_ratio: int = 2,
    dropout: float = 0.0,
    norm: str = "batch",
    attention: str = "softmax",
    activation: str = "relu",
) -> keras.Model:
    """Build a vision transformer: patches, position, `depth` encoder blocks, average, dense.

    Args:
        input_shape: `(height, width, channels)`, zero-padded to whole patches.
        num_outputs: classes, or regression targets; at least 1.
        patch_size: side of a square patch in pixels. None gives about 64 patches (at least 2x2
            pixels each): int8 softmax has steps of 1/256, so more tokens than about 100 vanish.
        width: token size.
        depth: number of encoder blocks.
        heads: attention heads; must divide `width`.
        mlp_ratio: hidden size of the block's MLP, in multiples of `width`.
        dropout: rate after attention and after the MLP, in [0, 1).
        norm: "batch" folds away on export and loses least in int8; "layer" is the paper's; "rms"
            is the same without centring.
        attention: "softmax" is the paper's; "sigmoid" (arXiv:2409.04431) is faster in int8 on
            LiteRT and on Ethos-U.
        activation: one of `zoo.mlp.ACTIVATIONS`; LiteRT-Micro has all but gelu.

    Returns:
        A functional model, `(batch, height, width, channels)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.
    """
    shape = check_shapes("vit", input_shape, num_outputs)
    patch = patch_size if patch_size is not None else default_patch_size(shape)
    size("patch_size", patch, 1)
    check_encoder(width, depth, heads, mlp_ratio, norm, attention)
    in_range("dropout", dropout, 0, 1)
    one_of("activation", activation, ACTIVATIONS)
    if max(shape[:2]) <= patch:
        raise UserError(
            f"patch_size={patch} makes one patch of a {shape[0]}x{shape[1]} image; attention needs "
            "at least two. Use a smaller patch_size or larger images."
        )

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    x = _patches(x, patch)  # (B, tokens, patch * patch * channels)
    x = layers.Dense(width, name="embed")(x)  # (B, tokens, width)
    x = PositionEmbedding(name="position")(x)
    for _ in range(depth):
        x = encoder_block(x, heads, mlp_ratio, dropout, norm, attention, activation)
    x = layers.GlobalAveragePooling1D(data_format="channels_last")(normed(x, norm))  # (B, width)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="vit")


def default_patch_size(shape: tuple[int, ...]) -> int:
    """Return the patch side that gives about 64 patches: an eighth of the mean side, >= 2."""
    return max(2, round(math.sqrt(shape[0] * shape[1]) / 8))


def _patches(x: Any, patch: int) -> Any:
    _, height, width, channels = x.shape
    pad_height, pad_width = -height % patch, -width % patch
    if pad_height or pad_width:
        padding = ((0, pad_height), (0, pad_width))
        x = layers.ZeroPadding2D(padding, data_format="channels_last")(x)
    rows, columns = (height + pad_height) // patch, (width + pad_width) // patch
    x = layers.Reshape((rows, patch, columns, patch * channels))(x)
    x = layers.Permute((1, 3, 2, 4))(x)  # (B, rows, columns, patch, patch * channels)
    return layers.Reshape((rows * columns, patch * patch * channels))(x)
