"""Detectors: anchor-free ones with a head of their own for each stride, and centroids.

YOLOX (Ge et al. 2021, arXiv:2107.08430, section 2.1): one prediction a cell, box and class in
towers of their own, objectness beside the box; FCOS (Tian et al. 2019, arXiv:1904.01355) has the
same on a feature pyramid (Lin et al. 2017, arXiv:1612.03144), which is here of one direction and
nearest up-sampling. ReLU throughout, and sides as their logarithm: nothing that int8 is bad at.
Centroids: a cut network whose only map says of which class a cell is the centre, as FOMO of Edge
Impulse does; its training is that of CenterNet (arXiv:1904.07850).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers

from zoo.checks import UserError, at_least, in_range, one_of, size
from zoo.layers.inputs import Standardize, batch_norm, dropped
from zoo.models.cnn import BLOCKS, Block, conv, plan_blocks
from zoo.models.dense.trunk import reader, trunk
from zoo.models.mlp import ACTIVATIONS
from zoo.models.shapes import check_shapes

FINEST = 8  # stride of the first map
PRIOR = 0.01  # probability that an untrained head gives (Lin et al. 2017, arXiv:1708.02002)
LARGE = 128 * 128  # pixels from which the stem reads a quarter of each side at once


def Detector(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    filters: Sequence[int] = (16, 32, 64),
    blocks: int | Sequence[int] = 1,
    block: str = "residual",
    expansion: int = 4,
    stem_stride: int | None = None,
    width: int = 32,
    depth: int = 1,
    dropout: float = 0.0,
    activation: str = "relu",
    backbone: str | None = None,
    weights: str = "pretrained",
    architecture: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build a detector: stem, stages, feature pyramid, and a decoupled head for each stride.

    Args:
        input_shape: `(height, width, channels)`.
        num_outputs: classes, at least 1.
        filters: channels of each stage: of stride 4, 8, 16 and so on; at least 2. All but the
            first are maps of the pyramid.
        blocks: blocks per stage, one number or a list.
        block: one of `zoo.models.cnn.BLOCKS`.
        expansion: of inverted blocks, as in `CNN`.
        stem_stride: 1, 2 or 4; None: 4 for images of more than 128x128 pixels, so that a
            microcontroller holds them, else 2.
        width: channels of the pyramid and of the towers.
        depth: 3x3 convolutions of each tower; at least 0.
        dropout: rate before the predictions, in [0, 1).
        activation: one of `zoo.models.mlp.ACTIVATIONS`.
        backbone: a preset for images in place of stem and stages, whose arguments have no effect
            then: "pretrained:efficientnet_lite0", "cnn_mobile_small". Its maps of stride 8, 16 and
            32 are read, as far as there are; 8 and 16 must be.
        weights, architecture: as of `zoo.Pretrained`, for a pretrained backbone.

    Returns:
        A functional model, `(batch, *input_shape)` -> `(batch, cells, 5 + num_outputs)`: of each
        cell `dx, dy, log w, log h` in strides, the logits of objectness and of the classes.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> model = zoo.Detector((64, 64, 1), 3)
        >>> model.output_shape
        (None, 80, 8)
    """
    shape = check_shapes("detect", input_shape, num_outputs)
    size("width", width, 1)
    at_least("depth", depth, 0)
    in_range("dropout", dropout, 0, 1)
    if backbone is None:
        inputs, maps = _stages(
            shape, filters, blocks, block, expansion, stem_stride, activation, coarsest=None
        )
    else:
        one_of("activation", activation, ACTIVATIONS)
        inputs, found = trunk(backbone, shape, weights, architecture, (FINEST, 2 * FINEST))
        maps = list(found.values())
    leaves, stride = [], FINEST
    for x in _pyramid(maps, width, backbone is not None):  # (B, H / stride, W / stride, width)
        x = layers.Activation(activation)(x)
        towers = [_tower(x, width, depth, activation) for _ in range(2)]
        box, kind = (dropped(tower, dropout) for tower in towers)
        one = [
            _leaf(box, 4, f"box_{stride}", prior=None),
            _leaf(box, 1, f"objectness_{stride}", PRIOR),
            _leaf(kind, num_outputs, f"class_{stride}", PRIOR),
        ]
        leaves.append(layers.Concatenate(axis=-1)(one))  # (B, cells of the map, 5 + classes)
        stride *= 2
    outputs = layers.Concatenate(axis=1)(leaves) if len(leaves) > 1 else leaves[0]
    return keras.Model(inputs, outputs, name="detector")


