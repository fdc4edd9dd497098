"""Building blocks of networks for sequences, which run as images of height 1.

LiteRT has no 1-D kernels: a convolution over steps runs as a 2-D convolution over columns. Written
that way from the start, a model has one reshape in front and none between its layers.
"""

from typing import Any

from keras import layers

from zoo.layers.inputs import batch_norm


def as_image(x: Any) -> Any:
    """Return a sequence (batch, steps, features) as an image (batch, 1, steps, features)."""
    _, steps, features = x.shape
    return layers.Reshape((1, steps, features))(x)


def as_sequence(x: Any) -> Any:
    """Return an image of height 1 as a sequence: the inverse of `as_image`."""
    _, _, steps, features = x.shape
    return layers.Reshape((steps, features))(x)


def conv(x: Any, filters: int, kernel: int, stride: int = 1) -> Any:
    """Convolve over the steps of an image of height 1, without bias: a norm follows."""
    return layers.Conv2D(
        filters,
        (1, kernel),
        (1, stride),
        padding="same",
        use_bias=False,
        data_format="channels_last",
    )(x)


def norm_relu(x: Any) -> Any:
    return layers.Activation("relu")(batch_norm(x))
