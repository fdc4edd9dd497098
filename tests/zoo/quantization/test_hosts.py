"""Ends of a twin whose units the host converts: which, when, and that nothing else changes."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tuning
import zoo
from tests.helpers.instances import data_of, fill_weights
from zoo.quantization import make_twin, quantize
from zoo.quantization.calibration import predict
from zoo.quantization.hosts import affine_of, host_of, units_of
from zoo.quantization.layers.affine import Affine, Host
from zoo.quantization.layers.arithmetic import Exact, Int8
from zoo.quantization.rows import choose_rows
from zoo.tasks.regression import Regression

MEAN, STD = np.array([20.0, 1013.0, 0.5]), np.array([6.0, 8.0, 0.2])  # deg C, hPa, a share
UNITS = Affine(3 * STD, MEAN, whole=True)
INVERSE = {"mean": MEAN, "variance": STD**2, "invert": True}


def numbers(x: np.ndarray, y: np.ndarray) -> zoo.Data:
    """Wrap rows and targets."""
    data = data_of(x, np.zeros(len(x), int))
    parts = {"x_train": x, "y_train": y, "x_test": x[:8], "y_test": y[:8]}
    empty = {"x_validation": x[:0], "y_validation": y[:0]}
    return zoo.Data(data.name, data.kind.name, 0, Regression(), data.hash, **parts, **empty)


def test_one_scale_serves_outputs_near_zero_and_alike() -> None:
    rng = np.random.default_rng(0)
    near = rng.normal([3, 5], [1, 2], (256, 2))
    assert units_of(near) is None
    assert units_of(rng.lognormal(0, 2, (256, 1))) is None  # a unit of its own would not help
    far = np.array([0.0, 1e4])
    for apart in (1013 + 6 * near[:, :1], near * [1, 100], near + far):
        found = units_of(apart)
        assert found is not None
        inner = found.inverse()(apart)
        assert 0.6 < np.abs(inner).max(axis=0).min() <= np.abs(inner).max() < 0.7  # with headroom
        np.testing.assert_allclose(found(inner), apart, rtol=1e-5)
    still = units_of(np.stack([1013 + near[:, 0], np.full(256, 7.0)], axis=1))
    assert still is not None
    inner = still.inverse()(np.array([[1013.0, 7.0]]))
    np.testing.assert_allclose(inner[:, 1], 0, atol=1e-6)


def heads(x: Any) -> Any:
    return layers.Concatenate()([layers.Dense(1)(x), layers.Dense(2)(x)])


def beside(x: Any) -> Any:
    return layers.Subtract()([layers.Dense(3)(x), layers.Dense(3)(layers.Dense(3, "relu")(x))])


# name: (shape of a row, what makes outputs of it, operators that the host saves)
ENDS: dict[str, tuple[tuple[int, ...], Callable[[Any], Any], int]] = {
    "dense": ((5,), layers.Dense(3), 0),
    "normalization": ((5,), lambda x: layers.Normalization(**INVERSE)(layers.Dense(3)(x)), 2),
    "rescaling": ((5,), lambda x: layers.Rescaling(8.0, 1013.0)(layers.Dense(3)(x)), 2),
    "diagonal": ((5,), lambda x: layers.Dense(3)(layers.Dense(3)(x)), 1),
    "batch norm": ((5,), lambda x: layers.BatchNormalization()(layers.Dense(3)(x)), 0),
    "by hand": ((5,), lambda x: layers.Dense(3)(x) * 8.0 + 1013.0, 0),
    "relu": ((5,), layers.Dense(3, activation="relu"), 0),
    "heads": ((5,), heads, 0),
    "difference": ((5,), beside, 0),
    "recurrent": ((4, 3), lambda x: layers.Normalization(**INVERSE)(layers.GRU(3)(x)), 2),
    "means": ((4, 3), lambda x: layers.GlobalAveragePooling1D()(layers.Conv1D(3, 1)(x)), 0),
    "largest": ((4, 3), lambda x: layers.GlobalMaxPooling1D()(layers.Conv1D(3, 1)(x)), 0),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_twin_in_units_of_its_own_computes_the_model(name: str) -> None:
    shape, end, saved = ENDS[name]
    inputs = keras.Input(shape)
    model = fill_weights(keras.Model(inputs, end(inputs)))
    if name == "diagonal":
        model.layers[-1].set_weights([np.diag(STD), MEAN])
    x = np.random.default_rng(0).normal(size=(16, *shape)).astype(np.float32)
    plain, twin = make_twin(model), make_twin(model, Host.of(None, UNITS))
    assert set(twin.given) == {0}
    assert len(twin.nodes) == len(plain.nodes) - saved
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-5, atol=1e-3)
    own = np.asarray(keras.ops.convert_to_numpy(twin.run(x, Exact())))
    np.testing.assert_allclose(twin.in_units(expected), own, rtol=1e-4, atol=1e-4)


def test_outputs_that_no_kernel_makes_stay_as_they_are() -> None:
    inputs = keras.Input((4, 3))
    for end in (layers.GRU(3), layers.LSTM(3)):
        twin = make_twin(fill_weights(keras.Model(inputs, end(inputs))), Host.of(None, UNITS))
        assert not twin.given


def test_steps_that_are_flattened_share_the_unit_of_their_channel() -> None:
    inputs = keras.Input((4, 3))
    model = fill_weights(keras.Model(inputs, layers.Flatten()(layers.Conv1D(3, 1)(inputs))))
    model.layers[1].bias.assign(MEAN)
    x = np.random.default_rng(0).normal(size=(64, 4, 3)).astype(np.float32)
    units = units_of(model.predict(x, verbose=0))
    assert units is not None
    twin = make_twin(model, Host.of(None, units))
    np.testing.assert_array_equal(twin.given[0].scale, np.tile(twin.given[0].scale[:3], 4))
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-5, atol=1e-5)
    alike = keras.Model(inputs, layers.Flatten()(layers.Conv1D(1, 1)(inputs)))
    image = Affine(np.array([1.0, 0.1, 1.0, 1.0]), np.zeros(4), whole=True)
    assert not make_twin(fill_weights(alike), Host.of(None, image)).given  # nothing is won


def kelvin(*after: Any) -> tuple[keras.Model, zoo.Data]:
    """Return a model of series at 295 +- 3 K that knows where they are, and such series."""
    x = np.random.default_rng(0).normal(295, 3, (300, 12, 1)).astype(np.float32)
    model = fill_weights(keras.Sequential([keras.Input((12, 1)), *after, layers.Dense(1)]))
    first = model.layers[0]
    if isinstance(first, layers.BatchNormalization):
        first.set_weights([np.full(1, 1.5), np.zeros(1), np.full(1, 295.0), np.full(1, 9.0)])
    elif isinstance(first, layers.Conv1D):
        kernel, _ = first.get_weights()
        first.set_weights([kernel, -295 * kernel.sum(axis=(0, 1))])
    return model, numbers(x, np.zeros((300, 1), np.float32))


FIRST: dict[str, tuple[list[Any], str | None]] = {
    "conv": ([layers.Conv1D(4, 3), layers.GlobalAveragePooling1D()], None),
    "batch norm": ([layers.BatchNormalization(name="bn"), layers.Flatten()], "bn"),
    "rescaling": ([layers.Rescaling(1 / 3, -295 / 3, name="r"), layers.Flatten()], "r"),
}


@pytest.mark.parametrize("name", FIRST)
def test_inputs_far_from_zero_are_standardized_by_the_host(name: str) -> None:
    after, layer = FIRST[name]
    model, data = kelvin(*after)
    found = quantize(model, data)
    assert found.rows.host is not None
    assert found.rows.host.layer == layer
    assert np.abs(found.rows.fed()).max() < 8
    exact = model.predict(data.x_train, verbose=0)
    rounded = predict(found.twin, found.rows.fed(data.x_train), Int8())
    assert np.std(rounded - exact) < 0.05 * exact.std()


def test_a_host_that_needs_an_operator_to_undo_it_is_not_taken() -> None:
    """Zeros around a picture are zeros of the model's input, which only an ADD could make."""
    model, data = kelvin(layers.Conv1D(4, 3, padding="same"), layers.Flatten())
    assert choose_rows(model, data, 64, 0).host is None
    assert affine_of(model.layers[0]) is None


