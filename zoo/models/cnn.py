"""CNN: the small residual network, the depthwise-separable one, and inverted residuals.

Residual: He et al. 2016 (arXiv:1512.03385, section 4.2) in the form of MLPerf Tiny's ResNet-8
(mlcommons/tiny, benchmark/training/image_classification/keras_model.py), which has biases before
BatchNorm and no BatchNorm on the shortcut. Depthwise: DS-CNN, Zhang et al. 2017
(arXiv:1711.07128, figure 1), MLPerf Tiny's for keyword spotting. Inverted: MobileNetV2, Sandler et
al. 2018 (arXiv:1801.04381, table 2); with some 5x5 kernels EfficientNet, Tan and Le 2019
(arXiv:1905.11946, table 1), in the Lite form (blog.tensorflow.org, March 2020): relu6 and no
squeeze-and-excitation, so that it stays integer-only.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from zoo.backends import NARROW
from zoo.checks import UserError, in_range, one_of, size
from zoo.data.kinds import SEQUENCE, kind_of
from zoo.layers.inputs import Standardize, batch_norm, drop_path_layer, dropped
from zoo.models.mlp import ACTIVATIONS
from zoo.models.shapes import check_shapes


def CNN(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    filters: Sequence[int] = (16, 32, 64),
    blocks: int | Sequence[int] = 1,
    block: str = "residual",
    kernels: int | Sequence[int] = 3,
    strides: Sequence[int] | None = None,
    expansion: int = 6,
    stem_kernel: Sequence[int] = (3, 3),
    stem_stride: int | None = 1,
    dropout: float = 0.0,
    drop_path: float = 0.0,
    activation: str = "relu",
) -> keras.Model:
    """Build a network: stem, one stage per entry of `filters`, global average, dense.

    Args:
        input_shape: `(height, width, channels)`; or `(steps, features)`, such as audio spectra,
            which is treated as an image of one channel.
        num_outputs: classes, or regression targets; at least 1.
        filters: channels of each stage.
        blocks: blocks per stage, one number or a list: 1 residual block is ResNet-8, 2 are
            ResNet-14, 3 are ResNet-20.
        block: "residual"; "depthwise": a 3x3 convolution of each channel, then a 1x1 one;
            "inverted": a 1x1 convolution to more channels, one of each channel, a 1x1 one to few,
            and a shortcut between the few. The stem of inverted ones is twice as wide as the first
            stage, and a 1x1 convolution four times as wide as the last one ends them.
        kernels: side of the convolutions of every stage, or of each.
        strides: of the first block of each stage; None: every stage after the first halves the
            image.
        expansion: of inverted blocks, how many times as many channels are inside; the first stage
            has no more inside.
        stem_kernel: height and width of the first convolution, such as (10, 4) for spectrograms.
        stem_stride: of the first convolution, both ways; None: 2 for images of more than 64x64
            pixels, else 1.
        dropout: rate before the dense layer, in [0, 1).
        drop_path: share of the training rows that the last block's shortcut is all of, in [0, 1);
            it grows linearly from block to block. Not for depthwise blocks.
        activation: one of `zoo.models.mlp.ACTIVATIONS`; LiteRT-Micro has all but gelu.

    Returns:
        A functional model, `(batch, *input_shape)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.CNN((32, 32, 3), 10, filters=(16, 32), block="inverted")
        >>> model.output_shape
        (None, 10)
    """
    shape = check_shapes("cnn", input_shape, num_outputs)
    one_of("block", block, BLOCKS)
    in_range("dropout", dropout, 0, 1)
    one_of("activation", activation, ACTIVATIONS)
    if drop_path and block == "depthwise":
        raise UserError("drop_path needs blocks with a shortcut; depthwise ones have none.")
    _check_stem(stem_kernel, stem_stride)
    stride = stem_stride or (2 if math.prod(shape[:2]) > 64 * 64 else 1)
    plan = plan_blocks(filters, blocks, kernels, strides, expansion, drop_path, activation)
    inverted = block == "inverted"

    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    if kind_of(shape) is SEQUENCE:
        x = layers.Reshape((*shape, 1))(x)
    width = 2 * filters[0] if inverted else filters[0]
    x = batch_norm(conv(x, width, tuple(stem_kernel), stride, bias=not inverted))
    x = layers.Activation(activation)(x)  # (B, H, W, width)
    for step in plan:  # at the end (B, H / all strides, W / all strides, filters[-1])
        x = BLOCKS[block](x, step)
    if inverted:
        x = batch_norm(conv(x, 4 * filters[-1], 1, 1, bias=False))
        x = layers.Activation(activation)(x)
    x = layers.GlobalAveragePooling2D(data_format="channels_last")(x)  # (B, channels)
    x = dropped(x, dropout)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    return keras.Model(inputs, outputs, name="cnn")


@dataclass(frozen=True)
class Block:
    """The sizes of one block."""

    width: int
    kernel: int
    strides: int
    expansion: int
    drop: float  # share of the training rows for which only the shortcut stays
    activation: str


def plan_blocks(
    filters: Sequence[int],
    blocks: int | Sequence[int],
    kernels: int | Sequence[int],
    strides: Sequence[int] | None,
    expansion: int,
    drop_path: float,
    activation: str,
) -> list[Block]:
    """Check the arguments of the stages and return all blocks in their order."""
    if isinstance(filters, int | str):
        raise UserError(f"filters must be a list of stage widths, like [16, 32]; got {filters!r}.")
    if not filters:
        raise UserError("filters must name at least one stage, for example (16, 32, 64); got none.")
    for width in filters:
        size("filters", width, 1)
    size("expansion", expansion, 1)
    in_range("drop_path", drop_path, 0, 1)
    counts = _each("blocks", blocks, len(filters))
    sides = _each("kernels", kernels, len(filters))
    if strides is None:
        strides = [1] + [2] * (len(filters) - 1)
    steps = _each("strides", strides, len(filters))
    plan: list[Block] = []
    stages = zip(filters, counts, sides, steps, strict=True)
    for stage, (width, count, side, step) in enumerate(stages):
        more = expansion if stage else 1
        for number in range(count):
            drop = drop_path * (len(plan) + 1) / sum(counts)
            plan.append(Block(width, side, 1 if number else step, more, drop, activation))
    return plan


def _each(argument: str, value: int | Sequence[int], stages: int) -> list[int]:
    """Return one size per stage, from a single number or a list."""
    values = list(value) if isinstance(value, Sequence) else [value] * stages
    if len(values) != stages:
        raise UserError(f"{argument} must have one entry per stage, {stages}; got {value!r}.")
    for entry in values:
        size(argument, entry, 1)
    return values


def _check_stem(kernel: Sequence[int], stride: int | None) -> None:
    if isinstance(kernel, int | str) or len(kernel) != 2:
        raise UserError(f"stem_kernel must be [height, width], like [10, 4]; got {kernel!r}.")
    for extent in kernel:
        size("stem_kernel", extent, 1)
    if stride is not None:
        size("stem_stride", stride, 1)


def conv(
    x: Any,
    width: int,
    kernel_size: int | tuple[int, ...],
    strides: int,
    bias: bool = True,
    name: str | None = None,
) -> Any:
    """Convolve with zero padding, so that only the strides make the image smaller."""
    if kernel_size == 1 and strides > 1 and x.shape[-1] < NARROW:
        x, strides = layers.MaxPooling2D(1, strides, data_format="channels_last")(x), 1
    return layers.Conv2D(
        width,
        kernel_size,
        strides,
        padding="same",
        data_format="channels_last",
        use_bias=bias,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def conv_each(x: Any, kernel: int, strides: int, bias: bool) -> Any:
    """Convolve each channel separately (depthwise)."""
    return layers.DepthwiseConv2D(
        kernel,
        strides,
        padding="same",
        data_format="channels_last",
        use_bias=bias,
        depthwise_initializer="he_normal",
    )(x)


def _residual(x: Any, block: Block) -> Any:
    """Two convolutions and a shortcut, which is a 1x1 convolution where the shape changes."""
    shortcut = x
    if block.strides != 1 or x.shape[-1] != block.width:
        shortcut = conv(x, block.width, 1, block.strides)
    x = batch_norm(conv(x, block.width, block.kernel, block.strides))
    x = batch_norm(conv(layers.Activation(block.activation)(x), block.width, block.kernel, 1))
    x = layers.Add()([drop_path_layer(x, block.drop), shortcut])
    return layers.Activation(block.activation)(x)


def _depthwise(x: Any, block: Block) -> Any:
    """A depthwise convolution, then a 1x1 convolution across the channels."""
    x = layers.Activation(block.activation)(
        batch_norm(conv_each(x, block.kernel, block.strides, bias=True))
    )
    return layers.Activation(block.activation)(batch_norm(conv(x, block.width, 1, 1)))


def inverted_block(x: Any, block: Block) -> Any:
    """Expand the channels, convolve each, and project back without an activation."""
    shortcut, channels = x, x.shape[-1]
    if block.expansion > 1:
        x = batch_norm(conv(x, block.expansion * channels, 1, 1, bias=False))
        x = layers.Activation(block.activation)(x)
    x = layers.Activation(block.activation)(
        batch_norm(conv_each(x, block.kernel, block.strides, bias=False))
    )
    x = batch_norm(conv(x, block.width, 1, 1, bias=False))
    if block.strides != 1 or channels != block.width:
        return x
    return layers.Add()([drop_path_layer(x, block.drop), shortcut])


BLOCKS: dict[str, Callable[[Any, Block], Any]] = {
    "residual": _residual,
    "depthwise": _depthwise,
    "inverted": inverted_block,
}
