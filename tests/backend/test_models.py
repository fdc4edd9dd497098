"""The conformance suite: a line in the preset table is in every test here, on every backend."""

from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.instances import (
    COSTLY,
    SMALLEST,
    TINY,
    TRIED,
    data_for,
    data_of,
    fill,
    filled,
    made_for,
    round_trip,
    rows,
    small,
    spec,
    task_of,
)
from tuning import Recipe, fit
from zoo.data.kinds import IMAGE
from zoo.layers.inputs import count_parameters
from zoo.models.lite import hand_made
from zoo.presets.catalogue import PRESETS, family_of, reference
from zoo.run import load_weights, save_weights
from zoo.tasks.units import Units

every_preset = pytest.mark.parametrize("name", TRIED)
every_family = pytest.mark.parametrize("name", SMALLEST)
GOLDEN = Path(__file__).parents[1] / "helpers" / "golden.npz"


@every_preset
def test_parameters_are_as_declared(name: str) -> None:
    model = zoo.create_model(name, *reference(name))
    assert count_parameters(model) == PRESETS[name].parameters


@every_family
def test_tiny_presets_have_under_5000_parameters(name: str) -> None:
    """But those that are not made for tests: the smallest detector is one that is used."""
    most = 5000 if PRESETS[name].source.startswith("for tests") else 80_000
    assert spec(name).build().count_params() < most
    assert PRESETS[name].parameters < most


@every_preset
def test_json_round_trip_rebuilds_the_same_model(name: str) -> None:
    described = spec(name)
    assert round_trip(described) == described
    model = filled(name)
    rebuilt = round_trip(described).build()
    rebuilt.set_weights(model.get_weights())
    np.testing.assert_array_equal(logits(rebuilt, name), logits(model, name))


@every_preset
def test_keras_configuration_loads_in_safe_mode(name: str) -> None:
    model = filled(name)
    rebuilt = keras.models.model_from_json(model.to_json())
    rebuilt.set_weights(model.get_weights())
    np.testing.assert_array_equal(logits(rebuilt, name), logits(model, name))


@every_preset
@pytest.mark.parametrize("batch", [1, 3])
def test_output_shape_dtype_and_finite(name: str, batch: int) -> None:
    output = logits(filled(name), name, batch)
    expected = task_of(name, *small(name)).shape_of(filled(name), *small(name))
    assert output.shape == (batch, *expected)
    assert output.dtype == np.float32
    assert np.isfinite(output).all()


@every_preset
def test_every_trainable_weight_gets_a_finite_gradient(name: str) -> None:
    model = fill(name)
    recorded: list[np.ndarray] = []

    class Recorder(keras.optimizers.SGD):
        def apply(self, grads, trainable_variables=None):  # type: ignore[no-untyped-def]
            recorded.extend(keras.ops.convert_to_numpy(gradient) for gradient in grads)
            return super().apply(grads, trainable_variables)

        def stateless_apply(self, variables, grads, trainable):  # type: ignore[no-untyped-def]
            recorded.extend(keras.ops.convert_to_numpy(gradient) for gradient in grads)
            return super().stateless_apply(variables, grads, trainable)

    data = data_for(name, 10)  # all classes among them
    model.compile(Recorder(1e-3), data.task.loss(), run_eagerly=True, jit_compile=False)
    model.train_on_batch(data.x_train, data.task.aims(data.y_train))
    assert len(recorded) >= len(model.trainable_variables) > 0
    for gradient, weight in zip(recorded, model.trainable_variables, strict=False):
        assert gradient.shape == tuple(weight.shape), weight.path
        assert np.isfinite(gradient).all(), weight.path
    assert sum(np.abs(gradient).sum() > 0 for gradient in recorded) > len(recorded) / 2


@pytest.mark.parametrize("name", COSTLY)
def test_overfits_16_rows(name: str) -> None:
    data = data_for(name, 16)
    keras.utils.set_random_seed(0)
    model = spec(name).build()
    recipe = Recipe(epochs=120, batch_size=16, weight_decay=0, label_smoothing=0, patience=0)
    fit(model, data, recipe)
    outputs = model.predict(data.x_train, verbose=0)
    known = data.task.score(data.y_train, outputs, Units())
    assert known >= (0.95 if data.task.moves == "mask" else 1)  # of thousands of pixels


