"""Text models: token ids, an embedding, and a body that padding does not reach.

Rows are token ids padded in front, as `zoo.data.text` makes them. The amount of padding never
changes an output, in float or in int8: a recurrent layer holds its state on it, the maximum over a
convolution ignores it, and in a transformer it is multiplied by zero wherever it would count.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from zoo.checks import UserError, at_least, flag, in_range, one_of, size
from zoo.layers.inputs import dropped
from zoo.layers.padding import TokenEmbedding, TokenMask
from zoo.layers.tokens import PositionEmbedding
from zoo.models.encoder import check_encoder, encoder_block, normed
from zoo.models.gru import CELLS
from zoo.models.mlp import ACTIVATIONS
from zoo.models.steps import as_image, norm_relu

MOST_WORDS = 1 << 16


def TextGRU(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    words: int = 2000,
    width: int = 32,
    cell: str = "gru",
    units: int = 48,
    bidirectional: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Build a recurrent layer over token embeddings, whose last states feed a dense layer.

    Args:
        input_shape: `(length,)`, token ids of a text.
        num_outputs: classes, or regression targets; at least 1.
        words: vocabulary size, including padding (0) and unknown tokens (1).
        width: size of a token's vector.
        cell: "gru" (Cho et al. 2014, arXiv:1406.1078) or "lstm".
        units: state size, in each direction.
        bidirectional: read the text from both ends (Schuster and Paliwal 1997).
        dropout: rate on the vectors and before the dense layer, in [0, 1).

    Returns:
        A functional model, integer `(batch, length)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.TextGRU((40,), 2, words=1000, units=24)
        >>> model.output_shape
        (None, 2)
    """
    one_of("cell", cell, CELLS)
    size("units", units, 1)
    flag("bidirectional", bidirectional)
    in_range("dropout", dropout, 0, 1)

    ids, x = _embedded("text_gru", input_shape, num_outputs, words, width)  # (B, length, width)
    x = dropped(x, dropout)
    recurrent = CELLS[cell](units)
    if bidirectional:
        recurrent = layers.Bidirectional(recurrent)
    x = recurrent(x, mask=TokenMask(words, name="mask")(ids))  # (B, units), twice if both ways
    x = dropped(x, dropout)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(ids, outputs, name="text_gru")


def TextCNN(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    words: int = 2000,
    width: int = 32,
    filters: int = 32,
    kernels: Sequence[int] = (3, 4, 5),
    dropout: float = 0.0,
) -> keras.Model:
    """Build parallel convolutions of several lengths, each followed by its maximum over the text.

    Kim 2014 (arXiv:1408.5882, figure 1), one channel, with batch norm. Zeros on both sides
    let every filter see every part of a text, and only zeros, however much padding there is.

    Args:
        input_shape: `(length,)`, token ids of a text.
        num_outputs: classes, or regression targets; at least 1.
        words: vocabulary size, including padding (0) and unknown tokens (1).
        width: size of a token's vector.
        filters: of each length.
        kernels: tokens that a filter sees at once, of each length.
        dropout: rate before the dense layer, in [0, 1).

    Returns:
        A functional model, integer `(batch, length)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.TextCNN((40,), 2, words=1000, kernels=(2, 3))
        >>> ids = np.random.randint(1, 1000, (5, 40))
        >>> model.predict(ids, verbose=0).shape
        (5, 2)
    """
    size("filters", filters, 1)
    if isinstance(kernels, int | str) or not kernels:
        raise UserError(f"kernels must be a list of lengths, like [3, 4, 5]; got {kernels!r}.")
    for length in kernels:
        size("kernels", length, 1)
    in_range("dropout", dropout, 0, 1)

    ids, x = _embedded("text_cnn", input_shape, num_outputs, words, width)  # (B, length, width)
    longest = max(kernels)
    x = layers.ZeroPadding2D(((0, 0), (longest, longest - 1)), data_format="channels_last")(
        as_image(x)
    )
    found = [_largest(x, filters, length) for length in kernels]  # each (B, 1, 1, filters)
    x = layers.Concatenate()(found) if len(found) > 1 else found[0]
    x = layers.Flatten(data_format="channels_last")(x)  # (B, filters of all lengths)
    x = dropped(x, dropout)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(ids, outputs, name="text_cnn")


