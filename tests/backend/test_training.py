"""Training is the same on every backend: batches, rates, averages."""

from typing import Any

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.instances import EVERYTHING, data_for, data_of, fill, presets, rows, small, spec
from tuning import FineTuning, Recipe, fit, quantize_aware
from tuning.augmentation.apply import KINDS
from tuning.training.feeding import Batches, Feed
from tuning.training.losses import Targets, compile_for
from tuning.training.phase import adapt_inputs
from zoo.backends import NARROW
from zoo.data.kinds import IMAGE
from zoo.models.cnn import conv
from zoo.quantization.calibration import predict
from zoo.quantization.errors import relative_error
from zoo.quantization.layers.arithmetic import Int8

HALVED = ["cnn_tiny", "gru_tiny", "vit_tiny"]  # trained in bfloat16


def data() -> zoo.Data:
    return data_of(rows("mlp_tiny", 40), np.arange(40) % 2)


def by_hand(recipe: Recipe) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Train batch by batch; return the weights, and their average after each step."""
    keras.utils.set_random_seed(0)
    model = spec("mlp_tiny").build()
    given = data()
    adapt_inputs(model, given)
    compile_for(model, given, recipe)
    batches = Batches(Feed.of(given, Targets.of(given), recipe), 0)
    average: list[np.ndarray] = []
    for number in range(recipe.epochs * batches.steps):
        model.train_on_batch(*batches[number])
        weights = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
        share = recipe.ema if number else 0.0
        average = [
            share * old + (1 - share) * new
            for old, new in zip(average or weights, weights, strict=True)
        ]
    return [keras.ops.convert_to_numpy(v) for v in model.trainable_variables], average


@pytest.mark.parametrize(
    ("schedule", "ema"), [("cosine", 0.0), ("one-cycle", 0.8), ("constant", 0.8)]
)
def test_fit_sees_each_batch_once_and_in_order(schedule: str, ema: float) -> None:
    recipe = Recipe(
        epochs=6, batch_size=16, patience=0, mixup=0.4, ema=ema, schedule=schedule, focal=1.0
    )
    weights, average = by_hand(recipe)
    keras.utils.set_random_seed(0)
    model = spec("mlp_tiny").build()
    result = fit(model, data(), recipe)
    assert len(result.history["loss"]) == 6
    for found, expected in zip(model.trainable_variables, average if ema else weights, strict=True):
        values = keras.ops.convert_to_numpy(found)
        np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["cnn_tiny", "gru_tiny", "unet_tiny", "detect_tiny"])
def test_trains_with_all_that_its_rows_allow(name: str) -> None:
    data = data_for(name, 24)
    off = {"flip"} | ({"mixup", "cutmix"} if data.task.moves else set())
    off |= {"mosaic"} - data.task.knobs
    fields: dict[str, Any] = {
        field: 0.3 for field, kinds in KINDS.items() if data.kind in kinds and field not in off
    }
    assert len(fields) >= 4
    balance = "weights" if "balance" in data.task.knobs else "none"
    flip = data.kind is IMAGE
    recipe = Recipe(epochs=2, batch_size=16, flip=flip, balance=balance, **fields)
    model = spec(name).build()
    fit(model, data, recipe)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("name", presets(HALVED, HALVED if EVERYTHING else HALVED[:1]))
def test_bfloat16_is_the_trainings_only(name: str) -> None:
    x = rows(name, 16)
    given = data_of(x, np.arange(16) % small(name)[1])
    seen: list[str] = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            seen.extend(layer.compute_dtype for layer in self.model.layers)

    trained = []
    for precision in ("float32", "bfloat16"):
        keras.utils.set_random_seed(0)
        model = spec(name).build()
        policies = [layer.dtype_policy.name for layer in model.layers]
        recipe = Recipe(epochs=2, batch_size=16, precision=precision)
        fit(model, given, recipe, callbacks=(Watch(),))
        assert policies == [layer.dtype_policy.name for layer in model.layers]
        assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
        trained.append(model.predict(x, verbose=0))
    assert "bfloat16" in seen
    assert not np.array_equal(*trained)
    np.testing.assert_allclose(trained[0], trained[1], atol=0.3)
    other = fill(name)
    model.set_weights(other.get_weights())
    expected = keras.ops.convert_to_numpy(other(x, training=False))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)


def test_the_head_is_trained_first_and_the_backbone_stays() -> None:
    model = fill("cnn_tiny")
    given = data_of(rows("cnn_tiny", 40), np.arange(40) % 10)
    before = [keras.ops.convert_to_numpy(weight) for weight in model.layers[2].weights]
    result = fit(model, given, Recipe(epochs=2, frozen=0.5, unfreeze=0.0, patience=0))
    assert result.epochs == 2
    for weight, values in zip(model.layers[2].weights, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(weight), values)
    assert all(layer.trainable for layer in model.layers)


@pytest.mark.parametrize("channels", [6, NARROW])
@pytest.mark.parametrize("side", [48, 33])
def test_the_gradient_of_a_strided_pointwise_convolution(channels: int, side: int) -> None:
    """With few channels oneDNN's kills the process, or is wrong: in ours and in the twin."""
    random = np.random.default_rng(0)
    x = random.normal(size=(32, side, side, channels)).astype("float32")
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, conv(inputs, 12, 1, 2))
    kernel, bias = (keras.ops.convert_to_numpy(v) for v in model.trainable_variables)
    seen = x[:, ::2, ::2]
    y = random.normal(size=(*seen.shape[:3], 12)).astype("float32")
    expected = seen @ kernel[0, 0] + bias
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-4)
    model.compile(keras.optimizers.SGD(1.0), "mean_squared_error")
    model.train_on_batch(x, y)
    slope = np.einsum("bhwi,bhwo->io", seen, 2 * (expected - y) / y.size)
    moved = kernel[0, 0] - keras.ops.convert_to_numpy(model.trainable_variables[0])[0, 0]
    np.testing.assert_allclose(moved, slope, rtol=1e-3, atol=1e-5)


def test_the_twin_of_narrow_strided_pointwise_convolutions_is_trained() -> None:
    x = np.random.default_rng(0).normal(size=(64, 48, 48, 6)).astype("float32")
    inputs = keras.Input(x.shape[1:])
    y = keras.layers.Conv2D(12, 1, 2, padding="same")(inputs)
    y = keras.layers.GlobalAveragePooling2D()(y)
    model = keras.Model(inputs, keras.layers.Dense(2)(y))
    data = data_of(x, np.arange(64) % 2)
    trained = quantize_aware(model, data, fine_tuning=FineTuning(epochs=1))
    exact = model.predict(x, verbose=0)
    found = predict(trained.twin, trained.rows.fed(x), Int8())
    assert relative_error(found, exact) < 0.1
