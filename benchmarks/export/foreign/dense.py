"""Networks from picture to picture, as the examples of keras.io write them."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops


def unet() -> keras.Model:
    """vision/oxford_pets_image_segmentation."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same")(inputs)
    previous = x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for filters in (16, 32):
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.BatchNormalization()(layers.SeparableConv2D(filters, 3, padding="same")(x))
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(previous)
        previous = x = layers.add([x, residual])
    for filters in (32, 16, 8):
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.BatchNormalization()(layers.Conv2DTranspose(filters, 3, padding="same")(x))
        x = layers.UpSampling2D(2)(x)
        residual = layers.Conv2D(filters, 1, padding="same")(layers.UpSampling2D(2)(previous))
        previous = x = layers.add([x, residual])
    return keras.Model(inputs, layers.Conv2D(3, 3, activation="softmax", padding="same")(x))


def convolution_block(x: Any, filters: int = 32, size: int = 3, rate: int = 1) -> Any:
    x = layers.Conv2D(filters, size, dilation_rate=rate, padding="same", use_bias=False)(x)
    return ops.nn.relu(layers.BatchNormalization()(x))


def deeplab(preprocess: bool) -> keras.Model:
    """vision/deeplabv3_plus on a small backbone, with ResNet's preprocessing in the graph."""
    inputs = keras.Input(shape=(64, 64, 3))
    x = inputs
    if preprocess:
        x = x[..., ::-1]
        mean = [103.939, 116.779, 123.68]
        x = ops.stack([x[..., i] - one for i, one in enumerate(mean)], axis=-1)
    low = convolution_block(layers.MaxPooling2D(4)(convolution_block(x, 8)), 16)
    x = convolution_block(layers.MaxPooling2D(2)(convolution_block(low, 24)), 32)
    dims = x.shape
    pooled = layers.AveragePooling2D(pool_size=(dims[-3], dims[-2]))(x)
    pooled = convolution_block(pooled, size=1)
    pooled = layers.UpSampling2D(dims[-3:-1], interpolation="bilinear")(pooled)
    branches = [convolution_block(x, size=1), *(convolution_block(x, rate=n) for n in (2, 3, 4))]
    x = convolution_block(layers.Concatenate(axis=-1)([pooled, *branches]), size=1)
    a = layers.UpSampling2D(size=(2, 2), interpolation="bilinear")(x)
    b = convolution_block(low, filters=16, size=1)
    x = convolution_block(layers.Concatenate(axis=-1)([a, b]))
    x = layers.UpSampling2D(size=(4, 4), interpolation="bilinear")(convolution_block(x))
    outputs = layers.Conv2D(4, kernel_size=1, padding="same")(x)
    return keras.Model(inputs, outputs, name="kio_deeplab" if preprocess else "kio_deeplab_nopre")


