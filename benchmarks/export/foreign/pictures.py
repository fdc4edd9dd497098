"""Classifiers of pictures, as the examples of keras.io write them, and keras.applications."""

from collections.abc import Callable
from typing import Any

import keras
from keras import applications, layers, ops


def mnist() -> keras.Model:
    """vision/mnist_convnet."""
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def mini_xception(augment: bool) -> keras.Model:
    """vision/image_classification_from_scratch."""
    inputs = keras.Input((48, 48, 3))
    x = inputs
    if augment:
        x = layers.RandomRotation(0.1)(layers.RandomFlip("horizontal")(x))
    x = layers.Conv2D(16, 3, strides=2, padding="same")(layers.Rescaling(1.0 / 255)(x))
    previous = x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for size in (24, 32):
        for _ in range(2):
            x = layers.SeparableConv2D(size, 3, padding="same")(layers.Activation("relu")(x))
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(size, 1, strides=2, padding="same")(previous)
        previous = x = layers.add([x, residual])
    x = layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(1, activation=None)(x))


def conv_mixer() -> keras.Model:
    """vision/convmixer."""

    def activated(x: Any) -> Any:
        return layers.BatchNormalization()(layers.Activation("gelu")(x))

    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(scale=1.0 / 255)(inputs)
    x = activated(layers.Conv2D(32, kernel_size=2, strides=2)(x))
    for _ in range(4):
        x0 = x
        x = layers.Add()([activated(layers.DepthwiseConv2D(kernel_size=5, padding="same")(x)), x0])
        x = activated(layers.Conv2D(32, kernel_size=1)(x))
    x = layers.GlobalAvgPool2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


