"""LR-ASPP: Howard et al. 2019 (arXiv:1905.02244, figure 10) on inverted residual blocks.

A network for images without its end, and a head that reads it at two sizes: at the smaller one a
1x1 convolution is gated by the mean of the whole image, at the larger one a 1x1 convolution keeps
edges. The body is MobileNetV2's (Sandler et al. 2018, arXiv:1801.04381, table 2). The sides are
doubled step by step, bilinear, as Ethos-U does it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers

from zoo.checks import in_range, one_of, size
from zoo.layers.inputs import Standardize, batch_norm, dropped
from zoo.models.cnn import conv, inverted_block, plan_blocks
from zoo.models.dense.sides import check_stages, cropped, padded
from zoo.models.dense.trunk import reader, trunk
from zoo.models.shapes import check_shapes


def ASPP(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    filters: Sequence[int] = (16, 24, 32, 64),
    blocks: int | Sequence[int] = 1,
    expansion: int = 6,
    head: int = 64,
    dropout: float = 0.0,
    drop_path: float = 0.0,
    activation: str = "relu6",
    backbone: str | None = None,
    weights: str = "pretrained",
    architecture: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build a network: stem, stages of inverted residual blocks, head.

    Args:
        input_shape: `(height, width, channels)`. Sides that are no multiples of
            2 ** (len(filters) - 1) are padded inside the network.
        num_outputs: classes of the pixels, at least 1.
        filters: channels of each stage, at least two; each after the first halves the sides.
        blocks: per stage, one number or a list.
        expansion: how many times as many channels are inside of a block; not in the first stage.
        head: channels of the head.
        dropout: rate before the last convolutions, in [0, 1).
        drop_path: share of the training rows that the last block's shortcut is all of, in [0, 1);
            it grows linearly from block to block.
        activation: "relu" or "relu6".
        backbone: a preset for images in place of stem and stages, whose arguments have no effect
            then: "pretrained:efficientnet_lite0", "cnn_mobile_small". Its maps of stride 8 and 16
            are read, as MobileNetV3's are in the paper.
        weights, architecture: as of `zoo.Pretrained`, for a pretrained backbone.

    Returns:
        A functional model, `(batch, *input_shape)` -> logits `(batch, height, width, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows that are no images.

    Examples:
        >>> zoo.ASPP((64, 64, 3), 3, filters=(8, 16, 24)).output_shape
        (None, 64, 64, 3)
    """
    shape = check_shapes("aspp", input_shape, num_outputs)
    one_of("activation", activation, ("relu", "relu6"))
    in_range("dropout", dropout, 0, 1)
    size("head", head, 1)
    names: tuple[str | None, str | None]
    if backbone is None:
        inputs, larger, x = _stages(shape, filters, blocks, expansion, drop_path, activation)
        stride, names = 2 ** (len(filters) - 2), (None, None)
    else:
        inputs, maps = trunk(backbone, shape, weights, architecture, (8, 16))
        larger, x, stride = maps[8], maps[16], 8
        names = reader(8), reader(16)
    x = dropped(_gated(x, head, activation, names[1]), dropout)
    coarse = cropped(conv(_doubled(x), num_outputs, 1, 1), larger.shape[1:])
    x = layers.Add()([coarse, conv(larger, num_outputs, 1, 1, name=names[0])])
    for _ in range(int(math.log2(stride))):  # (B, H / stride, W / stride, C) at first
        x = _doubled(x)
    return keras.Model(inputs, cropped(x, shape), name="aspp")


def _stages(
    shape: tuple[int, ...],
    filters: Sequence[int],
    blocks: int | Sequence[int],
    expansion: int,
    drop_path: float,
    activation: str,
) -> tuple[Any, Any, Any]:
    """Return the input, and what the last stage but one and the last one make of it."""
    check_stages(filters)
    plan = plan_blocks(filters, blocks, 3, None, expansion, drop_path, activation)
    inputs = keras.Input(shape, name="input")
    x = padded(Standardize(name="standardize")(inputs), 2 ** (len(filters) - 1))
    x = batch_norm(conv(x, 2 * filters[0], 3, 1, bias=False))
    x = layers.Activation(activation)(x)  # (B, H, W, 2 * f0)
    for step in plan:  # at the end (B, H/2^n, W/2^n, fn)
        if step.strides > 1:
            larger = x  # at the end (B, H/2^(n-1), W/2^(n-1), fn-1)
        x = inverted_block(x, step)
    return inputs, larger, x


def _gated(x: Any, width: int, activation: str, name: str | None) -> Any:
    """A 1x1 convolution whose channels the mean of the whole image opens or shuts."""
    mean = layers.GlobalAveragePooling2D(data_format="channels_last", keepdims=True)(x)
    gate = layers.Activation("sigmoid")(conv(mean, width, 1, 1))  # (B, 1, 1, width)
    x = layers.Activation(activation)(batch_norm(conv(x, width, 1, 1, bias=False, name=name)))
    return layers.Multiply()([x, gate])


def _doubled(x: Any) -> Any:
    return layers.UpSampling2D(2, data_format="channels_last", interpolation="bilinear")(x)
