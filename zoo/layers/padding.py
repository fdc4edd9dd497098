"""Layers for padded sequences: token embedding and masks.

Rows are padded in front (`zoo.data.lengths`, `zoo.data.text`). A mask is 1 on steps and 0 on
padding, also in int8; values on padding are multiplied by it, and states are held where it is 0, so
that padding does not count.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.layers.inputs import register

PADDING = 0  # token id


@register
class TokenEmbedding(keras.layers.Layer):
    """An embedding of token ids; the vector of the padding id is always zero.

    An integer GATHER from an int8 table. Ids outside the table are the host's to clip.

    Args:
        words: rows of the table, including padding and unknown tokens.
        width: size of a vector.

    Input shape: `(batch, length)`, integers 0..words-1. Output: `(batch, length, width)`.
    """

    def __init__(self, words: int, width: int, **layer_arguments: Any) -> None:
        super().__init__(**layer_arguments)
        self.words, self.width = words, width

    def build(self, input_shape: tuple[Any, ...]) -> None:
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.words, self.width),
            initializer=keras.initializers.RandomNormal(stddev=self.width**-0.5),  # of length 1
        )

    def call(self, ids: Any) -> Any:
        return ops.take(without_padding(self.embeddings), ops.cast(ids, "int32"), axis=0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "words": self.words, "width": self.width}


def without_padding(table: Any) -> Any:
    """Return an embedding table, (words, width), with its first row set to zero."""
    return ops.concatenate([ops.zeros_like(table[:1]), table[1:]], axis=0)


@register
class TokenMask(keras.layers.Layer):
    """1 where there is a token, 0 where there is padding.

    Args:
        words: vocabulary size; the int8 file looks the mask up in a table.

    Input shape: `(batch, length)`, token ids. Output: `(batch, length, 1)`.
    """

    def __init__(self, words: int, **layer_arguments: Any) -> None:
        super().__init__(**layer_arguments)
        self.words = words

    def call(self, ids: Any) -> Any:
        return ops.expand_dims(ops.cast(ops.not_equal(ids, PADDING), self.compute_dtype), -1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "words": self.words}


@register
class StepMask(keras.layers.Layer):
    """1 on steps and 0 on padding, from the last feature, which is larger on steps.

    It is `clip(gain * x + shift, 0, 1)` of that feature, steep enough that int8 gives 0 and 1 too,
    and 1/2 not far below a step: int8 may cut off what is far away.

    Input shape: `(batch, steps, features)`. Output: `(batch, steps, 1)`.
    """

    STEEPNESS = 8.0  # from 1/2 to the value of a step
    FARTHEST = 1.0  # of that value from 1/2, in standard deviations

    def build(self, input_shape: tuple[Any, ...]) -> None:
        self.features = input_shape[-1]
        start = keras.initializers.Constant(2 * self.STEEPNESS)
        self.gain = self.add_weight(name="mask_gain", shape=(), initializer=start, trainable=False)
        start = keras.initializers.Constant(-self.STEEPNESS)
        self.shift = self.add_weight(
            name="mask_shift", shape=(), initializer=start, trainable=False
        )

    def adapt(self, rows: np.ndarray) -> None:
        """Set gain and shift from `rows`, of shape (rows, steps, features): training rows only."""
        low, high = float(rows[..., -1].min()), float(rows[..., -1].max())
        if low == high:  # no row has padding
            low = high - 1.0
        half = min((high - low) / 2, self.FARTHEST)
        gain = self.STEEPNESS / half
        self.gain.assign(gain)
        self.shift.assign(-gain * (high - half))

    def call(self, x: Any) -> Any:
        return ops.clip(x[..., -1:] * self.gain + self.shift, 0.0, 1.0)
