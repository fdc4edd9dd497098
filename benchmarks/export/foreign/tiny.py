"""Networks of microcontrollers: MLPerf Tiny's and those of ST's model zoo."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops, regularizers

L2 = regularizers.l2(1e-4)


def resnet8() -> keras.Model:
    """mlcommons/tiny image_classification."""
    inputs = layers.Input((32, 32, 3))

    def conv(x: Any, filters: int, size: int = 3, strides: int = 1) -> Any:
        return layers.Conv2D(filters, size, strides, padding="same", kernel_regularizer=L2)(x)

    x = layers.Activation("relu")(layers.BatchNormalization()(conv(inputs, 16)))
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        y = layers.Activation("relu")(layers.BatchNormalization()(conv(x, filters, 3, strides)))
        y = layers.BatchNormalization()(conv(y, filters))
        x = conv(x, filters, 1, strides) if strides > 1 else x
        x = layers.Activation("relu")(layers.add([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(pool_size=8)(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def ds_cnn() -> keras.Model:
    """mlcommons/tiny keyword_spotting."""
    inputs = keras.Input((49, 10, 1))
    x = layers.Conv2D(64, (10, 4), (2, 2), padding="same", kernel_regularizer=L2)(inputs)
    x = layers.Dropout(0.2)(layers.Activation("relu")(layers.BatchNormalization()(x)))
    for _ in range(4):
        for conv in (layers.DepthwiseConv2D(3, padding="same"), layers.Conv2D(64, 1)):
            x = layers.Activation("relu")(layers.BatchNormalization()(conv(x)))
    x = layers.Dropout(0.4)(x)
    x = layers.AveragePooling2D(pool_size=(25, 5))(x)
    return keras.Model(inputs, layers.Dense(12, activation="softmax")(layers.Flatten()(x)))


def anomaly() -> keras.Model:
    """mlcommons/tiny anomaly_detection, 128 of 640 features."""
    x = inputs = keras.Input((128,))
    for units in (64, 64, 8, 64, 64):
        x = layers.Activation("relu")(layers.BatchNormalization()(layers.Dense(units)(x)))
    return keras.Model(inputs, layers.Dense(128)(x))


def wake_word() -> keras.Model:
    """mlcommons/tiny streaming_wakeword: separable convolutions over time."""
    x = inputs = keras.Input((30, 1, 40))
    for filters, size in ((48, 3), (48, 5), (64, 9)):
        x = layers.DepthwiseConv2D((size, 1), padding="valid", use_bias=False)(x)
        x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
        x = layers.ReLU()(x)
    x = layers.Flatten()(layers.AveragePooling2D((x.shape[1], 1))(x))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


def gmp() -> keras.Model:
    """ST's network of a wearable: convolutions and a global maximum."""
    inputs = keras.Input((24, 3, 1))
    x = layers.Conv2D(16, (5, 1))(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, (5, 1))(x)))
    x = layers.Dropout(0.2)(layers.GlobalMaxPooling2D()(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


def ign() -> keras.Model:
    """ST's ign: one long kernel, and a maximum of three steps."""
    inputs = keras.Input((24, 3, 1))
    x = layers.Conv2D(24, (16, 1), activation="relu", kernel_regularizer=L2)(inputs)
    x = layers.Flatten()(layers.MaxPooling2D((3, 1))(x))
    x = layers.Dropout(0.5)(layers.Dense(12)(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


def fd_mobilenet() -> keras.Model:
    """ST's fd-mobilenet: three strides of two at once."""
    inputs = keras.Input((64, 64, 3))
    x = layers.Conv2D(8, 3, 2, padding="same", use_bias=False)(inputs)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    for filters, strides in ((16, 2), (32, 2), (32, 1), (64, 2), (64, 1)):
        x = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.Conv2D(filters, 1, use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Reshape((5,))(layers.Conv2D(5, 1)(x))
    return keras.Model(inputs, layers.Activation("softmax")(x))


def darknet(x: Any, filters: int, size: int) -> Any:
    x = layers.Conv2D(filters, size, padding="same", use_bias=False)(x)
    return layers.LeakyReLU(negative_slope=0.1)(layers.BatchNormalization()(x))


def tiny_yolo() -> keras.Model:
    """Tiny YOLO v2."""
    x = inputs = keras.Input((64, 64, 3))
    for filters in (8, 16, 32, 64):
        x = layers.MaxPooling2D()(darknet(x, filters, 3))
    x = layers.MaxPooling2D(2, strides=1, padding="same")(darknet(x, 96, 3))
    return keras.Model(inputs, layers.Conv2D(30, 1)(darknet(x, 128, 3)))


def yolo_lc() -> keras.Model:
    """ST's st_yolo_lc_v1."""
    x = inputs = keras.Input((96, 96, 3))
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(16, 3, 2, use_bias=False)(x)
    for filters, strides in ((32, 2), (32, 1), (64, 2), (64, 1), (96, 2)):
        x = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.Conv2D(filters, 1, use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Conv2D(30, 1)(x))


def yolo_x() -> keras.Model:
    """ST's st_yolo_x, whose joins are operations: three heads."""

    def conv(x: Any, filters: int, size: int = 3, strides: int = 1) -> Any:
        x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return x * ops.sigmoid(x)

    def csp(x: Any, filters: int) -> Any:
        left, right = conv(x, filters // 2, 1), conv(x, filters // 2, 1)
        left = left + conv(conv(left, filters // 2, 1), filters // 2)
        return conv(ops.concatenate([left, right], axis=-1), filters, 1)

    x = inputs = keras.Input((96, 96, 3))
    x = ops.concatenate(
        [x[:, ::2, ::2], x[:, 1::2, ::2], x[:, ::2, 1::2], x[:, 1::2, 1::2]], axis=-1
    )
    x = conv(x, 8)
    levels = []
    for filters in (16, 24, 32, 48):
        x = csp(conv(x, filters, 3, 2), filters)
        levels.append(x)
    deep = levels[3]
    deep = conv(
        ops.concatenate([layers.MaxPooling2D(n, 1, "same")(deep) for n in (3, 5)] + [deep], -1),
        48,
        1,
    )
    middle = csp(ops.concatenate([layers.UpSampling2D(2)(conv(deep, 32, 1)), levels[2]], -1), 32)
    fine = csp(ops.concatenate([layers.UpSampling2D(2)(conv(middle, 24, 1)), levels[1]], -1), 24)
    heads = []
    for level in (fine, middle, deep):
        boxes, classes = conv(level, 16), conv(level, 16)
        found = [layers.Conv2D(4, 1)(boxes), layers.Conv2D(1, 1, activation="sigmoid")(boxes)]
        heads.append(ops.concatenate([*found, layers.Conv2D(1, 1)(classes)], axis=-1))
    return keras.Model(inputs, heads)


def visual_wake_words() -> keras.Model:
    """mlcommons/tiny visual_wake_words: MobileNet v1 of a quarter of the width."""
    x = inputs = keras.Input((96, 96, 3))
    filters, steps = (16, 32, 32, 64, 64, 128, 128, 128), (1, 2, 1, 2, 1, 2, 1, 1)
    x = layers.Conv2D(8, 3, 2, padding="same", kernel_regularizer=L2)(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for count, strides in zip(filters, steps, strict=True):
        for conv in (
            layers.DepthwiseConv2D(3, strides, padding="same", depthwise_regularizer=L2),
            layers.Conv2D(count, 1, padding="same", kernel_regularizer=L2),
        ):
            x = layers.Activation("relu")(layers.BatchNormalization()(conv(x)))
    x = layers.Flatten()(layers.AveragePooling2D(x.shape[1:3])(x))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "tiny_resnet8": resnet8,
    "tiny_dscnn": ds_cnn,
    "tiny_vww": visual_wake_words,
    "tiny_ad": anomaly,
    "tiny_sww": wake_word,
    "st_gmp": gmp,
    "st_ign": ign,
    "st_fdmobilenet": fd_mobilenet,
    "st_tiny_yolo_v2": tiny_yolo,
    "st_yolo_lc": yolo_lc,
    "st_yolo_x_ops": yolo_x,
}
