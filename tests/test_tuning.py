"""Recipe, fit, spaces, oracles, study and search."""

import inspect
import json
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

import tuning
import tuning.train
import tuning.tuner
import zoo
from tests.instances import HOME, NAMES, family
from tuning import Recipe, fit
from tuning.oracles import hyperband_units
from tuning.fitting import Diverged
from tuning.spaces import SPACES, default_recipe, point
from tuning.study import Study, Trial
from zoo.presets import FAMILIES, factory_arguments

QUICK = Recipe(epochs=2, learning_rate=1e-2)


@pytest.fixture(scope="module")
def wine() -> zoo.Data:
    return zoo.load_data("wine")


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
        ("label_smoothing", 1, "label_smoothing"),
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
def test_space_keys_are_arguments_and_its_corners_build(name: str) -> None:
    data = zoo.load_data(HOME[family(name)])
    space = keras_tuner.HyperParameters()
    base = default_recipe(name)
    default = point(space, name, {}, base)
    assert set(default.overrides) <= set(factory_arguments(family(name)))
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


def searched(data: zoo.Data, folder: Path, **changed: Any) -> tuple[zoo.Run, list[Any]]:
    seen: list[Any] = []
    arguments = {"trials": 3, "recipe": QUICK, "on_trial": seen.append} | changed
    return tuning.search("mlp_tiny", data, directory=folder, **arguments), seen


@pytest.mark.parametrize("algorithm", ["random", "bayesian", "hyperband"])
def test_search_repeats_and_its_first_trial_is_the_preset(
    algorithm: str, wine: zoo.Data, tmp_path: Path
) -> None:
    runs = [searched(wine, tmp_path / n, trials=8, algorithm=algorithm)[1] for n in ("a", "b")]
    values = [[progress.trial.values for progress in seen] for seen in runs]
    scores = [[progress.trial.score for progress in seen] for seen in runs]
    assert values[0] == values[1]
    assert scores[0] == scores[1]
    first = runs[0][0].trial
    assert first.overrides == {"units": 32, "depth": 1, "dropout": 0.0}
    assert len({json.dumps(v, sort_keys=True) for v in values[0]}) == 8
    lengths = {progress.trial.recipe["epochs"] for progress in runs[0]}
    assert lengths == ({1, 2} if algorithm == "hyperband" else {2})


def test_seeds_differ_and_zero_is_zero(wine: zoo.Data, tmp_path: Path) -> None:
    values = {}
    for seed, name in ((0, "a"), (0, "b"), (1, "c")):
        values[name] = [p.trial.values for p in searched(wine, tmp_path / name, seed=seed)[1]]
    assert values["a"] == values["b"]
    assert values["a"][1:] != values["c"][1:]


def test_progress_counts_and_estimates(wine: zoo.Data, folder: Path, capsys: Any) -> None:
    _, seen = searched(wine, folder)
    assert [(p.done, p.total) for p in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen[0].eta > 0 == seen[-1].eta
    assert [p.best for p in seen] == list(np.maximum.accumulate([p.trial.score for p in seen]))
    for progress in seen:
        tuning.tuner.print_progress(progress)
    assert "trial 1 of 3  accuracy 0." in capsys.readouterr().out


def test_search_continues_where_it_was_interrupted(wine: zoo.Data, tmp_path: Path) -> None:
    whole, everything = searched(wine, tmp_path / "whole", trials=4)

    def interrupt(progress: Any) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(wine, tmp_path / "cut", trials=4, on_trial=interrupt)
    with (tmp_path / "cut" / "study.log").open("a") as log:
        log.write('{"number": 2, "values": {"un')  # killed while it wrote
    with pytest.warns(UserWarning, match="line 4 is damaged; its trial runs again"):
        run, seen = searched(wine, tmp_path / "cut", trials=4)
    assert [progress.replayed for progress in seen] == [True, True, False, False]
    for a, b in zip(everything, seen, strict=True):
        assert (a.trial.values, a.trial.score) == (b.trial.values, b.trial.score)
    models = [made.load_model().get_weights() for made in (whole, run)]
    assert all(np.array_equal(a, b) for a, b in zip(*models, strict=True))


def test_finished_search_is_not_repeated_and_more_trials_extend_it(
    wine: zoo.Data, folder: Path
) -> None:
    run, _ = searched(wine, folder, trials=5)
    written = (run.path / "weights.h5").stat().st_mtime_ns
    again, seen = searched(wine, folder, trials=5)
    assert all(progress.replayed for progress in seen)
    assert (again.path / "weights.h5").stat().st_mtime_ns == written
    assert len(list((folder / "trials").iterdir())) == 3  # the best stay, the others are dropped
    _, extended = searched(wine, folder, trials=6)
    assert [progress.replayed for progress in extended] == [True] * 5 + [False]


def test_damaged_run_heals_when_the_search_is_run_again(wine: zoo.Data, folder: Path) -> None:
    run, _ = searched(wine, folder)
    whole = run.load_model().get_weights()
    (folder / "weights.h5").write_bytes(b"cut off")
    searched(wine, folder)
    healed = run.load_model().get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(whole, healed, strict=True))


