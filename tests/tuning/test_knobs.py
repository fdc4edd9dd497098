"""Fields of the recipe that act in the training: schedules, averages, losses, teachers."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.instances import data_of, few
from tuning import Recipe, find_learning_rate, fit, overfit, search, train
from tuning.spaces import default_recipe
from tuning.training.distillation import teach
from tuning.training.losses import compile_for, soft
from tuning.training.schedules import rate_of

EPOCHS = 8


def rates(schedule: str, warmup: float = 0.1) -> np.ndarray:
    made = rate_of(Recipe(schedule=schedule, warmup=warmup, learning_rate=0.1), 1000)
    return np.array([float(keras.ops.convert_to_numpy(made(n))) for n in range(0, 1001, 50)])


def test_schedules_are_as_described() -> None:
    steps = np.arange(0, 1001, 50)
    rise = np.minimum(steps / 100, 1) * 0.1
    np.testing.assert_allclose(rates("constant"), rise, atol=1e-6)
    np.testing.assert_allclose(rates("constant", 0.0), 0.1, rtol=1e-6)
    fall = 0.05 * (1 + np.cos(np.pi * np.clip((steps - 100) / 900, 0, 1)))
    np.testing.assert_allclose(rates("cosine"), np.minimum(rise, fall), atol=1e-6)
    bends = np.interp(steps, [0, 450, 900, 1000], [0.01, 0.1, 0.01, 1e-4])
    np.testing.assert_allclose(rates("one-cycle"), bends, atol=1e-6)


class Cut(Exception):
    """The process was killed."""


@pytest.mark.parametrize(
    ("source", "preset", "fields"),
    [
        ("wine", "mlp_tiny", {"ema": 0.9, "mixup": 0.2, "jitter": 0.05, "balance": "sampling"}),
        ("digits_rows", "gru_tiny", {"shift": 0.1, "warp": 0.2, "patience": 3, "ema": 0.9}),
    ],
)
def test_taken_up_again_with_everything_on_is_the_same(
    source: str, preset: str, fields: dict[str, object], tmp_path: Path
) -> None:
    data = few(zoo.load_data(source), 60)
    recipe = Recipe(**{"epochs": EPOCHS, "patience": 0, **fields})  # type: ignore[arg-type]

    def trained(resume: Path | None, cut: int | None = None) -> list[np.ndarray]:
        def on_epoch(epoch: int, curves: Mapping[str, float]) -> bool:
            if epoch == cut:
                raise Cut
            return True

        keras.utils.set_random_seed(1)
        model = zoo.create_model(preset, data.input_shape, data.num_outputs, dropout=0.1)
        fit(model, data, recipe, on_epoch=on_epoch, resume=resume)
        return list(model.get_weights())

    whole = trained(None)
    with pytest.raises(Cut):
        trained(tmp_path / "checkpoint", cut=5)
    again = trained(tmp_path / "checkpoint")
    assert all(map(np.array_equal, whole, again))


def test_the_average_of_the_weights_is_what_is_validated_and_kept(wine: zoo.Data) -> None:
    for patience in (0, 5):
        model = zoo.create_model("mlp_tiny", (13,), 3)
        recipe = Recipe(epochs=EPOCHS, ema=0.95, patience=patience, label_smoothing=0.0)
        result = fit(model, wine, recipe)
        loss = model.evaluate(wine.x_validation, np.eye(3)[wine.y_validation], verbose=0)[0]
        kept = np.argmin(result.history["val_loss"]) if patience else -1
        assert loss == pytest.approx(result.history["val_loss"][kept], rel=1e-4)
        assert not np.allclose(result.history["loss"], result.history["val_loss"])


def test_focal_loss_is_the_papers(wine: zoo.Data) -> None:
    model = zoo.create_model("mlp_tiny", (13,), 3)
    compile_for(model, wine, Recipe(focal=2.0, label_smoothing=0.0))
    scores = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    y = np.arange(8) % 3
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    own = shares[np.arange(8), y]
    found = float(keras.ops.convert_to_numpy(model.loss(np.eye(3, dtype=np.float32)[y], scores)))
    assert found == pytest.approx(np.mean((1 - own) ** 2 * -np.log(own)), rel=1e-4)


@pytest.mark.parametrize(
    ("by", "loss", "weights"),
    [  # what an error counts below and above the truth; of squared errors the error itself
        ("mae", "metric", (0.5, 0.5)),
        ("pinball:0.9", "metric", (0.9, 0.1)),
        ("pinball:0.9", "squared", None),
        ("rmse", "metric", None),
    ],
)
def test_numbers_are_trained_by_what_they_are_judged_by(
    by: str, loss: str, weights: tuple[float, float] | None
) -> None:
    data = zoo.load_data("diabetes", metric=by)
    model = zoo.create_model("mlp_tiny", data.input_shape, 1)
    compile_for(model, data, Recipe(loss=loss))
    outputs = np.asarray(model.predict(data.x_test, verbose=0))
    left = data.task.units(data.y_train).standardize(data.y_test) - outputs
    each = left**2 if weights is None else np.abs(left) * np.where(left > 0, *weights)
    found = keras.ops.convert_to_numpy(model.loss(left + outputs, outputs))
    assert float(found) == pytest.approx(each.mean(), rel=1e-4)


def test_a_quantile_is_learned() -> None:
    data = zoo.load_data("diabetes", metric="pinball:0.9")
    scores = []
    for loss in ("metric", "squared"):
        model = zoo.create_model("mlp_tiny", data.input_shape, 1)
        result = fit(model, data, Recipe(epochs=EPOCHS, learning_rate=2e-2, loss=loss))
        scores.append(result.score)
    assert scores[0] < 0.8 * scores[1]


def test_a_loss_of_numbers_is_none_of_classes(wine: zoo.Data) -> None:
    with pytest.raises(zoo.UserError, match="loss is for numbers; wine is a classification"):
        fit(zoo.create_model("mlp_tiny", (13,), 3), wine, Recipe(loss="squared"))
    with pytest.raises(zoo.UserError, match="loss='mae' is not known. Known: metric"):
        Recipe(loss="mae")


@pytest.mark.parametrize("balance", ["weights", "sampling"])
def test_balance_finds_the_rare_class(balance: str) -> None:
    rng = np.random.default_rng(0)
    y = np.array([0] * 570 + [1] * 30)
    x = (rng.normal(size=(600, 2)) + 0.8 * y[:, None]).astype(np.float32)

    def found(kind: str) -> float:
        keras.utils.set_random_seed(0)
        model = zoo.create_model("mlp_tiny", (2,), 2)
        fit(model, data_of(x, y), Recipe(epochs=10, balance=kind, patience=0))
        return float((model.predict(x[y == 1], verbose=0).argmax(axis=1) == 1).mean())

    assert found("none") < 0.3
    assert found(balance) > 0.6


def test_a_teachers_answers_are_a_share_of_the_targets() -> None:
    targets, answers = np.eye(3, dtype=np.float32), np.full((3, 3), 1 / 3)
    np.testing.assert_array_equal(soft(targets, None, 0.0), targets)
    np.testing.assert_allclose(soft(targets, answers, 0.3), 0.7 * targets + 0.1, rtol=1e-6)
    with pytest.raises(zoo.UserError, match=r"distill=0.3 needs a teacher"):
        soft(targets, None, 0.3)
    with pytest.raises(zoo.UserError, match=r"The teacher's outputs must have shape \(3, 3\)"):
        soft(targets, answers[:2], 0.3)


def test_trees_teach_what_they_have_not_seen(wine: zoo.Data) -> None:
    answers = teach("trees", wine)
    assert answers.shape == (113, 3)
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    accuracy = (answers.argmax(axis=1) == wine.y_train).mean()
    assert 0.8 < accuracy < 1  # rows it was grown on would be all right
    diabetes = few(zoo.load_data("diabetes"), 60)
    assert teach("trees", diabetes).shape == (60, 1)
    single = data_of(wine.x_train[:9], np.array([0] * 8 + [1]))
    with pytest.raises(zoo.UserError, match="Class 1 has a single training row; trees as a"):
        teach("trees", single)


def test_a_run_teaches_a_smaller_preset(wine: zoo.Data, folder: Path, tmp_path: Path) -> None:
    recipe = Recipe(epochs=2)
    run, _ = train("mlp_small", wine, directory=folder, recipe=recipe)
    answers = teach(folder, wine)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    logits = run.load_model().predict(wine.x_train, verbose=0)
    np.testing.assert_array_equal(answers.argmax(axis=1), logits.argmax(axis=1))
    student, _ = train("mlp_tiny", wine, directory=tmp_path / "s", recipe=recipe, teacher=folder)
    assert student.read_json("recipe.json")["distill"] == 0.5
    with pytest.raises(zoo.UserError, match="was trained on other data than wine"):
        teach(folder, zoo.load_data("wine", seed=1))
    with pytest.raises(zoo.UserError, match="A search has no teacher; set distill to 0"):
        search("mlp_tiny", wine, directory=tmp_path / "t", recipe=replace(recipe, distill=0.5))


def test_range_test_finds_a_rate_that_learns_and_leaves_the_model(wine: zoo.Data) -> None:
    model = zoo.create_model("mlp_tiny", (13,), 3)
    before = model.get_weights()
    found = find_learning_rate(model, wine)
    assert all(map(np.array_equal, before, model.get_weights()))
    assert 1e-4 < found.learning_rate < 0.1
    assert found.rates[0] == pytest.approx(1e-6)
    ratios = np.diff(np.log(found.rates))
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)
    assert min(found.losses) < 0.7 * found.losses[0]
    assert fit(model, wine, Recipe(epochs=20, learning_rate=found.learning_rate)).score > 0.9
    head = model.get_layer("head")
    head.kernel.assign(np.full(head.kernel.shape, np.nan))
    with pytest.raises(zoo.UserError, match="No learning rate from 1e-06 to 1.0 lowers"):
        find_learning_rate(model, wine)


@pytest.mark.parametrize(("source", "preset"), [("digits", "cnn_tiny"), ("diabetes", "mlp_small")])
def test_models_learn_rows_by_heart(source: str, preset: str) -> None:
    learned = overfit(preset, zoo.load_data(source), 50, overrides={"dropout": 0.5})
    assert learned.learned, learned
    assert learned.rows == 50
    assert learned.fall > 0.95


def test_what_cannot_be_learned_is_said(wine: zoo.Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuning.training.overfitting.STALLED", 50)
    constant = replace(wine, x_train=np.ones_like(wine.x_train))
    told = overfit("mlp_tiny", constant, 20, recipe=Recipe(batch_size=512))
    assert not told.learned
    assert told.fall < 0.1
    assert 50 <= told.epochs < 1000
    with pytest.raises(zoo.UserError, match="overfit must be an integer of at least 2"):
        overfit("mlp_tiny", wine, 1)


def test_default_recipe_looks_at_the_rows(wine: zoo.Data, digits: zoo.Data) -> None:
    usual = default_recipe("mlp_tiny")
    assert default_recipe("mlp_tiny", wine) == replace(usual, epochs=375, patience=125)
    assert math.ceil(len(wine.x_train) / usual.batch_size) * 375 == 1500
    assert default_recipe("cnn_tiny").shift == 0
    assert default_recipe("cnn_tiny", digits) == replace(default_recipe("cnn_tiny"), shift=0.125)
