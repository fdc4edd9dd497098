"""MLP: the multilayer perceptron for table rows and small images.

Block after Gorishniy et al. 2021, "Revisiting Deep Learning Models for Tabular Data"
(arXiv:2106.11959, section 3.1), with BatchNorm, which folds into the dense layer on export.
"""

import keras
from keras import layers

from zoo.checks import in_range, one_of, size
from zoo.layers import Standardize
from zoo.shapes import check_shapes

ACTIVATIONS = ("relu", "relu6", "silu", "hard_silu", "tanh", "gelu")


def MLP(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    units: int = 128,
    depth: int = 2,
    dropout: float = 0.0,
    activation: str = "relu",
) -> keras.Model:
    """Build a multilayer perceptron.

    Args:
        input_shape: `(features,)`, or `(height, width, channels)`, which is flattened.
        num_outputs: classes, or regression targets; at least 1.
        units: width of each hidden layer.
        depth: number of hidden layers; 0 is a linear model.
        dropout: rate after each hidden layer, in [0, 1).
        activation: one of `ACTIVATIONS`; LiteRT-Micro has all but gelu.

    Returns:
        A functional model, `(batch, *input_shape)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.
    """
    shape = check_shapes("mlp", input_shape, num_outputs)
    size("units", units, 1)
    size("depth", depth, 0)
    in_range("dropout", dropout, 0, 1)
    one_of("activation", activation, ACTIVATIONS)

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    if len(shape) > 1:
        x = layers.Flatten()(x)  # (B, height * width * channels)
    for _ in range(depth):
        x = layers.Dense(units, use_bias=False)(x)  # (B, units)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation(activation)(x)
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="mlp")
