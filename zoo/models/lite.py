"""LITE: the light Inception network for sequences, with hand-made filters beside learned ones.

Ismail-Fawaz et al. 2023 and 2024 (arXiv:2409.02869, figure 2; code: MSD-IRIMAS/LITE and aeon's
LITENetwork). For one feature it learns 9,814 weights before the last layer.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.checks import UserError, in_range, size
from zoo.layers.inputs import Standardize, dropped, register
from zoo.models.shapes import check_shapes
from zoo.models.steps import as_image, conv, norm_relu


def LITE(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    filters: int = 32,
    kernel: int = 40,
    patterns: Sequence[int] = (2, 4, 8, 16, 32, 64),
    dropout: float = 0.0,
) -> keras.Model:
    """Build LITE: parallel filters of several lengths, two dilated convolutions, average.

    Args:
        input_shape: `(steps, features)`, both fixed.
        num_outputs: classes, or regression targets; at least 1.
        filters: learned filters of each length, and of each dilated convolution.
        kernel: steps of the longest learned filter, at least 4; the others have a half and a
            quarter of them.
        patterns: steps of the hand-made filters that find increases, decreases and peaks; powers
            of two. They are not trained. An empty list leaves them out.
        dropout: rate before the dense layer, in [0, 1).

    Returns:
        A functional model, `(batch, steps, features)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.LITE((100, 6), 4, filters=16, kernel=20)
        >>> model.output_shape
        (None, 4)
    """
    shape = check_shapes("lite", input_shape, num_outputs)
    size("filters", filters, 1)
    size("kernel", kernel, 4)
    _check_patterns(patterns)
    in_range("dropout", dropout, 0, 1)

    inputs = x = keras.Input(shape, name="input")
    x = as_image(Standardize(name="standardize")(x))  # (B, 1, steps, features)
    found = [conv(x, filters, length) for length in (kernel, kernel // 2, kernel // 4)]
    if patterns:
        found.append(_find(x, patterns))
    x = norm_relu(layers.Concatenate()(found))  # (B, 1, steps, 3 filters + hand-made)
    for dilation, length in ((2, kernel // 2), (4, kernel // 4)):
        x = norm_relu(_separable(x, filters, length, dilation))  # (B, 1, steps, filters)
    x = layers.GlobalAveragePooling2D(data_format="channels_last")(x)  # (B, filters)
    x = dropped(x, dropout)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="lite")


def _check_patterns(patterns: Sequence[int]) -> None:
    if isinstance(patterns, int | str):
        raise UserError(f"patterns must be a list of lengths, like [2, 4, 8]; got {patterns!r}.")
    for length in patterns:
        size("patterns", length, 2)
        if length & (length - 1):
            raise UserError(f"patterns must be powers of two, like [2, 4, 8]; got {length}.")


def _separable(x: Any, filters: int, length: int, dilation: int) -> Any:
    return layers.SeparableConv2D(
        filters,
        (1, length),
        padding="same",
        dilation_rate=(1, dilation),
        use_bias=False,
        data_format="channels_last",
    )(x)


def _find(x: Any, patterns: Sequence[int]) -> Any:
    """Detect the hand-made patterns with one frozen convolution."""
    width, count = hand_made(patterns).shape
    return layers.Conv2D(
        count,
        (1, width),
        padding="same",
        activation="relu",
        use_bias=False,
        data_format="channels_last",
        kernel_initializer=HandMade(list(patterns)),
        trainable=False,
        name="hand_made",
    )(x)


@register
class HandMade(keras.initializers.Initializer):
    """A kernel (1, width, features, filters) of `hand_made` filters, the same for each feature."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = list(lengths)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        kernel = np.broadcast_to(hand_made(self.lengths)[None, :, None], shape)
        return keras.ops.convert_to_tensor(kernel, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"lengths": self.lengths}


def hand_made(lengths: Sequence[int]) -> np.ndarray:
    """Return filters for increases, decreases and peaks, (width, filters), all of one width.

    Zeros make the shorter ones as wide, so placed that "same" padding centres all alike. Peaks are
    half as long again as their length says, and there is none of length 2 (section 3.2).
    """
    rising = [np.where(np.arange(length) % 2, 1.0, -1.0) for length in lengths]
    peaks = [_peak(length) for length in lengths if length >= 4]
    found = [*rising, *(-one for one in rising), *peaks]
    width = max(map(len, found))
    starts = [(width - 1) // 2 - (len(one) - 1) // 2 for one in found]
    padded = [
        np.pad(one, (start, width - len(one) - start))
        for one, start in zip(found, starts, strict=True)
    ]
    return np.stack(padded, axis=1)


def _peak(length: int) -> np.ndarray:
    rise = np.linspace(0, 1, length // 4 + 1)[1:] ** 2
    bump = np.concatenate([rise, rise[::-1]])  # half as long as the pattern
    return np.concatenate([-bump, 2 * bump, -bump])
