"""GRU: the gated recurrent network for sequences, with an optional convolution in front.

Cho et al. 2014 (arXiv:1406.1078, figure 2), with the reset gate after the matrix product
(`reset_after=True`, Keras' default), which needs one product per step and quantizes well. Behind a
strided convolution it is the CRNN of Arik et al. 2017 for keywords (arXiv:1703.05390, figure 1).
"""

from typing import Any

import keras
from keras import layers

from zoo.checks import UserError, flag, in_range, one_of, size
from zoo.layers.inputs import Standardize, dropped
from zoo.layers.padding import StepMask
from zoo.models.shapes import check_shapes
from zoo.models.steps import as_image, as_sequence, conv, norm_relu

CELLS = {"gru": layers.GRU, "lstm": layers.LSTM}


def GRU(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    cell: str = "gru",
    units: int = 64,
    depth: int = 1,
    bidirectional: bool = False,
    front_filters: int = 0,
    front_kernel: int = 5,
    front_stride: int = 2,
    masked: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Build a stack of recurrent layers whose last state feeds a dense layer.

    Args:
        input_shape: `(steps, features)`, both fixed.
        num_outputs: classes, or regression targets; at least 1.
        cell: "gru", or "lstm" (Hochreiter and Schmidhuber 1997), whose memory is its second state.
        units: state size of each layer, in each direction.
        depth: number of stacked layers, at least 1.
        bidirectional: read each sequence from both ends (Schuster and Paliwal 1997); such a model
            cannot run on a stream.
        front_filters: of a convolution over the steps before the first layer; 0 for none. A model
            with one cannot run on a stream either.
        front_kernel: steps that it reads at once.
        front_stride: steps from one of its outputs to the next: the loop runs as many times less.
        masked: the last feature is larger on steps than on padding, which leaves the state alone:
            see `zoo.data.lengths`. Such a model cannot run on a stream either.
        dropout: rate after each layer, in [0, 1).

    Returns:
        A functional model, `(batch, steps, features)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.GRU((100, 6), 4, units=32, bidirectional=True)
        >>> model.output_shape
        (None, 4)
    """
    shape = check_shapes("gru", input_shape, num_outputs)
    one_of("cell", cell, CELLS)
    size("units", units, 1)
    size("depth", depth, 1)
    flag("bidirectional", bidirectional)
    size("front_filters", front_filters, 0)
    size("front_kernel", front_kernel, 1)
    size("front_stride", front_stride, 1)
    flag("masked", masked)
    if masked and front_filters:
        raise UserError("masked=True needs front_filters=0: a convolution would mix in padding.")
    in_range("dropout", dropout, 0, 1)

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    mask = {"mask": StepMask(name="mask")(x)} if masked else {}
    if front_filters:
        x = _front(x, front_filters, front_kernel, front_stride)
    for layer in range(depth):
        recurrent = CELLS[cell](units, return_sequences=layer + 1 < depth)
        if bidirectional:
            recurrent = layers.Bidirectional(recurrent)
        # (B, steps, units), from the last layer (B, units); doubled if bidirectional
        x = recurrent(x, **mask)
        x = dropped(x, dropout)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, units) -> (B, num_outputs)
    return keras.Model(inputs, outputs, name="gru")


def _front(x: Any, filters: int, kernel: int, stride: int) -> Any:
    """Convolve over steps: (B, steps, features) -> (B, steps / stride, filters)."""
    return as_sequence(norm_relu(conv(as_image(x), filters, kernel, stride)))
