"""Transformer: an encoder over a sequence; long sequences become tokens of several steps.

Vaswani et al. 2017 (arXiv:1706.03762) as an encoder of time series: Zerveas et al. 2021
(arXiv:2010.02803), with learned positions and batch norm; steps are put together as in Nie et al.
2023 (arXiv:2211.14730, section 3.1), and tokens averaged.
"""

from typing import Any

import keras
from keras import layers

from zoo.checks import UserError, in_range, one_of, size
from zoo.layers.inputs import Standardize
from zoo.layers.tokens import PositionEmbedding
from zoo.models.encoder import check_encoder, encoder_block, normed
from zoo.models.mlp import ACTIVATIONS
from zoo.models.shapes import check_shapes
from zoo.models.steps import as_image

MOST_TOKENS, FEWEST_TOKENS = 100, 32  # with the default span


def Transformer(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    span: int | None = None,
    width: int = 64,
    depth: int = 3,
    heads: int = 4,
    mlp_ratio: int = 2,
    dropout: float = 0.0,
    norm: str = "batch",
    attention: str = "softmax",
    activation: str = "relu",
) -> keras.Model:
    """Build a transformer encoder: tokens, position, `depth` encoder blocks, average, dense.

    Args:
        input_shape: `(steps, features)`, both fixed; zero-padded to whole tokens.
        num_outputs: classes, or regression targets; at least 1.
        span: steps of a token. None gives at most 100 tokens: int8 softmax has steps of 1/256, so
            the weights of more of them vanish.
        width: token size.
        depth: number of encoder blocks.
        heads: attention heads; must divide `width`.
        mlp_ratio: hidden size of the block's MLP, in multiples of `width`.
        dropout: rate after attention and after the MLP, in [0, 1).
        norm: "batch" folds away on export; or "layer", or "rms".
        attention: "softmax", or "sigmoid" (arXiv:2409.04431), which is faster in int8.
        activation: one of `zoo.models.mlp.ACTIVATIONS`; LiteRT-Micro has all but gelu.

    Returns:
        A functional model, `(batch, steps, features)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.Transformer((100, 6), 4, width=32, depth=2)
        >>> model.output_shape
        (None, 4)
    """
    shape = check_shapes("transformer", input_shape, num_outputs)
    span = default_span(shape[0]) if span is None else span
    size("span", span, 1)
    check_encoder(width, depth, heads, mlp_ratio, norm, attention)
    in_range("dropout", dropout, 0, 1)
    one_of("activation", activation, ACTIVATIONS)
    if shape[0] <= span:
        raise UserError(
            f"span={span} makes one token of {shape[0]} steps; attention needs at least two. Use a "
            "smaller span or longer sequences."
        )

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    x = _tokens(x, span)  # (B, tokens, span * features)
    x = layers.Dense(width, name="embed")(x)  # (B, tokens, width)
    x = PositionEmbedding(name="position")(x)
    for _ in range(depth):
        x = encoder_block(x, heads, mlp_ratio, dropout, norm, attention, activation)
    x = layers.GlobalAveragePooling1D(data_format="channels_last")(normed(x, norm))  # (B, width)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="transformer")


def default_span(steps: int) -> int:
    """Return the steps of a token: the fewest that divide the sequence into 32 to 100 tokens.

    Where there is no such number, one that makes about 64; 1 of up to 100 steps.
    """
    fewest = -(-steps // MOST_TOKENS)
    fitting = [n for n in range(fewest, steps // FEWEST_TOKENS + 1) if steps % n == 0]
    return fitting[0] if fitting else max(fewest, round(steps / 64))


def _tokens(x: Any, span: int) -> Any:
    _, steps, features = x.shape
    pad = -steps % span
    if pad:
        padding = ((0, 0), (0, pad))
        x = layers.ZeroPadding2D(padding, data_format="channels_last")(as_image(x))
    if pad or span > 1:
        x = layers.Reshape(((steps + pad) // span, span * features))(x)
    return x
