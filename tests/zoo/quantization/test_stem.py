"""Operators in the place of others that LiteRT runs slowly: stems, nearest up-sampling."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo.cost.estimate import outline
from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.ranges import Window
from zoo.quantization.layers.stem import densified, is_narrow


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("kernel", "stride", "size", "channels"),
    [
        ((3, 3), 1, (8, 8), 1),
        ((3, 3), 1, (7, 5), 3),
        ((3, 3), 2, (8, 9), 3),
        ((10, 4), 2, (49, 10), 1),
        ((10, 4), 2, (11, 8), 1),
        ((2, 5), 3, (10, 11), 2),
        ((1, 4), 2, (6, 6), 4),
    ],
)
def test_densified_stems_are_the_same_convolution(
    kernel: tuple[int, int], stride: int, size: tuple[int, int], channels: int, padding: str
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *size, channels)).astype(np.float32)
    weights = rng.normal(size=(*kernel, channels, 5)).astype(np.float32)
    expected = ops.conv(x, weights, stride, padding, "channels_last")
    window = Window((stride, stride), padding)
    wide, rewritten = densified(
        Exact(), ops.convert_to_tensor(x), ops.convert_to_tensor(weights), window
    )
    got = ops.conv(wide, rewritten, 1, "valid", "channels_last")
    np.testing.assert_allclose(
        ops.convert_to_numpy(got), ops.convert_to_numpy(expected), rtol=1e-4, atol=1e-4
    )
    assert wide.shape[-1] > channels


@pytest.mark.parametrize(
    ("kernel", "rewritten"),
    [
        ((3, 3, 1), False),  # MNIST
        ((5, 5, 1), False),
        ((16, 1, 1), False),  # activities
        ((10, 4, 1), True),  # key words
        ((5, 5, 2), True),
        ((6, 6, 3), False),  # colors
        ((18, 1, 2), False),  # too many slices
    ],
)
def test_stems_of_many_values_are_rewritten(kernel: tuple[int, int, int], rewritten: bool) -> None:
    assert is_narrow((*kernel, 8), Window((2, 2), "same")) == rewritten
    assert not is_narrow((*kernel, 8), Window((2, 1), "same"))


@pytest.mark.parametrize(
    ("times", "operators"),
    [
        (2, ["CONCATENATION", "RESHAPE"] * 2),
        ((1, 3), ["CONCATENATION", "RESHAPE"]),
        (6, ["RESIZE_NEAREST_NEIGHBOR"]),  # XNNPACK joins five values
    ],
)
def test_nearest_by_whole_numbers_is_joins(
    times: int | tuple[int, int], operators: list[str]
) -> None:
    model = keras.Sequential([layers.Input((4, 5, 3)), layers.UpSampling2D(times)])
    assert [one.name for one in outline(model).operators] == operators


def test_a_second_relu_is_no_operator() -> None:
    x = inputs = keras.Input((6, 6, 3))
    x = kept = layers.Conv2D(4, 3, activation="relu")(x)
    x = layers.Add()([layers.ReLU()(layers.ReLU()(x)), kept])
    model = keras.Model(inputs, layers.Activation("relu")(x))
    assert [one.name for one in outline(model).operators] == ["CONV_2D", "ADD"]
