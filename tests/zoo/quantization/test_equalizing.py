"""Channels of a twin brought to like ranges: what changes, what stays, and that outputs do."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from tests.helpers.instances import fill_weights, smooth
from zoo.quantization import Twin, make_twin
from zoo.quantization.calibration import predict
from zoo.quantization.equalizing import HEADROOM, QUIETEST, equalize
from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.products import DepthwiseConv, TwinLayer

PICTURE = (9, 8, 4)


def chain(*after: Any, relu: Any = "relu") -> keras.Model:
    """Return a model whose first convolution has a loud channel and quiet ones."""
    inputs = keras.Input(PICTURE)
    x = layers.Conv2D(6, 3, padding="same", activation=relu, name="first")(inputs)
    for layer in after:
        x = layer(x)
    outputs = layers.Dense(3)(layers.GlobalAveragePooling2D()(x))
    model = fill_weights(keras.Model(inputs, outputs))
    first = model.get_layer("first")
    kernel, bias = first.get_weights()
    loudness = np.array([1, 0.5, 0.25, 1e-4, 0, 1])
    first.set_weights([kernel * loudness, bias * loudness])
    return model


def peaks(twin: Twin, x: np.ndarray, number: int) -> np.ndarray:
    values = dict(twin.values(keras.ops.convert_to_tensor(x), Exact()))
    found = np.abs(keras.ops.convert_to_numpy(values[number]))
    return np.asarray(found.max(axis=tuple(range(found.ndim - 1))))


def test_channels_before_a_depthwise_convolution_get_like_ranges() -> None:
    model = chain(layers.DepthwiseConv2D(3, padding="same"))
    x, twin = smooth(64, PICTURE), make_twin(model)
    before, expected = peaks(twin, x, 1), model.predict(x, verbose=0)
    equalize(twin, x)
    after = peaks(twin, x, 1)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-4, atol=1e-4)
    share = before / before.max()
    loud, silent = share > 1 / HEADROOM, share < QUIETEST / HEADROOM
    between = ~loud & ~silent
    assert min(loud.sum(), silent.sum(), between.sum()) > 0
    np.testing.assert_allclose(after[loud], before[loud], rtol=1e-4)
    np.testing.assert_allclose(after[between], before.max() / HEADROOM, rtol=1e-4)
    np.testing.assert_allclose(after[silent], before[silent] / QUIETEST, rtol=1e-4)


def test_before_other_kernels_channels_and_weights_meet_halfway() -> None:
    """Ranges of values and of weights, each among the channels, become alike."""
    twin, x = make_twin(chain(layers.Conv2D(5, 1))), smooth(64, PICTURE)
    reader: Any = twin.parts[1]

    def ratio() -> np.ndarray:
        weights = np.abs(keras.ops.convert_to_numpy(reader.kernel)).max(axis=(0, 1, 3))
        return np.asarray(peaks(twin, x, 1)[[0, 1, 2, 5]] / weights[[0, 1, 2, 5]])

    before = ratio()
    equalize(twin, x)
    after = ratio()
    assert np.ptp(np.log(after)) < np.ptp(np.log(before)) - np.log(1.5)
    assert np.ptp(np.log(after)) <= 2 * np.log(HEADROOM) + 1e-6  # a ratio is of squares


@pytest.mark.parametrize("twice", [False, True])
def test_a_value_that_is_joined_to_itself_stays(twice: bool) -> None:
    """A norm on one of the two leaves the same value behind, with a factor to fold in."""
    inputs = keras.Input(PICTURE)
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(inputs)
    other = x if twice else layers.BatchNormalization()(x)
    y = layers.Conv2D(5, 1)(layers.Concatenate()([other, x]))
    model = fill_weights(keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(y))))
    twin, x = make_twin(model), smooth(64, PICTURE)
    equalize(twin, x)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("after", "relu"),
    [
        ([layers.DepthwiseConv2D(3)], "relu6"),
        ([layers.DepthwiseConv2D(3)], "tanh"),
        ([layers.MaxPooling2D(2), layers.DepthwiseConv2D(3)], "relu"),
        ([layers.Softmax(), layers.Conv2D(3, 1)], None),
    ],
    ids=["a cap", "a curve", "a pool", "a softmax"],
)
def test_what_is_between_stays(after: list[Any], relu: str | None) -> None:
    """Channels are scaled where nothing between maker and reader would notice; else not."""
    copies = [type(one).from_config(one.get_config()) for one in after]
    model, x = chain(*copies, relu=relu), smooth(64, PICTURE)
    twin, expected = make_twin(model), model.predict(x, verbose=0)
    first: TwinLayer = twin.parts[0]
    before = first.get_weights()
    equalize(twin, x)
    for old, new in zip(before, first.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-4, atol=1e-4)


def test_a_value_that_others_read_too_stays() -> None:
    inputs = keras.Input(PICTURE)
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(inputs)
    y = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    outputs = layers.Dense(3)(layers.GlobalAveragePooling2D()(y))
    model = fill_weights(keras.Model(inputs, outputs))
    twin, rows_ = make_twin(model), smooth(32, PICTURE)
    before = twin.parts[0].get_weights()
    equalize(twin, rows_)
    np.testing.assert_array_equal(before[0], twin.parts[0].get_weights()[0])


def test_through_a_concatenation_and_an_offset() -> None:
    """LITE: hand-made filters, whose norm leaves an ADD, joined to learned ones."""
    model = fill_weights(zoo.create_model("lite_small", (40, 2), 3))
    twin, x = make_twin(model), smooth(64, (40, 2))
    number = next(one.inputs[0] for one in twin.nodes if type(one.layer) is DepthwiseConv)
    before, expected = peaks(twin, x, number), model.predict(x, verbose=0)
    equalize(twin, x)
    after = peaks(twin, x, number)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-4, atol=1e-4)
    scale = np.clip(HEADROOM * before / before.max(), QUIETEST, 1)
    assert scale.min() < 0.5
    np.testing.assert_allclose(after, before / scale, rtol=1e-4)
