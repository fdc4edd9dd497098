"""The quantization twin on every backend: the model, NumPy's rounding, training."""

import itertools
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import zoo
from export.graphs import rows_of
from tests.export.tflite.graphs import GRAPHS
from tests.helpers.instances import (
    EVERYTHING,
    FIRST,
    NAMES,
    TINY,
    TRAINED,
    Home,
    data_of,
    few,
    fill_weights,
    filled,
    rows,
    small,
)
from tuning import FineTuning, Recipe, fit, quantize_aware
from tuning.training import imitation
from zoo.quantization import calibrate, make_twin, quantize
from zoo.quantization.calibration import answers, predict
from zoo.quantization.equalizing import equalize
from zoo.quantization.errors import relative_error
from zoo.quantization.layers.arithmetic import Exact, Int8
from zoo.quantization.layers.products import Dense
from zoo.quantization.layers.ranges import Range
from zoo.quantization.rounding import refine

VARIANTS = [
    ("vit_tiny", {"norm": "layer"}),
    ("vit_tiny", {"norm": "rms", "activation": "silu"}),
    ("vit_tiny", {"attention": "sigmoid", "activation": "hard_silu"}),
    ("gru_tiny", {"depth": 2}),
    ("gru_tiny", {"bidirectional": True}),
    ("gru_tiny", {"bidirectional": True, "depth": 2}),
    ("gru_conv_tiny", {"depth": 2, "bidirectional": True}),
    ("gru_lstm_tiny", {"depth": 2}),
    ("gru_lstm_tiny", {"bidirectional": True, "depth": 2}),
    ("lite_tiny", {"patterns": []}),
    ("inception_tiny", {"depth": 4}),
    ("cnn_tiny", {"activation": "tanh"}),
    ("cnn_tiny", {"activation": "relu6", "stem_kernel": [5, 2], "stem_stride": 2}),
    ("mlp_tiny", {"activation": "gelu"}),
    ("cnn_efficient_tiny", {"activation": "hard_silu", "strides": [2, 2]}),
    ("vit_cct_tiny", {"norm": "batch", "stem_layers": 2, "drop_path": 0.2}),
    ("mlp_ple_tiny", {"depth": 0, "bins": 1}),
    ("mlp_tiny", {"members": 3}),
    ("gru_tiny", {"masked": True}),
    ("gru_tiny", {"masked": True, "depth": 2}),
    ("gru_tiny", {"masked": True, "bidirectional": True, "depth": 2}),
    ("gru_lstm_tiny", {"masked": True, "depth": 2}),
    ("text_gru_tiny", {"cell": "lstm", "bidirectional": False}),
    ("text_transformer_tiny", {"norm": "layer", "depth": 2}),
    ("text_cnn_tiny", {"kernels": [2]}),
]
# on the other backends `make test` takes one of each family
TWINS = [
    pytest.param(name, overrides, marks=() if EVERYTHING or quickly else pytest.mark.slow)
    for name, overrides, quickly in (
        *((name, {}, name in FIRST) for name in TINY),
        *((*variant, False) for variant in VARIANTS),
    )
]


@pytest.mark.slow  # the larger presets; the tiny ones are tried below
@pytest.mark.parametrize("name", [name for name in NAMES if name not in TINY])
def test_without_rounding_the_twin_is_the_model(name: str) -> None:
    model, x = filled(name), rows(name, 8)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(make_twin(model), x, Exact()), expected, atol=2e-5)


@pytest.mark.parametrize(("name", "overrides"), TWINS)
def test_the_twin_is_the_model_and_its_rounding_is_small(
    name: str, overrides: dict[str, object]
) -> None:
    shape, outputs = small(name)
    model = fill_weights(zoo.create_model(name, shape, outputs, **overrides))
    x = rows(name, 24)
    if overrides.get("masked"):
        x[..., -1] = np.arange(x.shape[1]) >= np.arange(24)[:, None] % x.shape[1]
    before = model.get_weights()
    twin = make_twin(model)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, atol=2e-5)
    equalize(twin, x)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, atol=2e-5)
    calibrate(twin, x)
    error = relative_error(predict(twin, x, Int8()), expected)
    assert 0 < error < 0.25
    refine(twin, x)
    assert 0 < relative_error(predict(twin, x, Int8()), expected) < max(1.1 * error, 0.01)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("shape", [(5, 7, 3), (9, 4, 1)])
@pytest.mark.parametrize(
    "name",
    [
        "cnn_tiny",
        "cnn_depthwise_small",
        "cnn_efficient_tiny",
        "vit_tiny",
        "vit_cct_tiny",
        "mlp_tiny",
    ],
)
def test_images_that_need_padding(name: str, shape: tuple[int, ...]) -> None:
    model = fill_weights(zoo.create_model(name, shape, 3))
    x = np.random.default_rng(0).normal(size=(8, *shape)).astype(np.float32)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(predict(make_twin(model), x, Exact()), expected, atol=2e-5)


