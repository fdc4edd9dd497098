"""ViT: the vision transformer and the compact convolutional one, in integer-only forms.

Dosovitskiy et al. 2021 (arXiv:2010.11929, figure 1) with global average pooling in place of the
class token (Beyer et al. 2022, arXiv:2205.01580). The patch embedding is a reshape and a dense
layer: equal to the strided convolution and faster in int8. Compact: CCT, Hassani et al. 2021
(arXiv:2104.05704, figure 2), with a convolutional stem and sequence pooling; the blocks are the
same here, whereas SHI-Labs/Compact-Transformers adds the MLP to the output of the second norm.
"""

import math
from typing import Any

import keras
from keras import layers

from zoo.checks import UserError, flag, in_range, one_of, size
from zoo.layers.inputs import Standardize
from zoo.layers.tokens import PositionEmbedding, SequencePooling
from zoo.models.encoder import check_encoder, encoder_block, normed
from zoo.models.mlp import ACTIVATIONS
from zoo.models.shapes import check_shapes

STEMS = ("patch", "conv")
POOLS = ("average", "sequence")


def ViT(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    stem: str = "patch",
    patch_size: int | None = None,
    stem_layers: int | None = None,
    width: int = 64,
    depth: int = 4,
    heads: int = 4,
    mlp_ratio: int = 2,
    dropout: float = 0.0,
    drop_path: float = 0.0,
    norm: str = "batch",
    attention: str = "softmax",
    qkv_bias: bool = True,
    pool: str = "average",
    activation: str = "relu",
) -> keras.Model:
    """Build a vision transformer: stem, position, `depth` encoder blocks, pooling, dense.

    Args:
        input_shape: `(height, width, channels)`.
        num_outputs: classes, or regression targets; at least 1.
        stem: "patch" makes a token of each square; "conv" (CCT) of each pixel that convolutions
            and pooling leave.
        patch_size: of the patch stem: side of a square in pixels; the image is zero-padded to whole
            ones. None gives about 64 (at least 2x2 pixels each): int8 softmax has steps of 1/256,
            so more tokens than about 100 vanish.
        stem_layers: of the convolutional stem: 3x3 convolutions with a pooling that halves the
            image, of `width` channels the last one and half as many the others; before a single
            one goes another, without pooling. None leaves about 8x8 tokens, as CCT-2/3x2 has.
        width: token size.
        depth: number of encoder blocks.
        heads: attention heads; must divide `width`.
        mlp_ratio: hidden size of the block's MLP, in multiples of `width`.
        dropout: rate after attention and after the MLP, in [0, 1).
        drop_path: share of the training rows for which the last block is left out, in [0, 1); it
            grows linearly from block to block.
        norm: "batch" folds away on export and loses least in int8; "layer" is the paper's; "rms"
            is the same without centering.
        attention: "softmax" is the paper's; "sigmoid" (arXiv:2409.04431) is faster in int8 on
            LiteRT and on Ethos-U.
        qkv_bias: whether query, key and value have a bias; CCT's have none.
        pool: of the tokens: "average", or "sequence" (CCT), which weighs them by a learned score.
        activation: one of `zoo.models.mlp.ACTIVATIONS`; LiteRT-Micro has all but gelu.

    Returns:
        A functional model, `(batch, height, width, channels)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.ViT((32, 32, 3), 10, patch_size=4, depth=2)
        >>> model.output_shape
        (None, 10)
    """
    shape = check_shapes("vit", input_shape, num_outputs)
    check_encoder(width, depth, heads, mlp_ratio, norm, attention)
    in_range("dropout", dropout, 0, 1)
    in_range("drop_path", drop_path, 0, 1)
    flag("qkv_bias", qkv_bias)
    one_of("pool", pool, POOLS)
    one_of("activation", activation, ACTIVATIONS)
    amount = _stem_amount(shape, stem, patch_size, stem_layers)

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    if stem == "conv":
        x, grid = _convolutions(x, width, amount, activation)
    else:
        grid = tuple(-(-side // amount) for side in shape[:2])
        x = _patches(x, amount)  # (B, tokens, patch * patch * channels)
        x = layers.Dense(width, name="embed")(x)  # (B, tokens, width)
    x = PositionEmbedding(grid, name="position")(x)
    for number in range(depth):
        drop = drop_path * (number + 1) / depth
        x = encoder_block(x, heads, mlp_ratio, dropout, norm, attention, activation, drop, qkv_bias)
    x = _pool(normed(x, norm), pool)  # (B, width)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="vit")


def _stem_amount(
    shape: tuple[int, ...], stem: str, patch_size: int | None, stem_layers: int | None
) -> int:
    """Check the arguments of the stem and return the patch side, or the number of layers."""
    one_of("stem", stem, STEMS)
    if stem == "conv":
        argument, other, meaningless = "stem_layers", "patch_size", patch_size is not None
        amount = default_stem_layers(shape) if stem_layers is None else stem_layers
    else:
        argument, other, meaningless = "patch_size", "stem_layers", stem_layers is not None
        amount = default_patch_size(shape) if patch_size is None else patch_size
    if meaningless:
        raise UserError(f"{other} has no meaning with stem={stem!r}; set {argument} instead.")
    size(argument, amount, 1)
    if max(shape[:2]) <= (2**amount if stem == "conv" else amount):
        raise UserError(
            f"{argument}={amount} makes one patch of a {shape[0]}x{shape[1]} image; attention "
            f"needs at least two. Use a smaller {argument} or larger images."
        )
    return amount


def default_stem_layers(shape: tuple[int, ...]) -> int:
    """Return the layers of a convolutional stem that leave about 8x8 tokens, at least one."""
    return max(1, round(math.log2(math.sqrt(shape[0] * shape[1]) / 8)))


def _convolutions(x: Any, width: int, count: int, activation: str) -> tuple[Any, tuple[int, ...]]:
    """Return tokens, (B, tokens, width), and their grid: convolution, activation, pooling.

    At least two convolutions: with a single one, small images (for which one pooling leaves enough
    tokens) are classified far worse.
    """
    convolutions = max(2, count)
    for number in range(convolutions, 0, -1):  # (B, H, W, filters), H and W halved `count` times
        x = layers.Conv2D(
            width if number == 1 else max(1, width // 2),
            3,
            padding="same",
            data_format="channels_last",
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)
        x = layers.Activation(activation)(x)
        if number <= count:
            x = layers.MaxPooling2D(3, 2, padding="same", data_format="channels_last")(x)
    rows, columns = x.shape[1:3]
    return layers.Reshape((rows * columns, width))(x), (rows, columns)


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


def _pool(x: Any, pool: str) -> Any:
    if pool == "sequence":
        return SequencePooling(name="pool")(x)
    return layers.GlobalAveragePooling1D(data_format="channels_last")(x)
