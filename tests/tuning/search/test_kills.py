"""Whatever is killed, a sweep ends with every trial finished once. `make soak` is the long form."""

import random
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

import zoo
from tests.helpers.killing import Command, attempts_by_trial, broken, harass, study_of
from tests.helpers.searching import search_wine
from tuning.study.ledger import Study, Trial
from tuning.study.samplers import PerTrial, free, sampler_of, suggest

PLAIN = {"algorithm": "sobol", "prune": "none", "repeats": 0}
ONE = {"trials": 1, "jobs": 1, "refit": False, "recipe": {"epochs": 40, "patience": 0}, **PLAIN}


def undisturbed(folder: Path, **options: Any) -> Command:
    """Run a sweep here, to its end."""
    search_wine(folder, options)
    command = Command(folder, {"trials": options["trials"]})
    command.temporary.mkdir(exist_ok=True)
    return command


def results(command: Command) -> list[tuple[Any, ...]]:
    """Return what every trial has come to, by number."""
    return [
        (a.params, a.user_attrs["outcome"], a.user_attrs["score"], a.user_attrs["loss"])
        for attempts in attempts_by_trial(study_of(command))
        for a in attempts
        if "outcome" in a.user_attrs
    ]


def weights(command: Command) -> list[np.ndarray]:
    return zoo.Run(command.folder).load_model().get_weights()


def same(one: Command, other: Command) -> bool:
    return all(map(np.array_equal, weights(one), weights(other)))


@pytest.fixture
def command(folder: Path) -> Any:
    """A sweep that is ended with the test."""
    made = Command(folder, {})
    yield made
    made.end()


@pytest.mark.slow  # ten processes that start anew
def test_ten_kills_lose_nothing(command: Command, tmp_path: Path) -> None:
    options = {"trials": 12, "jobs": 2, "recipe": {"epochs": 30, "patience": 0}, **PLAIN}
    command.options = {**options}
    chance = random.Random(4)
    kinds = ["trial"] * 5 + ["keeper"] * 2 + ["zygote"] * 2 + ["supervisor"]
    chance.shuffle(kinds)
    assert harass(command, kinds, chance, within=0.6).total() == 10
    assert broken(command) == []
    reference = undisturbed(tmp_path / "reference", **options)
    assert results(command)[:12] == results(reference)


def test_killed_trial_goes_on_from_its_checkpoint(command: Command, tmp_path: Path) -> None:
    reference = undisturbed(tmp_path / "reference", **ONE)
    checkpoint = command.folder / "trials" / "00000.checkpoint"
    command.options = {**ONE}
    command.start()
    command.until(checkpoint.exists)
    while not command.kill("trial", random.Random(0)):
        pass
    assert command.wait() == 0, command.said()
    assert [len(attempts) for attempts in attempts_by_trial(study_of(command))] == [2]
    assert broken(command) == []
    assert results(command) == results(reference)
    assert same(command, reference)


def test_it_is_the_checkpoint_that_a_trial_goes_on_from(tmp_path: Path) -> None:
    """Another one gives another model."""
    reference = undisturbed(tmp_path / "reference", **ONE)
    checkpoint = tmp_path / "other" / "trials" / "00000.checkpoint"

    def interrupt(_: object) -> None:
        if checkpoint.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search_wine(tmp_path / "other", ONE, on_progress=interrupt)
    with np.load(checkpoint) as arrays:
        doctored = {name: arrays[name] for name in arrays.files}
    doctored["weight0"] = doctored["weight0"] + 0.5
    with checkpoint.open("wb") as file:
        np.savez(file, **doctored)
    other = undisturbed(tmp_path / "other", **ONE)
    assert broken(other) == []
    assert not same(other, reference)


@pytest.mark.slow  # test_search.py has its quick form: an interrupt in place of a kill
def test_cut_off_and_continued_is_the_same_search(command: Command, tmp_path: Path) -> None:
    options = {"trials": 15, "jobs": 1, "algorithm": "tpe", "repeats": 0, "recipe": {"epochs": 6}}
    command.options = {**options}
    command.start()
    command.until(lambda: "trial 12 of 15" in command.said())
    assert command.kill("supervisor", random.Random(0))
    command.wait()
    assert command.run()[0] == 0, command.said()
    reference = undisturbed(tmp_path / "reference", **options)
    assert results(command) == results(reference)
    assert same(command, reference)


def ledger(study: optuna.Study, owner: str = "a", budget: int = 2) -> Study:
    return Study(study, owner, budget)


def finished(number: int, state: str = "completed") -> Trial:
    return Trial(number, {}, state, score=float(number) if state == "completed" else None)


def test_a_lost_trial_keeps_its_place_in_the_budget() -> None:
    """Another machine that has just looked does not begin a further one instead."""
    shared = optuna.create_study()
    first, second = ledger(shared), ledger(shared, "b")
    claims = [first.claim(), first.claim()]
    assert [claim and claim[0] for claim in claims] == [0, 1]
    assert second.claim() is None
    assert claims[0] is not None
    first.lose(claims[0][1])
    assert not second._may_begin(second.attempts())  # before anybody has put it back
    again = second.claim()
    assert again is not None
    assert again[0] == 0
    assert first.claim() is None


def test_half_a_point_is_drawn_anew_and_a_whole_one_stays() -> None:
    space = keras_tuner.HyperParameters()
    for name in "abc":
        space.Float(name, 0.0, 1.0)
    points = []
    for asked in ("", "a", "abc"):  # how far the process that was killed had come
        study = ledger(optuna.create_study())
        study.study.sampler = PerTrial(sampler_of(lambda: free(space), "random", 0))
        study.claim()  # the defaults
        claim = study.claim()
        assert claim is not None
        for name in asked:
            claim[1].suggest_float(name, 0.0, 1.0)
        if asked == "abc":
            claim[1].set_user_attr("asked", True)
        study.lose(claim[1])
        again = study.claim()
        assert again is not None
        assert again[0] == 1
        points.append(suggest(again[1], space))
    assert points[0] == points[1] == points[2]


def test_a_lost_trial_beyond_a_smaller_budget_is_let_go() -> None:
    shared = optuna.create_study()
    large, small = ledger(shared, budget=3), ledger(shared, budget=1)
    claims = [large.claim() for _ in range(3)]
    for claim in claims[1:]:
        assert claim is not None
        large.lose(claim[1])
    assert small.claim() is None
    assert len(shared.trials) == 3  # nothing was put back only to be thrown away
    more = [large.claim(), large.claim(), large.claim()]
    assert [claim and claim[0] for claim in more] == [1, 2, None]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("completed", TrialState.COMPLETE),
        ("pruned", TrialState.PRUNED),
        ("infeasible", TrialState.PRUNED),
        ("failed", TrialState.FAIL),
        (None, TrialState.FAIL),
    ],
)
def test_what_a_killed_machine_had_recorded_is_told(state: str | None, told: TrialState) -> None:
    shared = optuna.create_study()
    study = ledger(shared)
    claim = study.claim()
    assert claim is not None
    if state is not None:
        claim[1].set_user_attr("score", 0.5)
        claim[1].set_user_attr("outcome", state)  # and there it was killed
    study.give_up(study.running()[0])
    assert shared.trials[0].state == told
    assert [trial.state for trial in study.trials()] == ([] if state is None else [state])
    study.give_up(shared.trials[0])  # another machine was faster
    assert not study.finish(claim[1], finished(0))  # and the first comes back
