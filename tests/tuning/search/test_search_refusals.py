"""Searches that are refused, and searches that cannot go on."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import pytest

import tuning
import zoo
from tests.helpers.searching import QUICK, searched
from tuning.limits import check_limits
from tuning.outcome.winner import model_of
from tuning.spaces import default_recipe, point
from tuning.study.ledger import Trial
from tuning.sweep.pool import Pool
from tuning.sweep.shared import Job
from tuning.training.phase import Diverged
from zoo.devices.budget import Budget
from zoo.tasks import Classification


@pytest.mark.parametrize("other", [{"backbone": "hf://a/b"}, {"weights": "their.h5"}])
def test_a_study_of_others_fetches_no_weights(other: dict[str, Any]) -> None:
    spec = zoo.ModelSpec("pretrained:efficientnet_lite0", (32, 32, 3), 2, {"dropout": 0.1})
    with pytest.raises(zoo.UserError, match="Trial 3 of the study takes its weights from else"):
        model_of(spec, Trial(3, {}, "completed", overrides=other))
    assert model_of(spec, Trial(3, {}, "completed", overrides={"dropout": 0.3})).overrides == {
        "dropout": 0.3
    }


def test_limits_that_nothing_meets_are_said_at_once(wine: zoo.Data, folder: Path) -> None:
    with pytest.raises(zoo.UserError, match="Nothing found in the space of mlp_tiny meets max_"):
        searched(wine, folder, max_bytes=500)
    assert not folder.exists()
    space = keras_tuner.HyperParameters()
    spec, base = zoo.ModelSpec("mlp_tiny", (13,), 3), default_recipe("mlp_tiny")
    point(space, "mlp_tiny", {}, base)
    budget = Budget(max_bytes=2600, max_macs=500, max_arena=2500)
    check_limits(spec, base, space, budget, 0)
    with pytest.raises(zoo.UserError, match=r"The nearest: .*'units': 24.* needs bytes .*, macs"):
        check_limits(spec, base, space, Budget(max_bytes=10**6, max_macs=200), 0)
    slow = Budget(device="rp2040", max_ms=0.01)
    missing = r"max_ms 0.01 on rp2040. The nearest: .* estimated ms .* too much\). Raise the limit"
    with pytest.raises(zoo.UserError, match=missing):
        check_limits(spec, base, space, slow, 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"trials": 0}, "trials must be an integer of at least 1; got 0"),
        ({"trials": -1}, "trials must be an integer of at least 1; got -1"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"jobs": 0}, "jobs must be an integer of at least 1"),
        ({"repeats": -1}, "repeats must be an integer of at least 0"),
        ({"algorithm": "genetic"}, "algorithm='genetic' is not known. Known: bayesian"),
        ({"prune": "roots"}, "prune='roots' is not known"),
        ({"objective": "int4"}, "objective='int4' is not known. Did you mean 'int8'"),
        ({"heartbeat": 0}, "heartbeat must be a number in"),
        ({"max_bytes": 0}, "max_bytes must be an integer of at least 1"),
        ({"refit": 1}, "refit must be true or false"),
        ({"pick": "smallest"}, "pick must be best, knee, smallest-within:POINTS or trial:NUMBER"),
        ({"overrides": {"unit": 3}}, "no argument 'unit'. Did you mean 'units'"),
        ({"algorithm": "hyperband", "prune": "median"}, "hyperband ends trials by itself"),
        (
            {"algorithm": "bayesian", "storage": "postgresql://u:secret@h/d"},
            "bayesian does not work on a shared storage",
        ),
        ({"algorithm": "cmaes"}, "algorithm='cmaes' is not known"),
        ({"storage": "no url"}, "storage must be a database URL such as postgresql"),
        ({"storage": "postgresql://u:a@secret@h/d"}, "holds an @ as it is. Write it as %40"),
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
    few = zoo.Data("few", "few", 0, Classification(("a", "b")), "0", x[:9], y[:9], x, y, x, y)
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
        tuning.train("mlp_tiny", wine, directory=folder)


def test_folder_of_a_training(wine: zoo.Data, folder: Path) -> None:
    tuning.train("mlp_tiny", wine, directory=folder, recipe=QUICK)
    with pytest.raises(zoo.UserError, match="was trained without a search"):
        searched(wine, folder)


def test_diverged_refit_falls_back_to_the_trial(
    wine: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: Any, on_epoch: Any) -> None:
        raise Diverged("became NaN")

    monkeypatch.setattr("tuning.outcome.keeping.fit", diverge)
    run, _ = searched(wine, folder)
    assert np.isfinite(run.load_model().predict(wine.x_test, verbose=0)).all()
