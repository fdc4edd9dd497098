"""A twin of users' own models: what folds where, what stays, what is refused."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from tests.helpers.instances import data_of, fill, fill_weights, filled, rows
from tuning import quantize_aware
from zoo.layers.inputs import Standardize
from zoo.quantization import UnknownLayer, calibrate, make_twin, quantize
from zoo.quantization.calibration import predict
from zoo.quantization.equalizing import equalize
from zoo.quantization.hosts import affine_of
from zoo.quantization.layers.affine import Host
from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.elementwise import Add, Multiply
from zoo.quantization.rounding import refine
from zoo.quantization.rows import first_reader


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
    equalize(twin, x)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-4, atol=2e-5)
    calibrate(twin, x)
    refine(twin, x)
    error = np.abs(twin.predict(x, verbose=0) - expected).max()
    assert error < 0.2 * np.abs(expected).max()


def test_nothing_is_left_of_norms_in_our_families() -> None:
    for name in ("mlp_small", "vit_small", "gru_small"):
        kinds = [type(part) for part in make_twin(filled(name)).parts]
        assert Multiply not in kinds
    cnn = make_twin(filled("cnn_small")).parts
    assert sum(isinstance(part, Add) and part.constant_range is not None for part in cnn) == 1


def recurrent(layer: Any) -> keras.Model:
    return keras.Sequential([layers.Input((6, 3)), layer, layers.Dense(2)])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            keras.Sequential([layers.Input((4, 6, 3)), layers.ConvLSTM1D(4, 3, name="plain")]),
            r"layer 'plain' \(ConvLSTM1D\): there is no rule",
        ),
        (
            recurrent(layers.GRU(4, "silu", name="odd")),
            r"'odd' \(GRU\): activation 'silu' within a loop",
        ),
        (
            keras.Sequential([layers.Input((None, 6, 3)), layers.Conv2D(2, 1, name="any")]),
            "its sizes must be fixed, but for the batch's",
        ),
        (
            keras.Sequential([IMAGE, layers.Conv2D(6, 3, activation="sparsemax", name="s")]),
            "'s' .*activation 'sparsemax'. Export with method='converter'",
        ),
        (
            keras.Sequential([IMAGE, layers.RandomCrop(2, 2, name="c")]),
            "'c' .*hands on the whole image, whatever its size; use CenterCrop",
        ),
    ],
)
def test_what_a_twin_cannot_express_is_named(model: keras.Model, message: str) -> None:
    with pytest.raises(UnknownLayer, match=message):
        make_twin(model)


def test_an_operation_without_a_layer_is_named() -> None:
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layers.Dense(2)(ops.cumsum(inputs, axis=1)))
    with pytest.raises(UnknownLayer, match=r"\(Cumsum\): there is no rule"):
        make_twin(model)


def test_two_ranks_are_named() -> None:
    inputs = keras.Input((6, 3))
    total = layers.Add(name="sum")([inputs, layers.GlobalAveragePooling1D()(inputs)])
    with pytest.raises(UnknownLayer, match="'sum' .*inputs have different ranks"):
        make_twin(keras.Model(inputs, total))


def test_what_is_read_through_a_dropout_is_not_folded_for_the_others() -> None:
    inputs = keras.Input((5,))
    y = layers.Dense(6)(inputs)
    normed = layers.BatchNormalization()(layers.Dropout(0.1)(y))
    compare(fill_weights(keras.Model(inputs, layers.Dense(3)(layers.Add()([normed, y])))))
    sequence = keras.Input((5, 3))
    y = layers.GRU(4, return_sequences=True)(sequence)
    last = layers.GRU(4)(layers.Dropout(0.1)(y))
    both = layers.Add()([last, layers.GlobalAveragePooling1D()(y)])
    compare(fill_weights(keras.Model(sequence, layers.Dense(3)(both))))


def test_small_scales_survive_a_reshape() -> None:
    model = keras.Sequential([IMAGE, layers.Rescaling(1e-8), layers.Flatten(), layers.Dense(3)])
    x = 1e8 * np.random.default_rng(0).normal(size=(16, 6, 6, 3)).astype(np.float32)
    twin = make_twin(fill_weights(model))
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-4, atol=1e-4)


MOVES: dict[str, tuple[Any, int]] = {
    "reshaped": (layers.Reshape((8, 2, 4)), 0),
    "turned": (layers.Permute((2, 1, 3)), 0),
    "padded": (layers.ZeroPadding2D(1), 0),
    "averaged": (layers.AveragePooling2D(2), 0),
    "the largest": (layers.MaxPooling2D(2), 1),
    "the largest of all": (layers.Lambda(lambda x: ops.max(x, axis=1, keepdims=True)), 1),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_sign_goes_through_what_moves_values_but_not_through_the_largest(name: str) -> None:
    move, left = MOVES[name]
    inputs = keras.Input((6, 6, 3))
    x = ops.negative(move(layers.Conv2D(4, 3)(inputs)))
    model = fill_weights(keras.Model(inputs, layers.Dense(3)(layers.Flatten()(ops.sigmoid(x)))))
    compare(model)
    assert sum(isinstance(part, Multiply) for part in make_twin(model).parts) == left


def test_only_the_first_standardize_is_left_to_the_host() -> None:
    inputs = keras.Input((3,))
    x = layers.Dense(4, name="middle")(Standardize(name="first")(inputs))
    model = keras.Model(inputs, layers.Dense(2)(Standardize(name="second")(x)))
    first = model.get_layer("first")
    assert first_reader(model) is first
    fill_weights(model)
    rows = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    host = affine_of(first)
    assert host is not None
    twin = make_twin(model, Host.of(host, None))
    expected = model.predict(rows, verbose=0)
    got = predict(twin, host(rows), Exact())
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    beside = keras.Model(
        inputs, layers.Add()([layers.Dense(3)(Standardize()(inputs)), layers.ReLU()(inputs)])
    )
    assert first_reader(beside) is None
    sequential = keras.Sequential([layers.Input((3,)), Standardize(), layers.Dense(2)])
    assert first_reader(sequential) is sequential.layers[0]


def test_a_branch_beside_the_gru_has_no_step_form() -> None:
    inputs = keras.Input((6, 3))
    deep = layers.Dense(4)(layers.Dense(4)(layers.Dense(4)(layers.GRU(4)(inputs))))
    branches = [deep, layers.Dense(4)(layers.Flatten()(inputs))]
    twin = make_twin(keras.Model(inputs, layers.Add()(branches)))
    assert not twin.streams()
    with pytest.raises(zoo.UserError, match="is also read outside the GRU layers"):
        twin.cells()


def test_a_twin_of_other_weights_is_refused() -> None:
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)
    other = quantize(filled("mlp_tiny"), data)
    with pytest.raises(zoo.UserError, match="quantized was made from other weights than those"):
        quantize_aware(fill("mlp_tiny", seed=1), data, start=other)
