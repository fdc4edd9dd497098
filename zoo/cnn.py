"""CNN: the small residual network, and the depthwise-separable one.

Residual: He et al. 2016 (arXiv:1512.03385, section 4.2) in the form of MLPerf Tiny's ResNet-8
(mlcommons/tiny, benchmark/training/image_classification/keras_model.py), which has biases before
BatchNorm and no BatchNorm on the shortcut. Depthwise: DS-CNN, Zhang et al. 2017
(arXiv:1711.07128, figure 1), MLPerf Tiny's for keyword spotting.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from zoo.checks import UserError, in_range, one_of, size
from zoo.layers import Standardize
from zoo.mlp import ACTIVATIONS
from zoo.shapes import check_shapes


def CNN(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    filters: Sequence[int] = (16, 32, 64),
    blocks: int = 1,
    block: str = "residual",
    stem_kernel: Sequence[int] = (3, 3),
    stem_stride: int = 1,
    dropout: float = 0.0,
    activation: str = "relu",
) -> keras.Model:
    """Build a network: stem, one stage per entry of `filters`, global average, dense.

    Args:
        input_shape: `(height, width, channels)`.
        num_outputs: classes, or regression targets; at least 1.
        filters: channels of each stage; every stage after the first halves the image.
        blocks: blocks per stage: 1 residual one is ResNet-8, 2 are ResNet-14, 3 are ResNet-20.
        block: "residual", or "depthwise": a 3x3 convolution of each channel, then a 1x1 one.
        stem_kernel: height and width of the first convolution, such as (10, 4) for spectrograms.
        stem_stride: of the first convolution, both ways.
        dropout: rate before the dense layer, in [0, 1).
        activation: one of `zoo.mlp.ACTIVATIONS`; LiteRT-Micro has all but gelu.

    Returns:
        A functional model, `(batch, height, width, channels)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.
    """
    shape = check_shapes("cnn", input_shape, num_outputs)
    if isinstance(filters, int | str):
        raise UserError(f"filters must be a list of stage widths, like [16, 32]; got {filters!r}.")
    if not filters:
        raise UserError("filters must name at least one stage, for example (16, 32, 64); got none.")
    for width in filters:
        size("filters", width, 1)
    size("blocks", blocks, 1)
    one_of("block", block, BLOCKS)
    if isinstance(stem_kernel, int | str) or len(stem_kernel) != 2:
        raise UserError(f"stem_kernel must be [height, width], like [10, 4]; got {stem_kernel!r}.")
    for extent in stem_kernel:
        size("stem_kernel", extent, 1)
    size("stem_stride", stem_stride, 1)
    in_range("dropout", dropout, 0, 1)
    one_of("activation", activation, ACTIVATIONS)

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    x = _norm(_conv(x, filters[0], tuple(stem_kernel), stem_stride))  # (B, H, W, filters[0])
    x = layers.Activation(activation)(x)
    for stage, width in enumerate(filters):  # (B, H / 2**stage, W / 2**stage, width)
        for number in range(blocks):
            x = BLOCKS[block](x, width, 2 if stage > 0 and number == 0 else 1, activation)
    x = layers.GlobalAveragePooling2D(data_format="channels_last")(x)  # (B, filters[-1])
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="cnn")


def _conv(x: Any, width: int, kernel_size: int | tuple[int, ...], strides: int) -> Any:
    return layers.Conv2D(
        width,
        kernel_size,
        strides,
        padding="same",
        data_format="channels_last",
        kernel_initializer="he_normal",
    )(x)


def _norm(x: Any) -> Any:
    return layers.BatchNormalization(momentum=0.9)(x)


def _residual(x: Any, width: int, strides: int, activation: str) -> Any:
    """Two 3x3 convolutions and a shortcut, which is a 1x1 convolution where the shape changes."""
    shortcut = x
    if strides != 1 or x.shape[-1] != width:
        shortcut = _conv(x, width, 1, strides)
    x = layers.Activation(activation)(_norm(_conv(x, width, 3, strides)))
    x = _norm(_conv(x, width, 3, 1))
    return layers.Activation(activation)(layers.Add()([x, shortcut]))


def _depthwise(x: Any, width: int, strides: int, activation: str) -> Any:
    """A 3x3 convolution of each channel by itself, then a 1x1 convolution across them."""
    x = layers.DepthwiseConv2D(
        3,
        strides,
        padding="same",
        data_format="channels_last",
        depthwise_initializer="he_normal",
    )(x)
    x = layers.Activation(activation)(_norm(x))
    return layers.Activation(activation)(_norm(_conv(x, width, 1, 1)))


BLOCKS = {"residual": _residual, "depthwise": _depthwise}
