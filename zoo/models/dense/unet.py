"""U-Net: Ronneberger et al. 2015 (arXiv:1505.04597, figure 1), for masks as large as the image.

Zero padding in place of valid convolutions, and BatchNorm before each ReLU, so that a mask has the
size of its image; depthwise blocks are those of MobileNet (arXiv:1704.04861, figure 3). Everything
is one of LiteRT's integer operators and runs on Ethos-U: convolutions, transposed ones of stride 2,
or the nearest pixel, maxima, concatenations.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from zoo.checks import in_range, one_of
from zoo.layers.inputs import Standardize, batch_norm, dropped
from zoo.models.cnn import conv, conv_each
from zoo.models.dense.sides import check_stages, cropped, padded
from zoo.models.shapes import check_shapes


def UNet(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    filters: Sequence[int] = (16, 32, 64, 128),
    block: str = "plain",
    dropout: float = 0.0,
    activation: str = "relu",
) -> keras.Model:
    """Build a network: a path down, a path up, and at each size a bridge between them.

    Args:
        input_shape: `(height, width, channels)`. Sides that are no multiples of
            2 ** (len(filters) - 1) are padded inside the network.
        num_outputs: classes of the pixels, at least 1.
        filters: channels at each size, the whole image first; each further one halves the sides.
        block: "plain": two 3x3 convolutions, and 2x2 transposed ones on the way up; "depthwise":
            each convolution as one of each channel and a 1x1 one, and the nearest pixel upwards.
        dropout: rate at the smallest size, in [0, 1).
        activation: "relu" or "relu6".

    Returns:
        A functional model, `(batch, *input_shape)` -> logits `(batch, height, width, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows that are no images.

    Examples:
        >>> zoo.UNet((64, 64, 1), 3, filters=(8, 16, 32)).output_shape
        (None, 64, 64, 3)
    """
    shape = check_shapes("unet", input_shape, num_outputs)
    one_of("block", block, STEPS)
    one_of("activation", activation, ("relu", "relu6"))
    in_range("dropout", dropout, 0, 1)
    check_stages(filters)
    convolve, upwards = STEPS[block]

    def twice(x: Any, width: int) -> Any:
        for _ in range(2):
            x = layers.Activation(activation)(batch_norm(convolve(x, width)))
        return x

    inputs = keras.Input(shape, name="input")
    x = padded(Standardize(name="standardize")(inputs), 2 ** (len(filters) - 1))
    bridges = []
    for width in filters[:-1]:  # down: (B, H, W, f0), (B, H/2, W/2, f1), ...
        x = twice(x, width)
        bridges.append(x)
        x = layers.MaxPooling2D(2, data_format="channels_last")(x)
    x = dropped(twice(x, filters[-1]), dropout)  # (B, H/2^n, W/2^n, fn)
    for width, bridge in zip(filters[-2::-1], reversed(bridges), strict=True):  # up again
        x = layers.Concatenate()([bridge, upwards(x, width)])  # (B, sides, 2 * width)
        x = twice(x, width)
    x = layers.Conv2D(num_outputs, 1, data_format="channels_last", name="head")(x)
    return keras.Model(inputs, cropped(x, shape), name="unet")


def _plain(x: Any, width: int) -> Any:
    return conv(x, width, 3, 1, bias=False)


def _depthwise(x: Any, width: int) -> Any:
    """Convolve each channel, where there are several, then across them."""
    if x.shape[-1] == 1:
        return conv(x, width, 3, 1, bias=False)
    x = layers.Activation("relu")(batch_norm(conv_each(x, 3, 1, bias=False)))
    return conv(x, width, 1, 1, bias=False)


def _transposed(x: Any, width: int) -> Any:
    """Double the sides by a 2x2 transposed convolution, the paper's up-convolution."""
    return layers.Conv2DTranspose(
        width, 2, 2, data_format="channels_last", kernel_initializer="he_normal"
    )(x)


def _nearest(x: Any, width: int) -> Any:
    """Mix the channels while there are few pixels, then repeat each both ways."""
    x = layers.Activation("relu")(batch_norm(conv(x, width, 1, 1, bias=False)))
    return layers.UpSampling2D(2, data_format="channels_last")(x)


Step = Callable[[Any, int], Any]
STEPS: dict[str, tuple[Step, Step]] = {  # block -> a convolution, and the step upwards
    "plain": (_plain, _transposed),
    "depthwise": (_depthwise, _nearest),
}