@pytest.mark.parametrize("name", ["a weight on the left", "vision transformer", "named inputs"])
def test_layers_that_are_taken_apart(name: str) -> None:
    model = fill_weights(GRAPHS[name]())
    rng = np.random.default_rng(0)
    x = rows_of(model, [rng.normal(size=(16, *one.shape[1:])) for one in model.inputs])
    np.testing.assert_allclose(
        predict(make_twin(model), x, Exact()), answers(model, x), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    ("low", "high", "narrow"),
    [(-1.0, 127 / 128, False), (0.0, 255 / 256, False), (-0.37, 2.9, False), (-4.0, 4.0, True)],
)
def test_fake_quantization_against_numpy(low: float, high: float, narrow: bool) -> None:
    """TensorFlow's definition: the zero point is nudged to an integer, then values are rounded."""
    where = Range("r", narrow=narrow)
    where.low.assign(low)
    where.high.assign(high)
    x = np.linspace(-6, 6, 2001).astype(np.float32)
    levels = 254 if narrow else 255
    step = np.float32((high - low) / levels)
    zero = round(-low / step)
    expected = (np.clip(np.rint(x / step), -zero, levels - zero) * step).astype(np.float32)
    got = keras.ops.convert_to_numpy(Int8().activation(where, keras.ops.convert_to_tensor(x)))
    steps = np.abs(got - expected) / step
    assert (steps < 1.001).all()
    assert (steps < 1e-3).mean() > 0.995  # ties may go either way


def test_weights_and_biases_are_rounded_per_output_channel() -> None:
    kernel = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32) * [1, 10, 0.1, 3, 0]
    bias = np.linspace(-1, 1, 5).astype(np.float32)
    where = Range("r")
    where.set(-0.5, 2.0)
    layer = Dense("dense", kernel, bias)
    layer.reads(where)
    got, got_bias = Int8().weights(layer, None)
    step = np.maximum(np.abs(kernel).max(axis=0), 1e-12) / 127
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(got), np.rint(kernel / step) * step, rtol=1e-5, atol=1e-7
    )
    unit = step * (2.5 / 255)
    expected = np.rint(bias / unit) * unit
    np.testing.assert_allclose(keras.ops.convert_to_numpy(got_bias), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", TRAINED)
def test_quantization_aware_training(name: str, home: Home) -> None:
    """Trained, the twin is nearer to the float model; the model itself stays as it was."""
    data = few(home(name), 400)
    keras.utils.set_random_seed(0)
    model = zoo.create_model(name, data.input_shape, data.num_outputs)
    fit(model, data, Recipe(epochs=4, learning_rate=5e-3))
    before = model.get_weights()
    start = quantize(model, data)
    ranges = [weight for weight in start.twin.get_weights() if weight.shape == ()]
    trained = quantize_aware(
        model, data, start=start, fine_tuning=FineTuning(epochs=2, batch_size=128)
    )
    assert (start.rung, trained.rung) == ("ptq", "qat")
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    after = [weight for weight in trained.twin.get_weights() if weight.shape == ()]
    np.testing.assert_array_equal(ranges, after)  # the ranges are those the file gets

    exact = model.predict(data.x_validation, verbose=0)
    errors = []
    for one in (start, trained):
        found = predict(one.twin, one.rows.fed(data.x_validation), Int8())
        errors.append(np.sqrt(np.mean((found - exact) ** 2)))
        assert data.task.lost(data.y_validation, exact, found) < 6
    assert errors[1] <= errors[0] * 1.001


@pytest.mark.parametrize(("seconds", "epochs"), [(0.5, 0), (30, 4)])
def test_a_twin_is_trained_as_long_as_there_is_time(
    seconds: float, epochs: int, wine: zoo.Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that moves on a second at each look: one before, one after each batch."""
    keras.utils.set_random_seed(0)
    model = zoo.create_model("mlp_tiny", wine.input_shape, wine.num_outputs)
    clock = itertools.count()
    monkeypatch.setattr(imitation, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    told: list[tuple[int, int]] = []
    how = FineTuning(epochs=1000, batch_size=16, seconds=seconds)  # 8 batches an epoch
    trained = quantize_aware(
        model, wine, fine_tuning=how, on_epoch=lambda done, of: told.append((done, of))
    )
    assert trained.rung == "qat"
    assert told == [(n + 1, 1000) for n in range(epochs)]
    if not epochs:
        for one, other in zip(
            trained.twin.weights, quantize(model, wine).twin.weights, strict=True
        ):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
    with pytest.raises(zoo.UserError, match="seconds must be a number in"):
        FineTuning(seconds=0.0)


def test_the_straight_through_gradient_reaches_every_kernel() -> None:
    x = rows("vit_tiny", 32)
    model = filled("vit_tiny")
    data = data_of(x, np.arange(32) % 10)
    start = quantize(model, data)
    how = FineTuning(epochs=1, learning_rate=0.01)
    moved = quantize_aware(
        model, data_of(x + 0.3, np.arange(32) % 10), start=start, fine_tuning=how
    )
    pairs = zip(start.twin.weights, moved.twin.weights, strict=True)
    kernels = [(a, b) for a, b in pairs if len(a.shape) > 1]
    assert len(kernels) > 10
    changed = [not np.array_equal(a.numpy(), b.numpy()) for a, b in kernels]
    assert all(changed) or not any(changed)  # all, unless no epoch was better than none
