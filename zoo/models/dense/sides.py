"""Sides of images that a network halves several times."""

from collections.abc import Sequence
from typing import Any

from keras import layers

from zoo.checks import UserError, size


def check_stages(filters: Sequence[int]) -> None:
    """Raise UserError for widths that are none, or too few to halve an image once."""
    if isinstance(filters, int | str) or len(filters) < 2:
        raise UserError(f"filters must list at least two widths, like [16, 32]; got {filters!r}.")
    for width in filters:
        size("filters", width, 1)


def padded(x: Any, multiple: int) -> Any:
    """Pad an image with zeros, below and at the right, to multiples of a number of pixels."""
    below, right = (-x.shape[axis] % multiple for axis in (1, 2))
    if not below and not right:
        return x
    return layers.ZeroPadding2D(((0, below), (0, right)), data_format="channels_last")(x)


def cropped(x: Any, shape: tuple[int, ...]) -> Any:
    """Cut an image below and at the right, to the sides of a shape (height, width, channels)."""
    below, right = x.shape[1] - shape[0], x.shape[2] - shape[1]
    if not below and not right:
        return x
    return layers.Cropping2D(((0, below), (0, right)), data_format="channels_last")(x)