def Centroid(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    filters: Sequence[int] = (16, 32),
    blocks: int | Sequence[int] = 1,
    block: str = "residual",
    expansion: int = 4,
    stem_stride: int | None = None,
    width: int = 32,
    dropout: float = 0.0,
    activation: str = "relu",
) -> keras.Model:
    """Build a network of centres: stem, two stages up to stride 8, and a score for each class.

    Args:
        input_shape: `(height, width, channels)`.
        num_outputs: classes, at least 1.
        filters: channels of the stages, of stride 4 and 8.
        blocks, block, expansion, stem_stride, activation: as in `Detector`.
        width: channels of the 1x1 convolution before the scores.
        dropout: rate before the scores, in [0, 1).

    Returns:
        A functional model, `(batch, *input_shape)` -> logits `(batch, cells, num_outputs)`.

    Raises:
        UserError: an argument out of range, or rows this family cannot take.

    Examples:
        >>> zoo.Centroid((64, 64, 1), 3).output_shape
        (None, 64, 3)
    """
    shape = check_shapes("centroid", input_shape, num_outputs)
    inputs, maps = _stages(
        shape, filters, blocks, block, expansion, stem_stride, activation, coarsest=FINEST
    )
    size("width", width, 1)
    in_range("dropout", dropout, 0, 1)
    x = layers.Activation(activation)(batch_norm(conv(maps[0], width, 1, 1, bias=False)))
    x = dropped(x, dropout)
    return keras.Model(inputs, _leaf(x, num_outputs, f"class_{FINEST}", PRIOR), name="centroid")


def _stages(
    shape: tuple[int, ...],
    filters: Sequence[int],
    blocks: int | Sequence[int],
    block: str,
    expansion: int,
    stem_stride: int | None,
    activation: str,
    coarsest: int | None,
) -> tuple[Any, list[Any]]:
    """Return the input, and the maps of stride 8, 16 and so on that the stages end in."""
    one_of("block", block, BLOCKS)
    one_of("activation", activation, ACTIVATIONS)
    stride = stem_stride or (4 if math.prod(shape[:2]) > LARGE else 2)
    one_of("stem_stride", str(stride), ("1", "2", "4"))
    plan = plan_blocks(filters, blocks, 3, None, expansion, 0.0, activation)
    _check_maps(filters, coarsest)
    inputs = x = keras.Input(shape, name="input")
    x = Standardize(name="standardize")(x)
    x = layers.Activation(activation)(batch_norm(_stem(x, filters[0], stride)))
    # (B, H / stride, W / stride, filters[0])
    maps: list[Any] = []
    for number, step in enumerate(plan):
        first = number == 0 or step.strides != 1
        x = BLOCKS[block](x, _first(step, 4 // stride) if number == 0 else step)
        maps = [*maps, x] if first else [*maps[:-1], x]
    return inputs, maps[1:]  # of stride 8 on


def _stem(x: Any, width: int, stride: int) -> Any:
    """Convolve the image: 3x3, or patches side by side where it is reduced at once.

    Without a border of zeros a kernel takes in what standardizes the pixels, and no second image
    lies in a microcontroller's memory.
    """
    whole = stride == 4 and not any(side % stride for side in x.shape[1:3])
    return layers.Conv2D(
        width,
        4 if whole else 3,
        stride,
        padding="valid" if whole else "same",
        data_format="channels_last",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)


def _first(step: Block, stride: int) -> Block:
    """Return the first block with a stride that makes the image a quarter of its side."""
    return Block(step.width, step.kernel, stride, step.expansion, step.drop, step.activation)


def _check_maps(filters: Sequence[int], coarsest: int | None) -> None:
    stages = len(filters)
    if stages < 2 or (coarsest == FINEST and stages != 2):
        wanted = "two stages, of stride 4 and 8" if coarsest else "at least two stages"
        raise UserError(f"filters must name {wanted}, for example [16, 32]; got {list(filters)}.")


def _pyramid(maps: Sequence[Any], width: int, marked: bool) -> list[Any]:
    """Bring all maps to one width, and add each coarser one to the next finer (top-down)."""
    names = [reader(FINEST << number) if marked else None for number in range(len(maps))]
    lateral = [
        batch_norm(conv(x, width, 1, 1, bias=False, name=name))
        for x, name in zip(maps, names, strict=True)
    ]
    found = [lateral[-1]]
    for x in reversed(lateral[:-1]):
        found.insert(0, layers.Add()([x, _doubled(found[0], x)]))
    return found


def _doubled(x: Any, like: Any) -> Any:
    """Repeat rows and columns; of an odd side the last one is cut off."""
    x = layers.UpSampling2D(2, interpolation="nearest", data_format="channels_last")(x)
    more = [int(x.shape[axis] - like.shape[axis]) for axis in (1, 2)]
    if not any(more):
        return x
    return layers.Cropping2D([(0, more[0]), (0, more[1])], data_format="channels_last")(x)


def _tower(x: Any, width: int, depth: int, activation: str) -> Any:
    for _ in range(depth):
        x = layers.Activation(activation)(batch_norm(conv(x, width, 3, 1, bias=False)))
    return x


def _leaf(x: Any, outputs: int, name: str, prior: float | None) -> Any:
    """Predict from each cell: (B, H', W', channels) -> (B, H' * W', outputs)."""
    bias = 0.0 if prior is None else math.log(prior / (1 - prior))
    x = layers.Conv2D(
        outputs,
        1,
        data_format="channels_last",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.Constant(bias),
        name=name,
    )(x)
    return layers.Reshape((x.shape[1] * x.shape[2], outputs))(x)
