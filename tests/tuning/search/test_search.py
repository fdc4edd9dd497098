"""The search: what it asks, what it keeps, what it says. (What is killed: test_kills.py.)"""

import json
import re
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import numpy as np
import pytest

import tuning
import zoo
from tests.helpers.instances import few
from tests.helpers.searching import searched
from tuning import Recipe
from tuning.study.algorithms import SAMPLERS
from tuning.study.ledger import Trial
from tuning.sweep.progress import print_progress

ALGORITHMS = (*SAMPLERS, "kt-random", "bayesian", "hyperband")


# one of ours, of Optuna's and of KerasTuner's; the others are theirs alone
QUICK = ("sobol", "tpe", "hyperband")


@pytest.mark.parametrize(
    "algorithm",
    [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in ALGORITHMS],
)
def test_search_repeats_and_its_first_trial_is_the_preset(
    algorithm: str, wine: zoo.Data, tmp_path: Path
) -> None:
    count = 13 if algorithm in ("tpe", "gp", "nsga2") else 8
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
    assert ended[0].eta[0] > ended[-1].eta[0] > 0  # the final training is still to come
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
    again = searched(wine, folder, repeats=3, jobs=2)[0].read_json("study.json")["again"]
    assert len(again["scores"]) == 3
    assert again["mean"] == pytest.approx(np.mean(again["scores"]))
    assert again["std"] == pytest.approx(np.std(again["scores"], ddof=1))
    same = searched(wine, folder, repeats=3)[0].read_json("study.json")["again"]
    assert same == again


def test_pruning_ends_bad_trials_early(wine: zoo.Data, folder: Path) -> None:
    recipe = Recipe(epochs=12, learning_rate=1e-3)
    _, seen = searched(wine, folder, trials=10, recipe=recipe, algorithm="random")
    pruned = [trial for trial in seen if trial.state == "pruned"]
    assert pruned
    assert all(4 < trial.epochs < 12 and trial.score is None for trial in pruned)
    assert all(t.message == f"pruned after epoch {t.epochs}" for t in pruned)
    completed = [trial for trial in seen if trial.state == "completed"]
    assert all(trial.epochs == 12 for trial in completed)


def test_limits_are_kept_and_infeasible_points_do_not_count(wine: zoo.Data, folder: Path) -> None:
    run, seen = searched(wine, folder, trials=4, max_bytes=3500, algorithm="random")
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


def test_a_device_limits_the_estimated_latency(wine: zoo.Data, folder: Path) -> None:
    device = "arduino-nano-33-ble-sense"
    settings = {"device": device, "max_ms": 0.09, "algorithm": "random"}
    run, seen = searched(wine, folder, trials=3, **settings)
    assert "infeasible" in {trial.state for trial in seen}
    for trial in seen:
        assert (trial.cost["ms"] <= 0.09) == (trial.state != "infeasible")
    over = next(trial for trial in seen if trial.state == "infeasible")
    assert re.fullmatch(r"over the limit: estimated ms 0\.\d+ > 0\.09", over.message)
    study = run.read_json("study.json")
    assert study["limits"] == {"bytes": 786_432, "arena": 196_608, "ms": 0.09}
    assert study["device"] == device
    _, more = searched(wine, folder, trials=4, **settings)  # the same study goes on
    assert next(trial.number for trial in more) == len(seen)


def test_the_int8_objective_scores_the_twin(digits: zoo.Data, tmp_path: Path) -> None:
    recipe = Recipe(epochs=4, learning_rate=1e-2)
    settings = {"trials": 1, "recipe": recipe, "refit": False}
    digits = few(digits, 400)
    of_float = searched(digits, tmp_path / "a", **settings)[0]
    of_int8 = searched(digits, tmp_path / "b", objective="int8", **settings)[0]
    scores = [run.read_json("study.json")["best"]["score"] for run in (of_float, of_int8)]
    model = of_int8.load_model()
    assert scores[1] == pytest.approx(tuning.quantization.int8_score(model, digits))
    assert scores[0] == pytest.approx(
        (model.predict(digits.x_validation, verbose=0).argmax(1) == digits.y_validation).mean()
    )


def test_another_trial_of_a_finished_search_can_be_taken(wine: zoo.Data, folder: Path) -> None:
    _, seen = searched(wine, folder, trials=4, prune="none")
    for number in (0, 2):
        run, more = searched(wine, folder, trials=4, prune="none", pick=f"trial:{number}")
        assert not more
        assert run.spec().overrides == seen[number].overrides


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
