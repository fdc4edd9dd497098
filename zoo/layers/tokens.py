"""Layers for tokens: positions, attention among tokens, and pooling over them."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.layers.inputs import register


@register
class PositionEmbedding(keras.layers.Layer):
    """Add one learned vector to each token (Dosovitskiy et al. 2021, arXiv:2010.11929, eq. 1).

    Weights of another grid of tokens are resized when they are loaded.

    Args:
        grid: (rows, columns) of the tokens of an image, whose order is row by row; None: a line.

    Input and output shape: `(batch, tokens, width)`.
    """

    def __init__(self, grid: Sequence[int] | None = None, **layer_arguments: Any) -> None:
        super().__init__(**layer_arguments)
        self.grid = None if grid is None else tuple(grid)

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.embedding = self.add_weight(
            name="embedding",
            shape=(*(self.grid or input_shape[1:2]), input_shape[2]),
            initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        )

    def call(self, x: Any) -> Any:
        return x + ops.reshape(self.embedding, x.shape[1:])

    def load_own_variables(self, store: Any) -> None:
        """Load the vectors, resized to this grid if they were saved with another."""
        stored, shape = np.asarray(store["0"]), tuple(self.embedding.shape)
        if stored.ndim == 2 and stored.size == math.prod(shape):
            stored = stored.reshape(shape)  # until 0.3 the file did not have the grid
        self.embedding.assign(resize_positions(stored, shape[:-1]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "grid": self.grid}


def resize_positions(positions: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Return position vectors for another grid of tokens, interpolated linearly between centers.

    For images of another size (Dosovitskiy et al. 2021, arXiv:2010.11929, section 3.2).

    Args:
        positions: (rows, columns, width), or (tokens, width) of a line.
        grid: (rows, columns), or (tokens,), that is wanted; the same gives `positions` back.
    """
    if positions.shape[:-1] == grid:
        return positions
    line = (1,) * (3 - positions.ndim)
    image = positions.reshape(*line, *positions.shape)
    resized = ops.image.resize(
        image, (*line, *grid), interpolation="bilinear", data_format="channels_last"
    )
    return np.asarray(ops.convert_to_numpy(resized)).reshape(*grid, positions.shape[-1])


@register
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention (Vaswani et al. 2017, arXiv:1706.03762) from plain ops.

    1/sqrt(head size) is folded into the query's initial weights, as in T5 (Raffel et al. 2020,
    section 2.1), which saves a MUL in the integer graph.

    Args:
        heads: number of heads; must divide the input's width.
        attention: "softmax", or "sigmoid" of the scores less the logarithm of the number of tokens
            (Ramapuram et al. 2024, arXiv:2409.04431).
        qkv_bias: whether query, key and value have a bias.

    Input and output shape: `(batch, tokens, width)`.
    """

    def __init__(
        self,
        heads: int,
        attention: str = "softmax",
        qkv_bias: bool = True,
        **layer_arguments: Any,
    ) -> None:
        super().__init__(**layer_arguments)
        self.heads, self.attention, self.qkv_bias = heads, attention, qkv_bias

    def build(self, input_shape: tuple[Any, ...]) -> None:
        _, self.tokens, self.width = input_shape
        self.head_width = self.width // self.heads
        scaled = keras.initializers.VarianceScaling(1.0 / self.head_width, "fan_avg", "uniform")
        bias = self.qkv_bias
        self.query = keras.layers.Dense(
            self.width, use_bias=bias, kernel_initializer=scaled, name="query"
        )
        self.key = keras.layers.Dense(self.width, use_bias=bias, name="key")
        self.value = keras.layers.Dense(self.width, use_bias=bias, name="value")
        self.project = keras.layers.Dense(self.width, name="project")
        for dense in (self.query, self.key, self.value, self.project):
            dense.build(input_shape)

    def _split(self, x: Any, order: tuple[int, ...]) -> Any:
        x = ops.reshape(x, (-1, self.tokens, self.heads, self.head_width))
        return ops.transpose(x, order)

    def shift(self) -> float | None:
        """Return the offset that sigmoid attention adds to the scores; None for softmax."""
        return None if self.attention == "softmax" else -math.log(self.tokens)

    def call(self, x: Any) -> Any:
        query = self._split(self.query(x), (0, 2, 1, 3))  # (B, heads, tokens, head width)
        key = self._split(self.key(x), (0, 2, 3, 1))  # (B, heads, head width, tokens)
        value = self._split(self.value(x), (0, 2, 1, 3))  # (B, heads, tokens, head width)
        scores = ops.matmul(query, key)  # (B, heads, tokens, tokens)
        shift = self.shift()
        weights = ops.softmax(scores, axis=-1) if shift is None else ops.sigmoid(scores + shift)
        mixed = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return self.project(ops.reshape(mixed, (-1, self.tokens, self.width)))  # (B, tokens, width)

    def get_config(self) -> dict[str, Any]:
        own = {"heads": self.heads, "attention": self.attention, "qkv_bias": self.qkv_bias}
        return {**super().get_config(), **own}


@register
class SequencePooling(keras.layers.Layer):
    """Weighted average of the tokens: softmax(dense(x)) over the tokens, times x.

    Hassani et al. 2021 (arXiv:2104.05704, section 3.2). The weights begin nearly equal, as theirs
    do. int8 gives each a step of 1/256: of more than about 100 tokens most would count nothing.

    Input shape: `(batch, tokens, width)`. Output shape: `(batch, width)`.
    """

    def build(self, input_shape: tuple[Any, ...]) -> None:
        _, self.tokens, self.width = input_shape
        small = keras.initializers.TruncatedNormal(stddev=0.02)
        self.score = keras.layers.Dense(1, kernel_initializer=small, name="score")
        self.score.build(input_shape)

    def call(self, x: Any) -> Any:
        scores = ops.reshape(self.score(x), (-1, 1, self.tokens))  # (B, 1, tokens)
        pooled = ops.matmul(ops.softmax(scores, axis=-1), x)  # (B, 1, width)
        return ops.reshape(pooled, (-1, self.width))
