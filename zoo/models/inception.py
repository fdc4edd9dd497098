"""Inception: convolutions of several lengths side by side, stacked, with shortcuts.

The network of InceptionTime, Ismail Fawaz et al. 2019 (arXiv:1909.04939, figures 1 and 2; code:
hfawaz/InceptionTime), which is an ensemble of five.
"""

from typing import Any

import keras
from keras import layers

from zoo.checks import in_range, size
from zoo.layers.inputs import Standardize, batch_norm, dropped
from zoo.models.shapes import check_shapes
from zoo.models.steps import as_image, conv, norm_relu

SHORTCUT = 3  # modules that a shortcut spans


def Inception(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    filters: int = 32,
    depth: int = 6,
    kernel: int = 40,
    bottleneck: int = 32,
    dropout: float = 0.0,
) -> keras.Model:
    """Build `depth` Inception modules with a shortcut around every three, then average, dense.

    Args:
        input_shape: `(steps, features)`, both fixed.
        num_outputs: classes, or regression targets; at least 1.
        filters: of each of a module's four branches.
        depth: number of modules, at least 1.
        kernel: steps of the longest filter, at least 4; the others have a half and a quarter.
        bottleneck: channels that the long filters read.
        dropout: rate before the dense layer, in [0, 1).

    Returns:
        A functional model, `(batch, steps, features)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.Inception((100, 6), 4, filters=16, depth=3)
        >>> model.output_shape
        (None, 4)
    """
    shape = check_shapes("inception", input_shape, num_outputs)
    for argument, value in (("filters", filters), ("depth", depth), ("bottleneck", bottleneck)):
        size(argument, value, 1)
    size("kernel", kernel, 4)
    in_range("dropout", dropout, 0, 1)

    inputs = x = keras.Input(shape, name="input")
    x = shortcut = as_image(Standardize(name="standardize")(x))  # (B, 1, steps, features)
    for number in range(1, depth + 1):
        x = _module(x, filters, kernel, bottleneck)  # (B, 1, steps, 4 filters)
        if number % SHORTCUT == 0:
            shortcut = batch_norm(conv(shortcut, 4 * filters, 1))
            x = shortcut = layers.Activation("relu")(layers.Add()([shortcut, x]))
    x = layers.GlobalAveragePooling2D(data_format="channels_last")(x)  # (B, 4 filters)
    x = dropped(x, dropout)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="inception")


def _module(x: Any, filters: int, kernel: int, bottleneck: int) -> Any:
    """Filters of three lengths behind a bottleneck, in parallel with a max-pooling of 3 steps."""
    narrow = conv(x, bottleneck, 1) if x.shape[-1] > 1 else x
    found = [conv(narrow, filters, length) for length in (kernel, kernel // 2, kernel // 4)]
    largest = layers.MaxPooling2D((1, 3), 1, padding="same", data_format="channels_last")(x)
    found.append(conv(largest, filters, 1))
    return norm_relu(layers.Concatenate()(found))