def autoencoder() -> keras.Model:
    """vision/autoencoder."""
    inputs = layers.Input((28, 28, 1))
    x = inputs
    for _ in range(2):
        x = layers.Conv2D(32, 3, activation="relu", padding="same")(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    for _ in range(2):
        x = layers.Conv2DTranspose(32, 3, strides=2, activation="relu", padding="same")(x)
    return keras.Model(inputs, layers.Conv2D(1, 3, activation="sigmoid", padding="same")(x))


def super_resolution() -> keras.Model:
    """vision/super_resolution_sub_pixel."""
    upscale_factor, channels = 3, 1
    inputs = keras.Input((24, 24, channels))
    x = layers.Conv2D(64, 5, activation="relu", padding="same")(inputs)
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(x)
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(x)
    x = layers.Conv2D(channels * upscale_factor**2, 3, activation="relu", padding="same")(x)
    _, height, width, depth = x.shape
    depth //= upscale_factor**2
    x = ops.reshape(x, (-1, height, width, upscale_factor, upscale_factor, depth))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return keras.Model(
        inputs, ops.reshape(x, (-1, height * upscale_factor, width * upscale_factor, depth))
    )


def zero_dce() -> keras.Model:
    """vision/zero_dce, and its enhancement of the picture."""
    image = keras.Input(shape=(32, 32, 3))

    def conv(x: Any, filters: int = 16, activation: str = "relu") -> Any:
        return layers.Conv2D(filters, 3, 1, activation=activation, padding="same")(x)

    conv1 = conv(image)
    conv2 = conv(conv1)
    conv3 = conv(conv2)
    conv4 = conv(conv3)
    conv5 = conv(layers.Concatenate(axis=-1)([conv4, conv3]))
    conv6 = conv(layers.Concatenate(axis=-1)([conv5, conv2]))
    curves = conv(layers.Concatenate(axis=-1)([conv6, conv1]), 24, "tanh")
    x = image
    for i in range(4):
        r = curves[:, :, :, 3 * i : 3 * i + 3]
        x = x + r * (ops.square(x) - x)
    return keras.Model(image, x)


def resized() -> keras.Model:
    """vision/learnable_resizer."""
    inputs = layers.Input(shape=(48, 48, 3))
    naive = layers.Resizing(24, 24, interpolation="bilinear")(inputs)
    x = layers.Conv2D(8, 7, padding="same")(inputs)
    x = layers.Conv2D(8, 1, padding="same")(layers.LeakyReLU(0.2)(x))
    x = layers.BatchNormalization()(layers.LeakyReLU(0.2)(x))
    bottleneck = layers.Resizing(24, 24, interpolation="bilinear")(x)
    for _ in range(1):
        y = layers.Conv2D(8, 3, padding="same")(bottleneck)
        y = layers.LeakyReLU(0.2)(layers.BatchNormalization()(y))
        y = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(y))
        x = layers.Add()([bottleneck, y])
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(x))
    x = layers.Conv2D(3, 7, padding="same")(layers.Add()([bottleneck, x]))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3)(layers.Add()([naive, x])))
    return keras.Model(inputs, layers.Dense(2)(x))


def image_resize() -> keras.Model:
    """A decoder that resizes by operations, to the size of what it joins."""
    inputs = keras.Input((32, 32, 3))
    low = layers.Conv2D(8, 3, 2, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(16, 3, 4, padding="same", activation="relu")(low)
    x = ops.image.resize(x, low.shape[1:3], interpolation="bilinear")
    x = layers.Conv2D(8, 3, padding="same")(ops.concatenate([x, low], axis=-1))
    x = ops.image.resize(x, inputs.shape[1:3], interpolation="nearest")
    return keras.Model(inputs, ops.softmax(layers.Conv2D(4, 1)(x), axis=-1))


def generator() -> keras.Model:
    """generative/wgan_gp: from noise to a digit."""
    noise = layers.Input(shape=(64,))
    x = layers.Dense(4 * 4 * 64, use_bias=False)(noise)
    x = layers.Reshape((4, 4, 64))(layers.LeakyReLU(0.2)(layers.BatchNormalization()(x)))
    for filters, activation in ((32, layers.LeakyReLU(0.2)), (16, layers.LeakyReLU(0.2))):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(layers.UpSampling2D(2)(x))
        x = activation(layers.BatchNormalization()(x))
    x = layers.Conv2D(1, 3, padding="same", use_bias=False)(layers.UpSampling2D(2)(x))
    x = layers.Activation("tanh")(layers.BatchNormalization()(x))
    return keras.Model(noise, layers.Cropping2D((2, 2))(x))


def conv_lstm() -> keras.Model:
    """vision/conv_lstm: of it there is no int8 form."""
    inputs = layers.Input(shape=(6, 16, 16, 1))
    x = layers.ConvLSTM2D(8, 5, padding="same", return_sequences=True)(inputs)
    x = layers.ConvLSTM2D(8, 3, padding="same", return_sequences=True)(
        layers.BatchNormalization()(x)
    )
    return keras.Model(inputs, layers.Conv3D(1, 3, activation="sigmoid", padding="same")(x))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "kio_unet": unet,
    "kio_deeplab": lambda: deeplab(preprocess=True),
    "kio_deeplab_nopre": lambda: deeplab(preprocess=False),
    "kio_autoencoder": autoencoder,
    "kio_superres": super_resolution,
    "kio_zero_dce": zero_dce,
    "kio_learnable_resizer": resized,
    "image_resize": image_resize,
    "kio_wgan_gen": generator,
    "kio_conv_lstm": conv_lstm,
}
