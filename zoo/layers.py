"""The layers that Keras lacks, or that do not quantize to int8 as shipped.

Each lowers to operators with int8 kernels in LiteRT and LiteRT-Micro. None needs `safe_mode=False`.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

register = keras.saving.register_keras_serializable(package="zoo")


def count_parameters(model: keras.Model) -> int:
    """Return the number of weights as papers count them: without those of `Standardize`.

    They are measured on the rows, as the mean image is in papers, not learned. BatchNorm's moving
    statistics count, as in Keras' summary.
    """
    standardize = [layer for layer in model.layers if isinstance(layer, Standardize)]
    return int(model.count_params() - sum(layer.count_params() for layer in standardize))


def drop_path_layer(x: Any, rate: float) -> Any:
    """Leave a whole branch out for a share of the training rows, by a stock Dropout layer.

    Stochastic depth (Huang et al. 2016, arXiv:1603.09382). x: (batch, ...).
    """
    if not rate:
        return x
    one_a_row = (None, *(1 for _ in x.shape[1:]))
    return keras.layers.Dropout(rate, noise_shape=one_a_row)(x)


@register
class Standardize(keras.layers.Layer):
    """Bring each feature (last axis) to mean 0 and standard deviation 1: `x * scale + offset`.

    Unlike `keras.layers.Normalization` it leaves a feature that is constant in the training rows
    unscaled (there it divides by 1e-7), keeps both vectors as plain weights, so that `set_weights`
    is enough, and lowers to one MUL and one ADD.

    Args:
        robust: bring each feature without its outliers to -1..1 instead.

    Input and output shape: `(batch, ..., features)`.
    """

    def __init__(self, robust: bool = False, **layer_arguments: Any) -> None:
        super().__init__(**layer_arguments)
        self.robust = robust

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (input_shape[-1],)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", trainable=False)
        self.offset = self.add_weight(
            name="offset", shape=shape, initializer="zeros", trainable=False
        )

    def adapt(self, rows: np.ndarray) -> None:
        """Set scale and offset from `rows`, of shape (rows, ..., features): training rows only."""
        values = rows.reshape(-1, rows.shape[-1]).astype("float64")
        middle, unit = _bulk(values) if self.robust else (values.mean(axis=0), values.std(axis=0))
        constant = unit <= 1e-6 * np.abs(middle)
        unit = np.where(constant, 1.0, unit)
        self.scale.assign(1.0 / unit)
        self.offset.assign(-middle / unit)

    def call(self, x: Any) -> Any:
        return x * self.scale + self.offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "robust": self.robust}


def _bulk(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle and half the width of each feature, of (rows, features), without outliers.

    From percentile 0.5 to 99.5, at most six interquartile ranges from the median (RealMLP bends
    from three on, arXiv:2407.04491, section 3); the whole range where nearly all rows are equal.
    """
    points = np.percentile(values, [0, 0.5, 25, 50, 75, 99.5, 100], axis=0)
    least, low, quarter, median, three_quarters, high, most = points
    reach = 6 * (three_quarters - quarter)
    reach[reach == 0] = np.inf  # a feature that mostly is one value says nothing of its spread
    low, high = np.maximum(low, median - reach), np.minimum(high, median + reach)
    empty = high - low <= 1e-6 * np.abs(median)
    low, high = np.where(empty, least, low), np.where(empty, most, high)
    return (low + high) / 2, (high - low) / 2


@register
class LayerNormalization(keras.layers.Layer):
    """Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450), written out.

    The stock layer lowers `-mean * inv` to NEG, which has no int8 kernel and leaves float islands.
    The square is a MUL because SQUARED_DIFFERENCE is slow in LiteRT; epsilon is large enough to
    survive 8 bits.

    Input and output shape: `(batch, ..., features)`.
    """

    EPSILON = 1e-3

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")

    def call(self, x: Any) -> Any:
        centred = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(centred * centred, axis=-1, keepdims=True)
        return centred * ops.rsqrt(variance + self.EPSILON) * self.gamma + self.beta


@register
class RMSNormalization(keras.layers.Layer):
    """RMS normalisation over the last axis (Zhang and Sennrich 2019, arXiv:1910.07467).

    Written out for the same reasons as `LayerNormalization`.

    Input and output shape: `(batch, ..., features)`.
    """

    EPSILON = 1e-3

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")

    def call(self, x: Any) -> Any:
        square = ops.mean(x * x, axis=-1, keepdims=True)
        return x * ops.rsqrt(square + self.EPSILON) * self.gamma


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
        """Load vectors; those of another grid are resized to this one."""
        stored, shape = np.asarray(store["0"]), tuple(self.embedding.shape)
        if stored.ndim == 2 and stored.size == math.prod(shape):
            stored = stored.reshape(shape)  # until 0.3 the file did not have the grid
        self.embedding.assign(resize_positions(stored, shape[:-1]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "grid": self.grid}


def resize_positions(positions: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Return position vectors for another grid of tokens, interpolated linearly between centres.

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
        """Return what sigmoid attention adds to the scores; None for softmax."""
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
