"""The search: what it asks, what it keeps, what it says. (What is killed: test_kills.py.)"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import keras_tuner
import numpy as np
import optuna
import pytest

import tuning
import tuning.train
import zoo
from tuning import Recipe
from tuning.advice import advise
from tuning.fitting import Diverged
from tuning.limits import check_limits
from tuning.pareto import choose, front
from tuning.spaces import default_recipe, point
from tuning.study.ledger import Trial, ranked
from tuning.study.samplers import SAMPLERS
from tuning.sweep.pool import Pool
from tuning.sweep.progress import print_progress
from tuning.sweep.shared import Job

QUICK = Recipe(epochs=2, learning_rate=1e-2)
ALGORITHMS = (*SAMPLERS, "kt-random", "bayesian", "hyperband")


def searched(data: zoo.Data, folder: Path, **changed: Any) -> tuple[zoo.Run, list[Trial]]:
    """Search quickly, one trial at a time; return the run and the trials as they ended."""
    seen: list[Trial] = []
    arguments = {"trials": 3, "recipe": QUICK, "jobs": 1, "again": 0} | changed

    def keep(progress: Any) -> None:
        seen.extend([] if progress.trial is None else [progress.trial])

    arguments.setdefault("on_progress", keep)
    return tuning.search("mlp_tiny", data, directory=folder, **arguments), seen


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_search_repeats_and_its_first_trial_is_the_preset(
    algorithm: str, wine: zoo.Data, tmp_path: Path
) -> None:
    count = 13 if algorithm in ("tpe", "gp", "cmaes", "nsga2") else 8
    runs = [searched(wine, tmp_path / n, trials=count, algorithm=algorithm)[1] for n in ("a", "b")]
    shown = [[(t.number, t.state, t.values, t.score) for t in run] for run in runs]
    assert shown[0] == shown[1]
    assert runs[0][0].overrides == {"units": 32, "depth": 1, "dropout": 0.0}
    different = {json.dumps(t.values, sort_keys=True) for t in runs[0]}
    assert len(different) >= count - 2 * (algorithm not in SAMPLERS)  # KerasTuner may ask again
    lengths = {trial.recipe["epochs"] for trial in runs[0]}
    assert lengths == ({1, 2} if algorithm == "hyperband" else {2})


def test_trials_do_not_depend_on_how_many_run_at_a_time(wine: zoo.Data, tmp_path: Path) -> None:
    settings = {"trials": 5, "algorithm": "sobol", "prune": "none"}
    one, two = (searched(wine, tmp_path / str(n), jobs=n, **settings)[1] for n in (1, 2))
    shown = [sorted((t.number, t.score, t.loss) for t in run) for run in (one, two)]
    assert shown[0] == shown[1]


def test_seeds_differ_and_zero_is_zero(wine: zoo.Data, tmp_path: Path) -> None:
    values = {}
    for seed, name in ((0, "a"), (0, "b"), (1, "c")):
        values[name] = [t.values for t in searched(wine, tmp_path / name, seed=seed)[1]]
    assert values["a"] == values["b"]
    assert values["a"][1:] != values["c"][1:]


def test_progress_counts_and_estimates(wine: zoo.Data, folder: Path, capsys: Any) -> None:
    seen: list[Any] = []
    searched(wine, folder, on_progress=seen.append)
    ended = [progress for progress in seen if progress.trial is not None]
    assert [(p.done, p.total) for p in ended] == [(1, 3), (2, 3), (3, 3)]
    assert ended[0].eta[0] > 0 == ended[-1].eta[0]
    assert [p.best for p in ended] == list(np.maximum.accumulate([p.trial.score for p in ended]))
    assert any(p.running.get(1) == (1, 2) for p in seen)  # epochs are seen as they pass
    assert ended[-1].per_minute > 0
    for progress in seen:
        print_progress(progress)
    assert "trial 1 of 3  accuracy 0." in capsys.readouterr().out


def test_search_continues_where_it_was_interrupted(wine: zoo.Data, tmp_path: Path) -> None:
    whole, everything = searched(wine, tmp_path / "whole", trials=4)
    before: list[Trial] = []

    def interrupt(progress: Any) -> None:
        before.extend([] if progress.trial is None else [progress.trial])
        if len(before) == 2 and progress.running:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(wine, tmp_path / "cut", trials=4, on_progress=interrupt)
    run, after = searched(wine, tmp_path / "cut", trials=4)
    assert [trial.number for trial in after] == [2, 3]
    for a, b in zip(everything, [*before, *after], strict=True):
        assert (a.values, a.score, a.loss) == (b.values, b.score, b.loss)
    models = [made.load_model().get_weights() for made in (whole, run)]
    assert all(np.array_equal(a, b) for a, b in zip(*models, strict=True))


def test_finished_search_is_not_repeated_and_more_trials_extend_it(
    wine: zoo.Data, folder: Path
) -> None:
    run, _ = searched(wine, folder, trials=5, prune="none")
    written = (run.path / "weights.h5").stat().st_mtime_ns
    again, seen = searched(wine, folder, trials=5, prune="none")
    assert not seen
    assert (again.path / "weights.h5").stat().st_mtime_ns == written
    assert len(list((folder / "trials").iterdir())) == 3  # the best stay, the others are dropped
    _, extended = searched(wine, folder, trials=6, prune="none")
    assert [trial.number for trial in extended] == [5]


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
    warmth = [run.read_json("temperature.json") for run in (with_refit, without)]
    assert warmth[0] == warmth[1]  # of the trial's weights, which have not seen these rows
    assert warmth[0]["rows"] == len(wine.x_validation)
    study = without.read_json("study.json")
    assert study["best"]["recipe"] == without.read_json("recipe.json")
    right = without.load_model().predict(wine.x_validation, verbose=0).argmax(1)
    assert (right == wine.y_validation).mean() == pytest.approx(study["best"]["score"])


def test_the_seed_brings_back_weights_that_are_gone(wine: zoo.Data, tmp_path: Path) -> None:
    kept, _ = searched(wine, tmp_path / "a", refit=False)
    other, _ = searched(wine, tmp_path / "b", refit=False)
    for file in (tmp_path / "b" / "trials").iterdir():
        file.unlink()
    (tmp_path / "b" / "weights.h5").unlink()
    searched(wine, tmp_path / "b", refit=False)
    models = [run.load_model().get_weights() for run in (kept, other)]
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(*models, strict=True))


def test_the_winner_is_trained_again_with_other_seeds(wine: zoo.Data, folder: Path) -> None:
    again = searched(wine, folder, again=3, jobs=2)[0].read_json("study.json")["again"]
    assert len(again["scores"]) == 3
    assert again["mean"] == pytest.approx(np.mean(again["scores"]))
    assert again["std"] == pytest.approx(np.std(again["scores"], ddof=1))
    same = searched(wine, folder, again=3)[0].read_json("study.json")["again"]
    assert same == again


def test_pruning_ends_bad_trials_early(digits: zoo.Data, folder: Path) -> None:
    recipe = Recipe(epochs=12, learning_rate=1e-3)
    _, seen = searched(digits, folder, trials=10, recipe=recipe, algorithm="random")
    pruned = [trial for trial in seen if trial.state == "pruned"]
    assert pruned
    assert all(4 < trial.epochs < 12 and trial.score is None for trial in pruned)
    assert all(t.message == f"pruned after epoch {t.epochs}" for t in pruned)
    completed = [trial for trial in seen if trial.state == "completed"]
    assert all(trial.epochs == 12 for trial in completed)


def test_limits_are_kept_and_infeasible_points_do_not_count(wine: zoo.Data, folder: Path) -> None:
    run, seen = searched(wine, folder, trials=4, limits={"bytes": 3500}, algorithm="random")
    states = [trial.state for trial in seen]
    assert states.count("completed") + states.count("pruned") == 4
    assert "infeasible" in states
    for trial in seen:
        assert (trial.cost["bytes"] <= 3500) == (trial.state != "infeasible")
    over = next(trial for trial in seen if trial.state == "infeasible")
    assert re.fullmatch(r"over the limit: bytes [\d,]+ > 3,500", over.message)
    assert over.epochs == 0
    study = run.read_json("study.json")
    assert study["trials"]["infeasible"] == states.count("infeasible")


def test_limits_that_nothing_meets_are_said_at_once(wine: zoo.Data, folder: Path) -> None:
    with pytest.raises(zoo.UserError, match="Nothing found in the space of mlp_tiny meets max_"):
        searched(wine, folder, limits={"bytes": 500})
    assert not folder.exists()
    space = keras_tuner.HyperParameters()
    spec, base = zoo.ModelSpec("mlp_tiny", (13,), 3), default_recipe("mlp_tiny")
    point(space, "mlp_tiny", {}, base)
    check_limits(spec, base, space, {"bytes": 2600, "macs": 500, "arena": 2500}, 0)
    with pytest.raises(zoo.UserError, match=r"The nearest: .*'units': 24.* needs bytes .*, macs"):
        check_limits(spec, base, space, {"bytes": 10**6, "macs": 200}, 0)


def test_the_int8_objective_scores_the_twin(digits: zoo.Data, tmp_path: Path) -> None:
    recipe = Recipe(epochs=4, learning_rate=1e-2)
    settings = {"trials": 1, "recipe": recipe, "refit": False}
    of_float = searched(digits, tmp_path / "a", **settings)[0]
    of_int8 = searched(digits, tmp_path / "b", objective="int8", **settings)[0]
    scores = [run.read_json("study.json")["best"]["score"] for run in (of_float, of_int8)]
    model = of_int8.load_model()
    assert scores[1] == pytest.approx(tuning.quantization.int8_score(model, digits))
    assert scores[0] == pytest.approx(
        (model.predict(digits.x_validation, verbose=0).argmax(1) == digits.y_validation).mean()
    )


def completed(number: int, score: float, size: int, macs: int = 1, epochs: int = 1) -> Trial:
    cost = {"bytes": size, "macs": macs}
    return Trial(number, {}, "completed", recipe={"epochs": epochs}, score=score, cost=cost, loss=0)


def test_the_front_and_what_is_picked_from_it() -> None:
    trials = [
        completed(0, 0.95, 100),
        completed(1, 0.948, 60),
        completed(2, 0.90, 20),
        completed(3, 0.90, 30),  # dominated
        completed(4, 0.947, 70, macs=0),
    ]
    assert [t.number for t in front(trials, "maximize")] == [2, 1, 4, 0]
    order = ranked("maximize", trials)
    assert [t.number for t in choose(order, "best", "maximize")] == [0]
    assert [t.number for t in choose(order, "smallest-within:0.5", "maximize")] == [1, 4, 0]
    assert [t.number for t in choose(order, "smallest-within:0.1", "maximize")] == [0]
    assert [t.number for t in choose(order, "trial:3", "maximize")] == [3]
    with pytest.raises(zoo.UserError, match=r"There is no completed trial 9. Completed: 0, 1, 2"):
        choose(order, "trial:9", "maximize")
    errors = [completed(0, 50.0, 100), completed(1, 50.2, 50), completed(2, 60.0, 10)]
    order = ranked("minimize", errors)
    assert [t.number for t in choose(order, "smallest-within:1", "minimize")] == [1, 0]


def test_ranking_full_length_then_score_then_loss() -> None:
    def trial(number: int, epochs: int, score: float, loss: float) -> Trial:
        return Trial(number, {}, "completed", recipe={"epochs": epochs}, score=score, loss=loss)

    trials = [trial(0, 1, 0.9, 0.1), trial(1, 3, 0.8, 0.3), trial(2, 3, 0.8, 0.2)]
    assert [t.number for t in ranked("maximize", trials)] == [2, 1, 0]
    assert [t.number for t in ranked("minimize", [*trials, trial(3, 3, 0.7, 9)])] == [3, 2, 1, 0]


def test_another_trial_of_a_finished_search_can_be_taken(wine: zoo.Data, folder: Path) -> None:
    _, seen = searched(wine, folder, trials=4, prune="none")
    for number in (0, 2):
        run, more = searched(wine, folder, trials=4, prune="none", pick=f"trial:{number}")
        assert not more
        assert run.spec().overrides == seen[number].overrides


def test_advice() -> None:
    space = keras_tuner.HyperParameters()
    space.Float("rate", 1e-4, 1e-2, sampling="log")
    space.Choice("width", [8, 16, 32], ordered=True)
    best = Trial(
        0, {"rate": 9.9e-3, "width": 8}, "completed", recipe={"epochs": 10}, score=1.0, epochs=10
    )
    study = optuna.create_study(direction="maximize")
    trial = study.ask()
    for epoch in range(10):
        trial.report(epoch / 10, epoch)
    trial.set_user_attr("outcome", "completed")
    study.tell(trial, 1.0)
    trials = [best, *(Trial(n, {}, "infeasible") for n in (1, 2))]
    from tuning.study.ledger import attempts_of

    said = "\n".join(advise(space, trials, best, attempts_of(study), "maximize"))
    assert "The best rate, 0.0099, lies at the upper edge" in said
    assert "The best width, 8, lies at the lower edge" in said
    assert "2 of 3 trials were infeasible" in said
    assert "still improving in epoch 10 of 10" in said
    quiet = Trial(0, {"rate": 1e-3, "width": 16}, "completed", recipe={"epochs": 60}, score=1.0)
    assert not advise(space, [quiet], quiet, attempts_of(study), "maximize")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"trials": 0}, "trials must be an integer of at least 1; got 0"),
        ({"trials": -1}, "trials must be an integer of at least 1; got -1"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"jobs": 0}, "jobs must be an integer of at least 1"),
        ({"again": -1}, "again must be an integer of at least 0"),
        ({"algorithm": "genetic"}, "algorithm='genetic' is not known. Known: bayesian"),
        ({"prune": "roots"}, "prune='roots' is not known"),
        ({"objective": "int4"}, "objective='int4' is not known. Did you mean 'int8'"),
        ({"heartbeat": 0}, "heartbeat must be a number in"),
        ({"limits": {"bytes": 0}}, "max_bytes must be an integer of at least 1"),
        ({"limits": {"bits": 1}}, "limits='bits' is not known"),
        ({"pick": "smallest"}, "pick must be best, smallest-within:POINTS or trial:NUMBER"),
        ({"overrides": {"unit": 3}}, "no argument 'unit'. Did you mean 'units'"),
        ({"algorithm": "hyperband", "prune": "median"}, "hyperband ends trials by itself"),
        (
            {"algorithm": "cmaes", "storage": "postgresql://u:secret@h/d"},
            "cmaes does not work on a shared storage",
        ),
        ({"storage": "no url"}, "storage must be a database URL such as postgresql"),
        ({"storage": "mongodb://u:secret@h/d"}, "storage='mongodb' is not known"),
    ],
)
def test_what_search_refuses(
    changed: dict[str, Any], message: str, wine: zoo.Data, folder: Path
) -> None:
    with pytest.raises(zoo.UserError, match=message) as caught:
        searched(wine, folder, **changed)
    assert "secret" not in str(caught.value)
    assert not folder.exists()


def test_rows_a_search_needs(wine: zoo.Data, folder: Path) -> None:
    with pytest.raises(zoo.UserError, match="wine has no validation rows; a search needs them"):
        searched(wine.merged(), folder)
    assert not folder.exists()


def test_no_completed_trial_is_an_error(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)).astype(np.float32), np.arange(30) % 2
    few = zoo.Data("few", "few", 0, "classification", ("a", "b"), "0", x[:9], y[:9], x, y, x, y)
    with pytest.raises(zoo.UserError, match="None of 2 trials was completed. The first: .* 16"):
        searched(few, folder, objective="int8", trials=2)


def test_a_worker_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job("", "", "", "mlp_tiny", (1,), 1, {}, {}, "float", {})
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(zoo.UserError, match="runs the trials did not start.*worker.log"):
        Pool(1, tmp_path / "worker.log").launch(job)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_trial_does_without_tensorflow(backend: str) -> None:
    trial = (
        "import sys, zoo, tuning; from tuning.sweep import worker; worker.do_without_tensorflow()\n"
        "data = zoo.load_data('wine'); model = zoo.create_model('mlp_tiny', (13,), 3)\n"
        "tuning.fit(model, data, tuning.Recipe(epochs=2)); worker.estimate(model)\n"
        "worker.int8_score(model, data); print('tensorflow' in sys.modules)"
    )
    environment = os.environ | {"KERAS_BACKEND": backend}
    ended = subprocess.run(
        [sys.executable, "-c", trial], env=environment, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "False"


def test_gp_needs_torch(wine: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    with pytest.raises(zoo.UserError, match="algorithm gp needs PyTorch"):
        searched(wine, folder, algorithm="gp")


def test_folder_of_another_search(wine: zoo.Data, folder: Path) -> None:
    searched(wine, folder)
    with pytest.raises(zoo.UserError, match="holds another search: seed=0; asked for seed=1"):
        searched(wine, folder, seed=1)
    with pytest.raises(zoo.UserError, match="range of units"):
        searched(wine, folder, overrides={"units": 8})
    with pytest.raises(zoo.UserError, match="holds a search. Give another folder"):
        tuning.train.train("mlp_tiny", wine, directory=folder)


def test_folder_of_a_training(wine: zoo.Data, folder: Path) -> None:
    tuning.train.train("mlp_tiny", wine, directory=folder, recipe=QUICK)
    with pytest.raises(zoo.UserError, match="was trained without a search"):
        searched(wine, folder)


def test_diverged_refit_falls_back_to_the_trial(
    wine: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: Any) -> None:
        raise Diverged("became NaN")

    monkeypatch.setattr("tuning.winner.fit", diverge)
    run, _ = searched(wine, folder)
    assert np.isfinite(run.load_model().predict(wine.x_test, verbose=0)).all()


def test_curves_for_tensorboard(wine: zoo.Data, folder: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _, seen = searched(wine, folder, prune="none")
    for trial in seen:
        events = EventAccumulator(str(folder / "tensorboard" / f"{trial.number:05d}"))
        events.Reload()
        assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= set(events.Tags()["scalars"])
        accuracy = events.Scalars("val_accuracy")
        assert [event.step for event in accuracy] == [0, 1]
        assert max(event.value for event in accuracy) >= (trial.score or 0) - 1e-6


def test_the_dashboard_opens_the_study(wine: zoo.Data, folder: Path) -> None:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna_dashboard import wsgi

    searched(wine, folder)
    app = wsgi(JournalStorage(JournalFileBackend(str(folder / "study.log"))))
    answers: list[str] = []

    def get(path: str) -> Any:
        environ: dict[str, Any] = {"PATH_INFO": path}
        setup_testing_defaults(environ)
        body = b"".join(app(environ, lambda status, *_: answers.append(status)))
        return json.loads(body)

    (summary,) = get("/api/studies")["study_summaries"]
    assert summary["study_name"] == folder.name
    study = get(f"/api/studies/{summary['study_id']}")
    assert [trial["state"] for trial in study["trials"]] == ["Complete"] * 3
    assert answers == ["200 OK", "200 OK"]