def TextTransformer(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    words: int = 2000,
    width: int = 32,
    depth: int = 2,
    heads: int = 4,
    mlp_ratio: int = 2,
    dropout: float = 0.0,
    norm: str = "batch",
    activation: str = "relu",
) -> keras.Model:
    """Build a transformer encoder over token embeddings, and the maximum of each feature.

    Vaswani et al. 2017 (arXiv:1706.03762) with sigmoid attention (arXiv:2409.04431), whose weights
    need not sum to one: tokens multiplied by zero are not there. The mean is replaced by the
    maximum for the same reason.

    Args:
        input_shape: `(length,)`, token ids of a text.
        num_outputs: classes, or regression targets; at least 1.
        words: vocabulary size, including padding (0) and unknown tokens (1).
        width: size of a token's vector.
        depth: number of encoder blocks.
        heads: attention heads; must divide `width`.
        mlp_ratio: hidden size of the block's MLP, in multiples of `width`.
        dropout: rate after attention, after the MLP and before the dense layer, in [0, 1).
        norm: "batch" folds away on export; or "layer", or "rms".
        activation: one of `zoo.models.mlp.ACTIVATIONS`; LiteRT-Micro has all but gelu.

    Returns:
        A functional model, integer `(batch, length)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.TextTransformer((40,), 2, words=1000, depth=1)
        >>> model.output_shape
        (None, 2)
    """
    check_encoder(width, depth, heads, mlp_ratio, norm, "sigmoid")
    in_range("dropout", dropout, 0, 1)
    one_of("activation", activation, ACTIVATIONS)

    ids, x = _embedded("text_transformer", input_shape, num_outputs, words, width)
    mask = TokenMask(words, name="mask")(ids)  # (B, length, 1)
    x = PositionEmbedding(name="position")(x)  # (B, length, width)
    for _ in range(depth):
        x = encoder_block(
            x, heads, mlp_ratio, dropout, norm, "sigmoid", activation, qkv_bias=False, mask=mask
        )
    x = layers.Multiply()([layers.Activation("relu")(normed(x, norm)), mask])
    x = _over_all(as_image(x))
    x = dropped(layers.Flatten(data_format="channels_last")(x), dropout)  # (B, width)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(ids, outputs, name="text_transformer")


def _embedded(
    family: str, input_shape: tuple[int, ...], num_outputs: int, words: int, width: int
) -> tuple[Any, Any]:
    """Return the token ids, (B, length), and their embeddings, (B, length, width)."""
    shape = tuple(int(size) for size in input_shape)
    at_least("num_outputs", num_outputs, 1)
    if len(shape) != 1 or shape[0] < 2:
        raise UserError(
            f"{family.upper()} takes texts as token ids (length,), at least two of them, but these "
            f"rows have shape {shape}. Give texts, or use another family."
        )
    at_least("words", words, 3)
    if words > MOST_WORDS:
        raise UserError(f"words must be at most {MOST_WORDS}; got {words}.")
    size("width", width, 1)
    ids = keras.Input(shape, dtype="int32", name="input")
    return ids, TokenEmbedding(words, width, name="embedding")(ids)


def _largest(x: Any, filters: int, length: int) -> Any:
    """Convolve with filters of one length and return the maximum of each: (B, 1, 1, filters)."""
    found = layers.Conv2D(filters, (1, length), use_bias=False, data_format="channels_last")(x)
    return _over_all(norm_relu(found))


def _over_all(x: Any) -> Any:
    """Return the maximum of each feature of an image of height 1."""
    return layers.MaxPooling2D((1, x.shape[2]), data_format="channels_last")(x)
