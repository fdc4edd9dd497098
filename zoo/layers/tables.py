"""Layers for tables: encodings of single features, and an ensemble with shared weights."""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.layers.inputs import register


@register
class PiecewiseLinear(keras.layers.Layer):
    """Piecewise-linear encoding of features (Gorishniy et al. 2022, arXiv:2203.05556, eq. 1).

    Each feature becomes `bins` numbers, the share of each bin that lies below it: 0 to 1. Written
    as `relu6(x @ kernel + bias) / 6`, with one weight in each column, which is one FULLY_CONNECTED.
    Unlike the paper's, the outermost bins end as well: what lies beyond -1..1 is cut off, as an
    int8 input does by itself. No bin is narrower than two steps of such an input.

    Args:
        bins: of each feature. Where it has fewer values, the bins left over are always 0.

    Input shape: `(batch, features)`, of which -1..1 matters. Output: `(batch, features * bins)`.
    """

    REACH = 1.0
    GRID = 64  # edges are multiples of 1/64; an int8 input from -1 to 1 has steps of 1/127.5

    def __init__(self, bins: int, **layer_arguments: Any) -> None:
        super().__init__(**layer_arguments)
        self.bins = bins
        self.use_bias, self.activation = True, keras.activations.relu6

    def build(self, input_shape: tuple[Any, ...]) -> None:
        shape = (input_shape[-1], self.bins)
        self.slope = self.add_weight(name="slope", shape=shape, initializer="ones", trainable=False)
        self.shift = self.add_weight(
            name="shift", shape=shape, initializer="zeros", trainable=False
        )

    def adapt(self, rows: np.ndarray) -> None:
        """Set the bins at the quantiles of `rows`, (rows, features): training rows only."""
        slope, shift = np.zeros(self.slope.shape), np.zeros(self.slope.shape)
        values = np.clip(rows.astype("float64"), -self.REACH, self.REACH)
        for feature, column in enumerate(values.T):
            edges = self._edges(column)
            used = slice(len(edges) - 1)
            slope[feature, used] = 6 / np.diff(edges)
            shift[feature, used] = -edges[:-1] * slope[feature, used]
        self.slope.assign(slope)
        self.shift.assign(shift)

    def _edges(self, values: np.ndarray) -> np.ndarray:
        edges = np.unique(values)
        if len(edges) > self.bins + 1:
            edges = np.quantile(values, np.linspace(0, 1, self.bins + 1))
        return np.unique(np.rint(edges * self.GRID) / self.GRID)

    @property
    def kernel(self) -> Any:
        """Kernel of the equivalent dense layer, (features, features * bins)."""
        features = self.slope.shape[0]
        spread = ops.expand_dims(ops.eye(features), 2) * self.slope
        return ops.reshape(spread, (features, features * self.bins))

    @property
    def bias(self) -> Any:
        """Bias of the equivalent dense layer, (features * bins,)."""
        return ops.reshape(self.shift, (-1,))

    def call(self, x: Any) -> Any:
        return self.activation(ops.matmul(x, self.kernel) + self.bias) * (1 / 6)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins}


@register
class Members(keras.layers.Layer):
    """Several copies of a row, each with its own gain on every feature (TabM-mini's first step).

    Gorishniy et al. 2024, arXiv:2410.24210, section 3.3: the members of an ensemble share all
    weights but these gains, which start as random signs, and their share of the last layer.

    Args:
        members: how many.

    Input shape: `(batch, features)`. Output shape: `(batch, members, features)`.
    """

    def __init__(self, members: int, **layer_arguments: Any) -> None:
        super().__init__(**layer_arguments)
        self.members = members

    def build(self, input_shape: tuple[Any, ...]) -> None:
        shape = (self.members, input_shape[-1])
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer=_signs)

    def call(self, x: Any) -> Any:
        return ops.expand_dims(x, 1) * self.gamma

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "members": self.members}


def _signs(shape: tuple[int, ...], dtype: Any = None) -> Any:
    return 2.0 * ops.cast(keras.random.uniform(shape) > 0.5, dtype or "float32") - 1.0


@register
class MemberMean(keras.layers.Layer):
    """The mean of the members, as their share of a sum; in training one member drawn per row.

    So each member learns to answer by itself, which TabM found to matter (arXiv:2410.24210, section
    3.1); to share the rows of a batch out is BatchEnsemble's way (arXiv:2002.06715, section 3.2).

    Input and output shape: `(batch, members, features)`; the sum over members is the layer's after.
    """

    def __init__(self, **layer_arguments: Any) -> None:
        super().__init__(**layer_arguments)
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, x: Any, training: bool = False) -> Any:
        members = x.shape[1]
        if not training:
            return x * (1 / members)
        drawn = keras.random.uniform((ops.shape(x)[0],), 0, members, seed=self.seed_generator)
        kept = ops.one_hot(ops.cast(ops.floor(drawn), "int32"), members, dtype=x.dtype)
        return x * ops.expand_dims(kept, -1)