class Involution(layers.Layer):
    """A kernel computed for each pixel (Li et al. 2021)."""

    def __init__(
        self, channel: int, group_number: int, kernel_size: int, stride: int, reduction_ratio: int
    ) -> None:
        super().__init__()
        self.channel, self.group_number = channel, group_number
        self.kernel_size, self.stride = kernel_size, stride
        self.reduction_ratio = reduction_ratio

    def build(self, input_shape: Any) -> None:
        _, height, width, num_channels = input_shape
        height, width = height // self.stride, width // self.stride
        self.stride_layer = (
            layers.AveragePooling2D(self.stride, self.stride, padding="same")
            if self.stride > 1
            else layers.Identity()
        )
        self.kernel_gen = keras.Sequential(
            [
                layers.Conv2D(self.channel // self.reduction_ratio, 1),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Conv2D(self.kernel_size**2 * self.group_number, 1),
            ]
        )
        square = self.kernel_size * self.kernel_size
        self.kernel_reshape = layers.Reshape((height, width, square, 1, self.group_number))
        self.input_patches_reshape = layers.Reshape(
            (height, width, square, num_channels // self.group_number, self.group_number)
        )
        self.output_reshape = layers.Reshape((height, width, num_channels))

    def call(self, x: Any) -> tuple[Any, Any]:
        kernel = self.kernel_reshape(self.kernel_gen(self.stride_layer(x)))
        patches = ops.image.extract_patches(
            images=x,
            size=(self.kernel_size, self.kernel_size),
            strides=(self.stride, self.stride),
            dilation_rate=(1, 1),
            padding="same",
        )
        output = ops.multiply(kernel, self.input_patches_reshape(patches))
        return self.output_reshape(ops.sum(output, axis=3)), kernel


def involution() -> keras.Model:
    """vision/involution."""
    x = inputs = keras.Input(shape=(16, 16, 3))
    for last in (False, False, True):
        x, _ = Involution(channel=3, group_number=1, kernel_size=3, stride=1, reduction_ratio=2)(x)
        x = layers.ReLU()(x)
        x = x if last else layers.MaxPooling2D((2, 2))(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(10)(x))


def discriminator() -> keras.Model:
    """generative/wgan_gp."""
    inputs = layers.Input(shape=(28, 28, 1))
    x = layers.ZeroPadding2D((2, 2))(inputs)
    for filters in (16, 32, 64):
        x = layers.Conv2D(filters, 5, strides=2, use_bias=True, padding="same")(x)
        x = layers.Dropout(0.3)(layers.LeakyReLU(0.2)(x))
    return keras.Model(inputs, layers.Dense(1)(layers.Dropout(0.2)(layers.Flatten()(x))))


def keypoints() -> keras.Model:
    """vision/keypoint_detection: separable convolutions on a backbone."""
    inputs = layers.Input((96, 96, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    for filters in (8, 16, 24, 32):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    x = layers.SeparableConv2D(24, kernel_size=5, strides=1, activation="relu")(x)
    return keras.Model(
        inputs, layers.SeparableConv2D(24, kernel_size=2, strides=1, activation="sigmoid")(x)
    )


class DistanceLayer(layers.Layer):
    """vision/siamese_network: squared distances."""

    def call(self, anchor: Any, positive: Any, negative: Any) -> tuple[Any, Any]:
        near = ops.sum(ops.square(anchor - positive), -1)
        far = ops.sum(ops.square(anchor - negative), -1)
        return near, far


def embedding() -> keras.Model:
    x = inputs = layers.Input((24, 24, 1))
    for filters in (4, 16):
        x = layers.Conv2D(filters, 5, activation="tanh")(layers.BatchNormalization()(x))
        x = layers.AveragePooling2D(pool_size=(2, 2))(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(10, activation="tanh")(layers.BatchNormalization()(x)))


def siamese_contrastive() -> keras.Model:
    """vision/siamese_contrastive: the Euclidean distance by a Lambda, on one branch twice."""

    def euclidean_distance(vects: Any) -> Any:
        x, y = vects
        sum_square = ops.sum(ops.square(x - y), axis=1, keepdims=True)
        return ops.sqrt(ops.maximum(sum_square, keras.backend.epsilon()))

    branch = embedding()
    pair = [layers.Input((24, 24, 1)), layers.Input((24, 24, 1))]
    merged = layers.Lambda(euclidean_distance, output_shape=(1,))([branch(one) for one in pair])
    x = layers.Dense(1, activation="sigmoid")(layers.BatchNormalization()(merged))
    return keras.Model(inputs=pair, outputs=x)


def siamese_triplet() -> keras.Model:
    """vision/siamese_network: three inputs, two distances."""
    branch = embedding()
    names = ("anchor", "positive", "negative")
    inputs = [layers.Input((24, 24, 1), name=name) for name in names]
    return keras.Model(inputs, DistanceLayer()(*(branch(one) for one in inputs)))


def application(name: str, side: int) -> Callable[[], keras.Model]:
    """Return what makes one of keras.applications with random weights and five classes."""

    def make() -> keras.Model:
        model: keras.Model = getattr(applications, name)(
            weights=None, input_shape=(side, side, 3), classes=5
        )
        return model

    return make


SIDES = {
    "MobileNet": 96,
    "MobileNetV2": 96,
    "NASNetMobile": 64,
    "DenseNet121": 64,
    "ConvNeXtTiny": 64,
    "Xception": 96,
    "EfficientNetB0": 64,
    "MobileNetV3Large": 64,
    "InceptionV3": 75,
    "EfficientNetV2S": 64,
}
MODELS: dict[str, Callable[[], keras.Model]] = {
    "kio_mnist_convnet": mnist,
    "kio_mini_xception": lambda: mini_xception(augment=False),
    "kio_mini_xception_aug": lambda: mini_xception(augment=True),
    "kio_convmixer": conv_mixer,
    "kio_involution": involution,
    "kio_wgan_disc": discriminator,
    "kio_keypoints": keypoints,
    "kio_siamese": siamese_contrastive,
    "kio_siamese_triplet": siamese_triplet,
}
APPLICATIONS: dict[str, Callable[[], keras.Model]] = {
    f"app_{name}_{side}": application(name, side) for name, side in SIDES.items()
}