def test_what_is_no_scale_and_offset_is_left_to_the_graph() -> None:
    inputs = keras.Input((4, 3))
    for layer in (layers.Dense(3), layers.ReLU(), layers.LayerNormalization()):
        layer(inputs)
        assert affine_of(layer) is None
    twice = layers.Add()
    twice([inputs, inputs])
    assert affine_of(twice) is None
    dead = layers.BatchNormalization()
    dead(inputs)
    dead.gamma.assign([1.0, 0.0, 1.0])
    assert affine_of(dead) is None
    steps = layers.Rescaling(2.0)
    steps(keras.Input((None, 3)))
    assert affine_of(steps) is None


def model_of(y: np.ndarray) -> keras.Model:
    """Return a model whose outputs have mean and deviation of these."""
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(24, activation="relu"), layers.Dense(y.shape[1])]
    )
    x = np.random.default_rng(1).uniform(-2, 2, (2000, 5))
    plain = fill_weights(model).predict(x, verbose=0)
    scale = y.std(axis=0) / plain.std(axis=0)
    kernel, bias = model.layers[-1].get_weights()
    bias = (bias - plain.mean(axis=0)) * scale + y.mean(axis=0)
    model.layers[-1].set_weights([kernel * scale, bias])
    return model


GOALS = {"hPa": ([1013.0], [6.0]), "deg C, hPa, a share": (MEAN, STD)}


