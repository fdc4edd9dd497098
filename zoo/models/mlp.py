"""MLP: the multilayer perceptron for table rows and small images.

Block after Gorishniy et al. 2021, "Revisiting Deep Learning Models for Tabular Data"
(arXiv:2106.11959, section 3.1), with BatchNorm, which folds into the dense layer on export; before
it, if wanted, the piecewise-linear encoding of Gorishniy et al. 2022, "On Embeddings for Numerical
Features in Tabular Deep Learning" (arXiv:2203.05556), and around it the ensemble of Gorishniy et
al. 2024, "TabM" (arXiv:2410.24210).
"""

import keras
from keras import layers

from zoo.checks import UserError, in_range, one_of, size
from zoo.data.kinds import IMAGE, TABLE, kind_of
from zoo.layers.inputs import Standardize, batch_norm, dropped
from zoo.layers.tables import MemberMean, Members, PiecewiseLinear
from zoo.models.shapes import check_shapes

ACTIVATIONS = ("relu", "relu6", "silu", "hard_silu", "tanh", "gelu")


def MLP(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    units: int = 128,
    depth: int = 2,
    dropout: float = 0.0,
    activation: str = "relu",
    bins: int = 0,
    members: int = 1,
) -> keras.Model:
    """Build a multilayer perceptron.

    Args:
        input_shape: `(features,)`, or `(height, width, channels)`, which is flattened.
        num_outputs: classes, or regression targets; at least 1.
        units: width of each hidden layer.
        depth: number of hidden layers; 0 is a linear model.
        dropout: rate after each hidden layer, in [0, 1).
        activation: one of `ACTIVATIONS`; LiteRT-Micro has all but gelu.
        bins: numbers that each feature of a table row becomes by piecewise-linear encoding, which
            cuts its outliers off; 1 does only that. 0: features are standardized. The encoding is
            features**2 * bins bytes of an int8 file.
        members: size of an ensemble with shared weights, which predicts by the mean of its logits.
            Multiply-accumulates grow by as much, weights hardly.

    Returns:
        A functional model, `(batch, *input_shape)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.MLP((13,), 3, units=64, dropout=0.1)
        >>> model.predict(np.zeros((5, 13)), verbose=0).shape
        (5, 3)
    """
    shape = check_shapes("mlp", input_shape, num_outputs)
    size("units", units, 1)
    size("depth", depth, 0)
    in_range("dropout", dropout, 0, 1)
    one_of("activation", activation, ACTIVATIONS)
    size("bins", bins, 0)
    size("members", members, 1)
    if bins and kind_of(shape) is not TABLE:
        raise UserError(
            f"bins are for the features of table rows; these are images of shape {shape}. Leave "
            "them out, or flatten the rows: x.reshape(len(x), -1)."
        )

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(robust=bins > 0, name="standardize")(x)
    if bins:
        x = PiecewiseLinear(bins, name="bins")(x)  # (B, features * bins)
    if kind_of(shape) is IMAGE:
        x = layers.Flatten()(x)  # (B, height * width * channels)
    if members > 1:
        x = Members(members, name="members")(x)  # (B, members, features), and so on
    for _ in range(depth):
        x = layers.Dense(units, use_bias=False)(x)  # (B, units)
        x = batch_norm(x)
        x = layers.Activation(activation)(x)
        x = dropped(x, dropout)
    if members > 1:
        x = layers.Flatten()(MemberMean(name="mean")(x))  # (B, members * units)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="mlp")