def test_training_leaves_the_hand_made_filters_alone() -> None:
    model = spec("lite_tiny").build()
    (frozen,) = model.get_layer("hand_made").get_weights()
    assert model.get_layer("hand_made").trainable_variables == []
    before = model.get_weights()
    data = data_of(rows("lite_tiny", 32), np.arange(32) % 10)
    fit(model, data, Recipe(epochs=2, learning_rate=0.01, weight_decay=1.0))
    np.testing.assert_array_equal(model.get_layer("hand_made").get_weights()[0], frozen)
    np.testing.assert_array_equal(frozen[0, :, 1], hand_made([2, 4, 8]))
    moved = [not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True)]
    assert sum(moved) == len(moved) - 1


@every_preset
def test_inference_is_deterministic_and_leaves_weights_alone(name: str) -> None:
    model = filled(name)
    before = model.get_weights()
    np.testing.assert_array_equal(logits(model, name), logits(model, name))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@every_preset
def test_training_mode_differs_only_through_dropout_and_batch_statistics(name: str) -> None:
    model = fill(name)  # batch statistics change
    x = rows(name)
    kinds = {type(layer).__name__ for layer in model.layers}
    active_dropout = any(getattr(layer, "rate", 0) > 0 for layer in model.layers)
    trained = keras.ops.convert_to_numpy(model(x, training=True))
    differs = not np.allclose(trained, logits(model, name, 16), atol=1e-5)
    assert differs == ("BatchNormalization" in kinds or active_dropout)
    with_dropout = spec(name, dropout=0.5).build()
    first, second = (with_dropout(x, training=True) for _ in range(2))
    assert not np.allclose(*(keras.ops.convert_to_numpy(y) for y in (first, second)))


@every_preset
def test_same_seed_same_weights(name: str) -> None:
    def weights(seed: int) -> list[np.ndarray]:
        keras.utils.set_random_seed(seed)
        return spec(name).build().get_weights()

    assert all(np.array_equal(a, b) for a, b in zip(weights(0), weights(0), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights(0), weights(1), strict=True))


@every_preset
def test_saved_weights_load_equal(name: str, tmp_path: Path) -> None:
    model, other = filled(name), fill(name, seed=1)
    save_weights(model, tmp_path / "weights.h5")
    load_weights(other, tmp_path / "weights.h5")
    np.testing.assert_array_equal(logits(other, name), logits(model, name))


@every_family
def test_golden_logits(name: str) -> None:
    with np.load(GOLDEN) as golden:
        np.testing.assert_allclose(logits(filled(name), name), golden[name], rtol=1e-4, atol=1e-5)


@every_preset
def test_every_argument_of_a_preset_is_one_of_its_factory(name: str) -> None:
    assert set(PRESETS[name].arguments) <= set(family_of(name).arguments)


@pytest.mark.parametrize("name", ["mlp_tiny", *(name for name in TINY if made_for(name) is IMAGE)])
@pytest.mark.parametrize("shape", [(5, 7, 3), (1, 3, 1), (25, 25, 1)])
def test_any_image_size(name: str, shape: tuple[int, ...]) -> None:
    model = zoo.create_model(name, shape, 3)
    output = model(np.zeros((2, *shape), np.float32))
    assert tuple(output.shape) == (2, *task_of(name, shape, 3).shape_of(model, shape, 3))


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("mlp_tiny", {"depth": 0}),
        ("mlp_ple_tiny", {"depth": 0, "bins": 1}),
        ("vit_tiny", {"depth": 0}),
        ("vit_tiny", {"norm": "layer"}),
        ("vit_tiny", {"patch_size": 4}),
        ("gru_tiny", {"depth": 3}),
        ("cnn_tiny", {"activation": "hard_silu", "blocks": 2}),
        ("cnn_mobile_tiny", {"blocks": [2, 1], "strides": [2, 1], "kernels": 5}),
        ("vit_cct_tiny", {"stem_layers": 2, "norm": "batch", "pool": "average"}),
    ],
)
def test_variants_build_and_predict(name: str, overrides: dict[str, object]) -> None:
    output = spec(name, **overrides).build()(rows(name, 2))
    assert np.isfinite(keras.ops.convert_to_numpy(output)).all()


def logits(model: keras.Model, name: str, batch: int = 4) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(rows(name, batch), training=False))