@pytest.mark.parametrize("name", GOALS)
def test_int8_is_as_good_as_float_in_any_unit(name: str) -> None:
    """The RMSE of each target rises by at most 1 %; it was 95 % and 2117 %."""
    mean, std = (np.asarray(one) for one in GOALS[name])
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (900, 5)).astype(np.float32)
    model = model_of(rng.normal(mean, std, (900, len(mean))))
    of_float = model.predict(x, verbose=0)
    y = (of_float + 0.15 * std * rng.normal(size=of_float.shape)).astype(np.float32)
    data = numbers(x[:600], y[:600])
    found = quantize(model, data)
    of_int8 = predict(found.twin, found.rows.fed(x[600:]), Int8())
    errors = [np.sqrt(np.mean((one - y[600:]) ** 2, axis=0)) for one in (of_float[600:], of_int8)]
    assert (errors[1] <= 1.01 * errors[0]).all()
    trained = tuning.quantize_aware(
        model, data, start=found, fine_tuning=tuning.FineTuning(epochs=1)
    )
    assert trained.twin.given.keys() == {0}
    _, noise = tuning.quantization.held_out_loss(model, data, trained)
    assert noise < 0.03


def test_each_output_has_units_of_its_own() -> None:
    """Of a model of two outputs one is far from zero, and so is one of two inputs' layers."""
    pair = keras.Input((4,)), keras.Input((3,))
    layer = layers.Dense(2)
    shared = layers.Add()([layer(layers.Dense(4)(pair[0])), layers.Dense(2)(pair[1])])
    model = fill_weights(keras.Model(pair, [layers.Dense(1)(shared), shared]))
    model.layers[-1].bias.assign([1013.0])
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(64, size)).astype(np.float32) for size in (4, 3)]
    outputs = model.predict(x, verbose=0)
    twin = make_twin(model, host_of(None, outputs))
    assert set(twin.given) == {0}
    for found, exact in zip(predict(twin, x, Exact()), outputs, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-5)
    own = twin.in_units(outputs)
    assert np.abs(own[0]).max() < 1
    assert own[1] is outputs[1]
