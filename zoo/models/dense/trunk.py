"""Backbones of dense models: a classifier's network, cut off where its maps have strides 8 to 32.

A map is what the last block of its size gives. MobileNet's blocks (Sandler et al. 2018,
arXiv:1801.04381, figure 3d) widen it before they make it smaller: it is taken where it is narrow.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers

from zoo.checks import UserError
from zoo.presets.catalogue import check_backbone, family_of, find_preset

STRIDES = (8, 16, 32)  # of the maps that heads read
READER = "lateral_"  # the name of a layer that reads the backbone begins so
WIDENED = 2  # times as many channels: a block's inside, not a stage


def trunk(
    backbone: str,
    shape: tuple[int, ...],
    weights: str,
    architecture: Mapping[str, Any] | None,
    wanted: Sequence[int],
) -> tuple[Any, dict[int, Any]]:
    """Build the network of a preset up to its maps.

    Args:
        backbone: a preset for images, such as "cnn_mobile_small" or "pretrained:mobilenet_v2".
        shape: (height, width, channels).
        weights, architecture: as of `zoo.Pretrained`; other networks have no weights to load.
        wanted: strides that must be there.

    Returns:
        The input, and stride -> map, (B, height / stride, width / stride, channels).

    Raises:
        UserError: no such preset, one of another kind, or one without a map of these strides.
    """
    check_backbone(backbone)
    arguments: dict[str, Any] = dict(find_preset(backbone).arguments)
    if "weights" in family_of(backbone).arguments:
        arguments |= {"weights": weights, "architecture": architecture}
    model = family_of(backbone).factory(shape, 1, **arguments)
    found = {stride: _last(model, shape, stride) for stride in STRIDES}
    maps = {stride: _narrow(x) for stride, x in found.items() if x is not None}
    missing = [str(stride) for stride in wanted if stride not in maps]
    if missing:
        raise UserError(
            f"{backbone} makes no map of stride {' and '.join(missing)} of images of {shape}, "
            "which the head reads. Take another backbone, such as cnn_mobile_small or "
            "pretrained:efficientnet_lite0."
        )
    return model.inputs[0], maps


def reader(stride: int) -> str:
    """Return the name of the first layer of a head that reads a backbone's map."""
    return f"{READER}{stride}"


def backbone_maps(model: keras.Model) -> list[Any]:
    """Return what of the backbone the head reads, the finest map first; none without one."""
    readers = [layer for layer in model.layers if layer.name.startswith(READER)]
    readers.sort(key=lambda layer: int(layer.name.removeprefix(READER)))
    return [layer.input for layer in readers]


def _last(model: keras.Model, shape: tuple[int, ...], stride: int) -> Any:
    """Return the last output of a size, (B, height / stride, width / stride, channels)."""
    sides = tuple(-(-side // stride) for side in shape[:2])
    outputs = [layer.output for layer in model.layers]
    found = [x for x in outputs if len(x.shape) == 4 and tuple(x.shape[1:3]) == sides]
    return found[-1] if found else None


def _narrow(x: Any) -> Any:
    """Return a map before the 1x1 convolution that widens it for what follows; or as it is."""
    layer = x._keras_history.operation
    while isinstance(layer, layers.Activation | layers.ReLU | layers.BatchNormalization):
        layer = layer.input._keras_history.operation
    if not isinstance(layer, layers.Conv2D) or tuple(layer.kernel_size) != (1, 1):
        return x
    return layer.input if layer.filters > WIDENED * layer.input.shape[-1] else x
