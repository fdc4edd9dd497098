"""Recipe, fit and spaces."""

import inspect
from dataclasses import fields, replace
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

import zoo
from tests.helpers.instances import NAMES, Home
from tuning import Recipe, fit
from tuning.spaces import SPACES, default_recipe, point
from tuning.study.oracles import hyperband_units
from tuning.training.phase import Diverged
from zoo.presets.catalogue import family_of
from zoo.presets.families import FAMILIES

QUICK = Recipe(epochs=2, learning_rate=1e-2)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("epochs", 0, "epochs must be an integer of at least 1; got 0"),
        ("epochs", -3, "epochs must be an integer of at least 1; got -3"),
        ("batch_size", 0, "batch_size"),
        ("learning_rate", 0, "learning_rate must be a number in"),
        ("learning_rate", "fast", "learning_rate must be a number in .* got 'fast'"),
        ("warmup", 1.0, "warmup"),
        ("weight_decay", -1, "weight_decay"),
        ("schedule", "linear", "schedule='linear' is not known"),
        ("ema", 1.0, "ema must be a number in"),
        ("label_smoothing", 1, "label_smoothing"),
        ("focal", -1, "focal"),
        ("balance", "even", "balance='even' is not known"),
        ("precision", "float16", "precision='float16' is not known"),
        ("distill", 1, "distill"),
        ("shift", 0.5, "shift"),
        ("flip", 1, "flip must be true or false"),
        ("randaugment", 1, "randaugment"),
        ("warp", 1, "warp"),
        ("scaling", 1, "scaling"),
        ("jitter", -0.1, "jitter"),
        ("cutout", 1, "cutout"),
        ("specaugment", 1, "specaugment"),
        ("mixup", 10, "mixup"),
        ("cutmix", -1, "cutmix"),
        ("patience", -1, "patience"),
        ("clip_norm", -1, "clip_norm"),
        ("seed", -1, "seed"),
    ],
)
def test_recipe_out_of_range(field: str, value: Any, message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        Recipe(**{field: value})


def test_every_recipe_field_can_be_wrong() -> None:
    source = inspect.getsource(Recipe.__post_init__)
    assert all(f'"{field.name}"' in source for field in fields(Recipe))


def test_fit_learns_and_repeats(wine: zoo.Data) -> None:
    def train() -> tuple[float, list[np.ndarray]]:
        keras.utils.set_random_seed(1)
        model = zoo.create_model("mlp_tiny", (13,), 3, dropout=0.2)
        return fit(model, wine, Recipe(epochs=30)).score, model.get_weights()

    (score, weights), (again, same) = train(), train()
    assert score == again > 0.9
    assert all(np.array_equal(a, b) for a, b in zip(weights, same, strict=True))


def test_fit_stops_early_and_keeps_the_best_weights(wine: zoo.Data) -> None:
    model = zoo.create_model("mlp_small", (13,), 3)
    result = fit(model, wine, Recipe(epochs=200, patience=3, learning_rate=0.02))
    assert result.epochs < 200
    losses = result.history["val_loss"]
    assert result.loss == min(losses)
    right = model.predict(wine.x_validation, verbose=0).argmax(axis=1) == wine.y_validation
    assert result.score == pytest.approx(right.mean())
    lines = result.to_csv().splitlines()
    assert lines[0] == "epoch,accuracy,loss,val_accuracy,val_loss"
    assert len(lines) == result.epochs + 1


def test_fit_touches_neither_validation_statistics_nor_test_rows(wine: zoo.Data) -> None:
    model = zoo.create_model("mlp_tiny", (13,), 3)
    fit(model, wine, QUICK)
    layer = model.get_layer("standardize")
    np.testing.assert_allclose(1 / np.asarray(layer.scale), wine.x_train.std(axis=0), rtol=1e-4)
    poisoned = replace(wine, x_test=np.full_like(wine.x_test, np.nan))
    other = zoo.create_model("mlp_tiny", (13,), 3)
    other.set_weights(model.get_weights())
    fit(other, poisoned, QUICK)
    assert all(np.isfinite(weight).all() for weight in other.get_weights())


def test_regression_predicts_in_the_units_of_the_targets() -> None:
    data = zoo.load_data("diabetes")
    model = zoo.create_model("mlp_tiny", data.input_shape, 1)
    result = fit(model, data, Recipe(epochs=40, patience=0))
    error = model.predict(data.x_validation, verbose=0) - data.y_validation
    assert result.metric == "rmse"
    assert result.score == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-3)
    assert result.score < np.std(data.y_validation)


def test_what_fit_refuses(wine: zoo.Data) -> None:
    with pytest.raises(zoo.UserError, match=r"maps \(None, 4\) to \(None, 3\), but wine needs"):
        fit(zoo.create_model("mlp_tiny", (4,), 3), wine, QUICK)
    inputs = keras.Input((10,))
    squashed = keras.Model(inputs, keras.layers.Dense(1, activation="tanh")(inputs))
    with pytest.raises(zoo.UserError, match="for regression the last layer must be Dense"):
        fit(squashed, zoo.load_data("diabetes"), QUICK)


def test_divergence_is_an_error(wine: zoo.Data) -> None:
    model = zoo.create_model("mlp_tiny", (13,), 3)
    model.get_layer("head").kernel.assign(np.full((32, 3), np.nan))
    with pytest.raises(Diverged, match="became NaN or infinite in epoch 1; lower learning_rate"):
        fit(model, wine, QUICK)


@pytest.mark.parametrize("name", NAMES)
def test_space_keys_are_arguments_and_its_corners_build(name: str, home: Home) -> None:
    data = home(name)
    space = keras_tuner.HyperParameters()
    base = default_recipe(name)
    default = point(space, name, {}, base)
    assert set(default.overrides) <= set(family_of(name).arguments)
    assert default.recipe == base
    size = zoo.create_model(name, data.input_shape, data.num_outputs).count_params()
    for end in ("smallest", "largest"):
        hp = space.copy()
        for parameter in space.space:
            if parameter.name != "decay_weights":
                values = list(parameter.values)
                hp.values[parameter.name] = values[0] if end == "smallest" else values[-1]
        corner = point(hp, name, {}, base)
        spec = zoo.ModelSpec(name, data.input_shape, data.num_outputs, corner.overrides)
        count = spec.build().count_params()
        assert count <= size if end == "smallest" else count > size
    default_spec = zoo.ModelSpec(name, data.input_shape, data.num_outputs, default.overrides)
    assert default_spec.build().count_params() == size


def test_every_family_has_a_space() -> None:
    assert set(SPACES) == set(FAMILIES)


def test_conditional_and_fixed_parameters() -> None:
    hp = keras_tuner.HyperParameters()
    hp.values["decay_weights"] = False
    chosen = point(hp, "mlp_tiny", {"units": 7}, Recipe())
    assert chosen.recipe.weight_decay == 0
    assert "weight_decay" not in [p.name for p in hp.space if hp.is_active(p)]
    assert chosen.overrides["units"] == 7
    listed = point(keras_tuner.HyperParameters(), "cnn_tiny", {"filters": [4, 8]}, Recipe())
    assert listed.overrides["filters"] == [4, 8]


@pytest.mark.parametrize(
    ("trials", "units"), [(1, 1), (6, 1), (7, 3), (23, 3), (24, 9), (70, 9), (71, 27)]
)
def test_hyperband_is_sized_to_the_budget(trials: int, units: int) -> None:
    assert hyperband_units(trials) == units
