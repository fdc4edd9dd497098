"""GRU: the gated recurrent network for sequences.

Cho et al. 2014 (arXiv:1406.1078, figure 2), with the reset gate after the matrix product
(`reset_after=True`, Keras' default), which needs one product per step and quantizes well.
"""

import keras
from keras import layers

from zoo.checks import flag, in_range, size
from zoo.layers import Standardize
from zoo.shapes import check_shapes


def GRU(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    units: int = 64,
    depth: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Build a stack of GRU layers whose last state feeds a dense layer.

    Args:
        input_shape: `(steps, features)`, both fixed.
        num_outputs: classes, or regression targets; at least 1.
        units: state size of each layer, in each direction.
        depth: number of stacked layers, at least 1.
        bidirectional: read each sequence from both ends (Schuster and Paliwal 1997); such a model
            cannot run on a stream.
        dropout: rate after each layer, in [0, 1).

    Returns:
        A functional model, `(batch, steps, features)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.
    """
    shape = check_shapes("gru", input_shape, num_outputs)
    size("units", units, 1)
    size("depth", depth, 1)
    flag("bidirectional", bidirectional)
    in_range("dropout", dropout, 0, 1)

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    for layer in range(depth):
        recurrent = layers.GRU(units, return_sequences=layer + 1 < depth)
        if bidirectional:
            recurrent = layers.Bidirectional(recurrent)
        x = recurrent(x)  # (B, steps, units), from the last layer (B, units); twice if both ways
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, units) -> (B, num_outputs)
    return keras.Model(inputs, outputs, name="gru")
