"""A twin of users' own models: what folds where, what stays, what is refused."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from tests.instances import fill_weights, filled
from zoo.quantization import UnknownLayer, calibrate, make_twin
from zoo.quantization.arithmetic import Exact
from zoo.quantization.calibration import predict
from zoo.quantization.layers import Add, Scale
from zoo.quantization.stem import densified


def dead_channel(model: keras.Model) -> None:
    """Give the first BatchNorm a gain of zero in one channel."""
    norm = next(one for one in model.layers if isinstance(one, layers.BatchNormalization))
    gamma, *rest = norm.get_weights()
    gamma[0] = 0.0
    norm.set_weights([gamma, *rest])


def shared_sum() -> keras.Model:
    inputs = x = keras.Input((6, 6, 2))
    x = layers.Conv2D(4, 3, padding="same")(x)
    normed = layers.BatchNormalization()(x)
    x = layers.Add()([layers.ReLU()(normed), x, layers.Dropout(0.3)(normed)])
    x = layers.GlobalAveragePooling2D()(layers.ReLU(max_value=6)(x))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


IMAGE = layers.Input((6, 6, 3))
MODELS: dict[str, list[Any]] = {
    "norm first": [layers.BatchNormalization(), layers.Conv2D(4, 3, padding="same")],
    "norm first, valid": [layers.BatchNormalization(), layers.Conv2D(4, 3)],
    "norm, relu, conv": [layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(4, 3)],
    "separable": [
        layers.Rescaling(1 / 255, offset=-0.5),
        layers.SeparableConv2D(5, 3, activation="relu", depth_multiplier=2),
    ],
    "depthwise": [
        layers.BatchNormalization(),
        layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(scale=False),
        layers.Activation("relu6"),
    ],
    "pools": [
        layers.Conv2D(9, (3, 2), strides=2, padding="same", activation="silu"),
        layers.MaxPooling2D(2),
        layers.AveragePooling2D(1),
    ],
    "moves": [layers.ZeroPadding2D(1), layers.Permute((2, 1, 3)), layers.Reshape((4, 16, 3))],
    "dilated": [layers.Conv2D(4, 3, dilation_rate=2, padding="same", activation="tanh")],
}


@pytest.mark.parametrize("zeroed", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_twins_of_users_models(name: str, zeroed: bool) -> None:
    layer_list = [type(one).from_config(one.get_config()) for one in MODELS[name]]
    model = fill_weights(keras.Sequential([IMAGE, *layer_list, layers.Flatten(), layers.Dense(3)]))
    if zeroed and any(isinstance(one, layers.BatchNormalization) for one in layer_list):
        dead_channel(model)
    compare(model)


def test_a_norm_that_others_read_too_is_not_folded_back() -> None:
    compare(fill_weights(shared_sum()))


def compare(model: keras.Model) -> None:
    shape = model.input_shape[1:]
    x = np.random.default_rng(0).normal(size=(16, *shape)).astype(np.float32)
    twin = make_twin(model)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-4, atol=2e-5)
    calibrate(twin, x)
    error = np.abs(twin.predict(x, verbose=0) - expected).max()
    assert error < 0.2 * np.abs(expected).max()


def test_nothing_is_left_of_norms_in_our_families() -> None:
    for name in ("mlp_small", "vit_small", "gru_small"):
        kinds = [type(part) for part in make_twin(filled(name)).parts]
        assert Scale not in kinds
    cnn = make_twin(filled("cnn_small")).parts
    assert sum(isinstance(part, Add) and part.constant_range is not None for part in cnn) == 1


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
    wide, rewritten = densified(
        ops.convert_to_tensor(x), ops.convert_to_tensor(weights), stride, padding
    )
    got = ops.conv(wide, rewritten, 1, "valid", "channels_last")
    np.testing.assert_allclose(
        ops.convert_to_numpy(got), ops.convert_to_numpy(expected), rtol=1e-4, atol=1e-4
    )
    assert wide.shape[-1] > channels


def recurrent(layer: Any) -> keras.Model:
    return keras.Sequential([layers.Input((6, 3)), layer, layers.Dense(2)])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (recurrent(layers.LSTM(4, name="memory")), r"layer 'memory' \(LSTM\): there is no rule"),
        (
            recurrent(layers.GRU(4, reset_after=False, name="old")),
            r"'old' \(GRU\): only tanh, sigmoid, reset_after=True",
        ),
        (
            recurrent(layers.Bidirectional(layers.GRU(4), merge_mode="sum", name="both")),
            "'both' .*only GRU layers whose outputs are concatenated",
        ),
        (recurrent(layers.GRU(4, go_backwards=True, name="back")), "'back' .*go_backwards=True"),
        (
            keras.Sequential([IMAGE, layers.Conv2D(6, 3, groups=3, name="g"), layers.Flatten()]),
            "'g' .*groups=3",
        ),
        (
            keras.Sequential([IMAGE, layers.Conv2D(6, 3, activation="selu", name="s")]),
            "'s' .*activation 'selu'. Export with method='converter'",
        ),
        (
            keras.Sequential([IMAGE, layers.ReLU(negative_slope=0.1, name="l")]),
            "only relu and relu6",
        ),
        (keras.Sequential([IMAGE, layers.BatchNormalization(axis=1, name="b")]), "'b' .*axis=1"),
        (
            keras.Sequential([IMAGE, layers.GlobalAveragePooling2D("channels_first", name="c")]),
            "data_format='channels_first'",
        ),
    ],
)
def test_what_a_twin_cannot_express_is_named(model: keras.Model, message: str) -> None:
    with pytest.raises(UnknownLayer, match=message):
        make_twin(model)


def test_a_layer_that_is_used_twice_is_named() -> None:
    inputs = keras.Input((6,))
    dense = layers.Dense(6, name="twice")
    model = keras.Model(inputs, dense(dense(inputs)))
    with pytest.raises(zoo.UserError, match="'twice' .*it is used 2 times"):
        make_twin(model)


def test_an_operation_without_a_layer_is_named() -> None:
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layers.Dense(2)(ops.exp(inputs)))
    with pytest.raises(UnknownLayer, match=r"\(Exp\): there is no rule"):
        make_twin(model)
