"""Backbones pretrained on ImageNet, with a new last layer, for small data sets.

EfficientNet-Lite0 comes with a package, the others by Keras' own download or from a file, and those
of KerasHub from a folder or by its download.
"""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.checks import UserError, at_least, in_range, one_of
from zoo.data.kinds import IMAGE, kind_of
from zoo.layers.inputs import Pixels, dropped
from zoo.pretrained import hub
from zoo.pretrained.efficientnet import lite0
from zoo.pretrained.inlining import inlined
from zoo.pretrained.table import BACKBONES, Backbone
from zoo.pretrained.weights import application_weights, lite0_weights

SMALLEST = 32  # pixels a side: every backbone halves it five times
OWN = ("pixels", "color", "head")  # layers that are not the backbone's


def Pretrained(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    backbone: str = "efficientnet_lite0",
    weights: str = "pretrained",
    dropout: float = 0.2,
    architecture: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build a network for photographs: pixels, backbone, global average, dense.

    Args:
        input_shape: `(height, width, channels)`, sides of at least 32, 3 channels or 1, which is
            repeated. Pixels may have any range: `Pixels` scales them to 0..255.
        num_outputs: classes, or regression targets; at least 1.
        backbone: one of `BACKBONES`; or a preset of KerasHub: a folder that its `save_to_preset`
            wrote, a handle such as "hf://...", or one of its names.
        weights: "pretrained", "none" (random), or the path of a file: a PyTorch file for
            EfficientNet-Lite0, a Keras weights file without classifier for the others. KerasHub
            backbones take the first two only.
        dropout: rate before the dense layer, in [0, 1).
        architecture: of a KerasHub backbone, from `hub.architecture`, so that a run loads without
            the folder; None reads it from there.

    Returns:
        A functional model, `(batch, *input_shape)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, rows that are not such images, or weights that cannot
            be loaded.

    Examples:
        >>> model = zoo.Pretrained((96, 96, 3), 10, backbone="efficientnet_lite0")
        >>> model.output_shape
        (None, 10)
    """
    shape = _check_images(input_shape)
    at_least("num_outputs", num_outputs, 1)
    in_range("dropout", dropout, 0, 1)
    described = _described(backbone, shape, architecture)
    inputs = x = keras.Input(shape, name="input")
    x = Pixels(name="pixels")(x)  # (B, H, W, channels), 0..255
    if shape[-1] == 1:
        x = layers.Conv2D(
            3, 1, use_bias=False, kernel_initializer="ones", trainable=False, name="color"
        )(x)
    x = _features(described, _scaled(described, x), weights)  # (B, H/32, W/32, features), or tokens
    x = _averaged(x, backbone)  # (B, features)
    x = dropped(x, dropout)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    model = keras.Model(inputs, outputs, name="pretrained")
    if weights != "none" and described.architecture is None:
        _load(model, described, weights)
    return model


def architecture_of(backbone: str, input_shape: tuple[int, ...]) -> dict[str, Any] | None:
    """Return `Pretrained`'s `architecture` for a backbone; None for one of `BACKBONES`."""
    if backbone in BACKBONES:
        return None
    if not hub.knows(backbone):
        one_of("backbone", backbone, BACKBONES)
    return hub.architecture(backbone, (*_check_images(input_shape)[:2], 3))


def _check_images(input_shape: tuple[int, ...]) -> tuple[int, ...]:
    shape = tuple(int(size) for size in input_shape)
    if kind_of(shape) is not IMAGE or min(shape[:2]) < SMALLEST or shape[2] not in (1, 3):
        raise UserError(
            f"pretrained networks take images (height, width, channels) of at least {SMALLEST} "
            f"pixels a side and 1 or 3 channels; these rows are {shape}. Make the images larger, "
            "or take a network that is not pretrained."
        )
    return shape


def _described(
    backbone: str, shape: tuple[int, ...], architecture: Mapping[str, Any] | None
) -> Backbone:
    found = architecture or architecture_of(backbone, shape)
    if found is None:
        return BACKBONES[backbone]
    return Backbone(backbone, found["scale"], found["offset"], 0, "KerasHub", found)


def _scaled(network: Backbone, x: Any) -> Any:
    if (network.scale, network.offset) == (1, 0):
        return x
    if isinstance(network.scale, float) and isinstance(network.offset, float):
        return layers.Rescaling(network.scale, network.offset, name="photograph")(x)
    scale, offset = (np.broadcast_to(value, 3) for value in (network.scale, network.offset))
    mean, variance = -offset / scale, 1 / scale**2
    return layers.Normalization(mean=mean.tolist(), variance=variance.tolist(), name="photograph")(
        x
    )


def _features(network: Backbone, x: Any, weights: str) -> Any:
    if network.architecture is not None:
        one_of("weights", weights, ("none", "pretrained"))
        body = hub.backbone(network.architecture)
        if weights != "none":
            hub.load_weights(body, str(network.application), x.shape[1:])
        return inlined(body, x, {*OWN})
    if network.application is None:
        return lite0(x)
    factory = getattr(keras.applications, network.application)
    return factory(include_top=False, weights=None, input_tensor=x).outputs[0]


def _averaged(x: Any, backbone: str) -> Any:
    if len(x.shape) == 4:
        return layers.GlobalAveragePooling2D(name="average")(x)
    if len(x.shape) == 3:  # tokens
        return layers.GlobalAveragePooling1D(name="average")(x)
    raise UserError(
        f"{backbone} outputs {x.shape} and is not a backbone: features per position or token are "
        "needed."
    )


def _load(model: keras.Model, network: Backbone, weights: str) -> None:
    """Load weights into the backbone's layers, in the order in which they were created."""
    own = [layer for layer in model.layers if layer.weights and layer.name not in OWN]
    if network.application is not None:
        source = "imagenet" if weights == "pretrained" else weights
        found = application_weights(network.application, source)
    else:
        arrays = iter(lite0_weights(None if weights == "pretrained" else Path(weights)))
        found = [list(itertools.islice(arrays, len(layer.weights))) for layer in own]
    try:
        for layer, values in zip(own, found, strict=True):
            layer.set_weights(values)
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"weights={weights} belong to another network: {error}") from error