def test_refit_uses_validation_rows_and_can_be_left_out(wine: zoo.Data, tmp_path: Path) -> None:
    with_refit, _ = searched(wine, tmp_path / "a")
    without, _ = searched(wine, tmp_path / "b", refit=False)
    scales = [
        np.asarray(r.load_model().get_layer("standardize").scale) for r in (with_refit, without)
    ]
    np.testing.assert_allclose(1 / scales[0], wine.merged().x_train.std(axis=0), rtol=1e-4)
    np.testing.assert_allclose(1 / scales[1], wine.x_train.std(axis=0), rtol=1e-4)
    assert without.read_json("study.json")["best"]["recipe"] == without.read_json("recipe.json")


def test_failed_and_infeasible_trials_are_recorded(
    wine: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))

    def flaky(*arguments: Any) -> Any:
        number = next(calls)
        if number == 1:
            raise MemoryError("too large")
        if number == 2:
            raise Diverged("became NaN")
        return fit(*arguments)

    monkeypatch.setattr(tuning.tuner, "fit", flaky)
    _, seen = searched(wine, folder, trials=5, refit=False)
    assert [p.trial.state for p in seen] == ["completed", "failed", "failed"] + ["completed"] * 2
    assert seen[1].trial.message == "MemoryError: too large"
    summary = zoo.Run(folder).read_json("study.json")
    assert summary["trials"] == {"completed": 3, "infeasible": 0, "failed": 2}


def test_infeasible_points_are_told_from_failures(
    wine: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))

    def sometimes_unbuildable(*arguments: Any) -> Any:
        chosen = point(*arguments)
        return replace(chosen, overrides={"units": 0}) if next(calls) == 1 else chosen

    monkeypatch.setattr(tuning.tuner, "point", sometimes_unbuildable)
    _, seen = searched(wine, folder, refit=False)
    assert [p.trial.state for p in seen] == ["completed", "infeasible", "completed"]
    assert seen[1].trial.message == "units must be an integer of at least 1; got 0."
    assert zoo.Run(folder).read_json("study.json")["trials"]["infeasible"] == 1


def test_what_search_refuses(wine: zoo.Data, folder: Path, digits: zoo.Data) -> None:
    for changed, message in (
        ({"trials": 0}, "trials must be an integer of at least 1; got 0"),
        ({"trials": -1}, "trials must be an integer of at least 1; got -1"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"algorithm": "genetic"}, "algorithm='genetic' is not known. Known: bayesian"),
        ({"overrides": {"unit": 3}}, "no argument 'unit'. Did you mean 'units'"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            searched(wine, folder, **changed)
    with pytest.raises(zoo.UserError, match="wine has no validation rows; a search needs them"):
        searched(wine.merged(), folder)
    assert not folder.exists()


def test_folder_of_another_search(wine: zoo.Data, folder: Path) -> None:
    searched(wine, folder)
    with pytest.raises(zoo.UserError, match="holds another search: seed=0; asked for seed=1"):
        searched(wine, folder, seed=1)
    with pytest.raises(zoo.UserError, match="holds a search. Give another folder"):
        tuning.train.train("mlp_tiny", wine, directory=folder)
    (folder / "study.log").write_text("{damaged\n")
    with pytest.raises(zoo.UserError, match="damaged in its first line"):
        searched(wine, folder)
    (folder / "study.log").unlink()
    with pytest.raises(zoo.UserError, match="was trained without a search"):
        searched(wine, folder)


def test_no_completed_trial_is_an_error(
    wine: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning.tuner, "fit", lambda *_: 1 / 0)
    with pytest.raises(zoo.UserError, match="None of 3 trials was completed. The first: ZeroDiv"):
        searched(wine, folder)


def test_diverged_refit_falls_back_to_the_trial(
    wine: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: Any) -> None:
        raise Diverged("became NaN")

    monkeypatch.setattr(sys.modules["tuning.search"], "fit", diverge)
    run, _ = searched(wine, folder)
    assert np.isfinite(run.load_model().predict(wine.x_test, verbose=0)).all()


def test_ranking_full_length_then_score_then_loss() -> None:
    def trial(number: int, epochs: int, score: float, loss: float) -> Trial:
        return Trial(number, {}, "completed", recipe={"epochs": epochs}, score=score, loss=loss)

    trials = [trial(0, 1, 0.9, 0.1), trial(1, 3, 0.8, 0.3), trial(2, 3, 0.8, 0.2)]
    assert [t.number for t in Study.ranked("max", trials)] == [2, 1, 0]
    assert [t.number for t in Study.ranked("min", [*trials, trial(3, 3, 0.7, 9)])] == [3, 2, 1, 0]
