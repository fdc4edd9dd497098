"""Input layers that Keras lacks, or that do not quantize to int8 as shipped.

Each lowers to operators with int8 kernels in LiteRT and LiteRT-Micro. None needs `safe_mode=False`.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

WHOLE = 2**25  # values whose statistics are computed at once
register = keras.saving.register_keras_serializable(package="zoo")


def count_parameters(model: keras.Model) -> int:
    """Return the number of weights as papers count them: without `Standardize`.

    Its weights are measured on the rows, like the mean image in papers, not learned. BatchNorm's
    moving statistics count, as in Keras' summary.
    """
    standardize = [layer for layer in model.layers if isinstance(layer, Standardize)]
    return int(model.count_params() - sum(layer.count_params() for layer in standardize))


def batch_norm(x: Any) -> Any:
    """Batch normalization with moving averages that converge within a short training."""
    return keras.layers.BatchNormalization(momentum=0.9)(x)


def dropped(x: Any, rate: float) -> Any:
    """Dropout; at rate 0 no layer, because even an idle one takes time."""
    return keras.layers.Dropout(rate)(x) if rate else x


def drop_path_layer(x: Any, rate: float) -> Any:
    """Drop a whole branch for a share of the training rows, with a stock Dropout layer.

    Stochastic depth (Huang et al. 2016, arXiv:1603.09382). x: (batch, ...).
    """
    if not rate:
        return x
    per_row = (None, *(1 for _ in x.shape[1:]))
    return keras.layers.Dropout(rate, noise_shape=per_row)(x)


@register
class Standardize(keras.layers.Layer):
    """Scale each feature (last axis) to mean 0 and standard deviation 1: `x * scale + offset`.

    Unlike `keras.layers.Normalization` it leaves a feature that is constant in the training rows
    unscaled (there it divides by 1e-7), keeps both vectors as plain weights, so that `set_weights`
    is enough, and lowers to one MUL and one ADD.

    Args:
        robust: scale each feature, ignoring outliers, to -1..1 instead.

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
        values = rows.reshape(-1, rows.shape[-1])
        middle, unit = _bulk(values.astype("float64")) if self.robust else _moments(values)
        constant = unit <= 1e-6 * np.abs(middle)
        unit = np.where(constant, 1.0, unit)
        self.scale.assign(1.0 / unit)
        self.offset.assign(-middle / unit)

    def call(self, x: Any) -> Any:
        return x * self.scale + self.offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "robust": self.robust}


@register
class Pixels(Standardize):
    """Scale pixels of any range to 0..255, the input of networks pretrained on photographs.

    White is 1 where no training pixel is brighter, 255 where none is brighter and some are at least
    half as bright, else the brightest; black is 0, or the darkest where pixels are negative.

    Input and output shape: `(batch, height, width, channels)`.
    """

    def adapt(self, rows: np.ndarray) -> None:
        """Set scale and offset from `rows`, (rows, height, width, channels): training rows only."""
        black, white = min(float(rows.min()), 0.0), float(rows.max())
        if black == 0:
            white = 1.0 if white <= 1 else 255.0 if 128 <= white <= 255 else white
        unit = 255.0 / (white - black)
        self.scale.assign(np.full(self.scale.shape, unit))
        self.offset.assign(np.full(self.offset.shape, -black * unit))


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each feature of (rows, features), in float64."""
    if values.size <= WHOLE:
        whole = values.astype("float64")
        return whole.mean(axis=0), whole.std(axis=0)
    parts = np.array_split(values, -(-values.size // WHOLE))  # large ones are not copied whole
    mean = sum(part.sum(axis=0, dtype="float64") for part in parts) / len(values)
    squares = sum(((part - mean) ** 2).sum(axis=0) for part in parts)
    return mean, np.sqrt(squares / len(values))


def _bulk(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return center and half-width of each feature of (rows, features), ignoring outliers.

    From percentile 0.5 to 99.5, at most six interquartile ranges from the median (RealMLP bends
    from three on, arXiv:2407.04491, section 3); the whole range where nearly all rows are equal.
    """
    points = np.percentile(values, [0, 0.5, 25, 50, 75, 99.5, 100], axis=0)
    least, low, quarter, median, three_quarters, high, most = points
    reach = 6 * (three_quarters - quarter)
    reach[reach == 0] = np.inf  # a feature with mostly one value: its quartiles say nothing
    low, high = np.maximum(low, median - reach), np.minimum(high, median + reach)
    empty = high - low <= 1e-6 * np.abs(median)
    low, high = np.where(empty, least, low), np.where(empty, most, high)
    return (low + high) / 2, (high - low) / 2


@register
class LayerNormalization(keras.layers.Layer):
    """Layer normalization over the last axis (Ba et al. 2016, arXiv:1607.06450), written out.

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
        centered = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(centered * centered, axis=-1, keepdims=True)
        return centered * ops.rsqrt(variance + self.EPSILON) * self.gamma + self.beta


@register
class RMSNormalization(keras.layers.Layer):
    """RMS normalization over the last axis (Zhang and Sennrich 2019, arXiv:1910.07467).

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
