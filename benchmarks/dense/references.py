"""Reference designs, as others write them, to be trained on the same data with the same budget."""

from typing import Any

import keras
from keras import layers

from zoo.layers.inputs import Standardize


def keras_io_unet(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Build the network of keras.io, vision/oxford_pets_image_segmentation, at half its widths.

    Its last layer gives logits in place of a softmax, and its input is standardized as ours are.
    """
    inputs = keras.Input(shape)
    x = layers.Conv2D(16, 3, strides=2, padding="same")(Standardize(name="standardize")(inputs))
    previous = x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for filters in (32, 64, 128):
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.SeparableConv2D(filters, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(previous)
        previous = x = layers.add([x, residual])
    for filters in (128, 64, 32, 16):
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
        x = layers.UpSampling2D(2)(x)
        residual = layers.Conv2D(filters, 1, padding="same")(layers.UpSampling2D(2)(previous))
        previous = x = layers.add([x, residual])
    return keras.Model(inputs, layers.Conv2D(classes, 3, padding="same")(x), name="keras_io_unet")


def yolox_nano(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Build YOLOX-nano (Ge et al. 2021, arXiv:2107.08430) from the paper, at half its widths.

    CSPDarknet of depthwise convolutions with SiLU, a path up and a path down (PAFPN), decoupled
    heads at strides 8, 16 and 32; the outputs are ordered as ours are.
    """
    inputs = keras.Input(shape)
    x = _conv(Standardize(name="standardize")(inputs), 8, 3, 2)
    levels = []
    for width, repeats in ((16, 1), (32, 3), (64, 3), (128, 1)):
        x = _csp(_separable(x, width, 2), width, repeats)
        levels.append(x)
    fine, middle, coarse = levels[1:]  # strides 8, 16, 32
    up = layers.UpSampling2D(2)
    middle = _csp(layers.Concatenate()([up(_conv(coarse, 64, 1)), middle]), 64, 1)
    fine = _csp(layers.Concatenate()([up(_conv(middle, 32, 1)), fine]), 32, 1)
    middle = _csp(layers.Concatenate()([_separable(fine, 32, 2), _conv(middle, 32, 1)]), 64, 1)
    coarse = _csp(layers.Concatenate()([_separable(middle, 64, 2), _conv(coarse, 64, 1)]), 128, 1)
    maps = ((8, fine), (16, middle), (32, coarse))
    return keras.Model(
        inputs,
        layers.Concatenate(axis=1)([_head(x, classes, stride) for stride, x in maps]),
        name="yolox_nano",
    )


def _conv(x: Any, width: int, kernel: int, stride: int = 1) -> Any:
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
    return layers.Activation("silu")(layers.BatchNormalization()(x))


def _separable(x: Any, width: int, stride: int = 1) -> Any:
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x)
    x = layers.Activation("silu")(layers.BatchNormalization()(x))
    return _conv(x, width, 1)


def _csp(x: Any, width: int, repeats: int) -> Any:
    """Half of the channels go through bottlenecks, half past them."""
    y, past = _conv(x, width // 2, 1), _conv(x, width // 2, 1)
    for _ in range(repeats):
        y = layers.Add()([y, _separable(_conv(y, width // 2, 1), width // 2)])
    return _conv(layers.Concatenate()([y, past]), width, 1)


def _head(x: Any, classes: int, stride: int) -> Any:
    """Boxes and objectness from one branch, classes from another, as cells."""
    x = _conv(x, 32, 1)
    of_class, of_box = (_separable(_separable(x, 32), 32) for _ in range(2))
    rare = keras.initializers.Constant(-4.6)  # a probability of 0.01
    parts = [
        layers.Conv2D(4, 1, name=f"box_{stride}")(of_box),
        layers.Conv2D(1, 1, bias_initializer=rare, name=f"objectness_{stride}")(of_box),
        layers.Conv2D(classes, 1, bias_initializer=rare, name=f"class_{stride}")(of_class),
    ]
    cells = [layers.Reshape((one.shape[1] * one.shape[2], one.shape[3]))(one) for one in parts]
    return layers.Concatenate()(cells)
