"""Whatever is killed, a sweep ends with every trial finished once. `make soak` is the long form."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tuning
import zoo
from tests.killing import Command, attempts_by_trial, broken, harass, study_of
from tuning.recipe import Recipe

pytestmark = pytest.mark.xdist_group("kills")

PLAIN = {"algorithm": "sobol", "prune": "none", "again": 0}
ONE = {"trials": 1, "jobs": 1, "refit": False, "recipe": {"epochs": 40, "patience": 0}, **PLAIN}


def undisturbed(folder: Path, **options: Any) -> Command:
    """Run a sweep here, to its end."""
    recipe = Recipe(**options.pop("recipe"))
    wine = zoo.load_data("wine")
    tuning.search("mlp_tiny", wine, directory=folder, recipe=recipe, **options)
    return Command(folder, {"trials": options["trials"]})


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

    # it is the checkpoint that it goes on from: another one gives another model
    other = Command(tmp_path / "other", {**ONE})
    other.start()
    moved = other.folder / "trials" / checkpoint.name
    other.until(moved.exists)
    other.end()
    with np.load(moved) as arrays:
        doctored = {name: arrays[name] for name in arrays.files}
    doctored["weight0"] = doctored["weight0"] + 0.5
    with moved.open("wb") as file:
        np.savez(file, **doctored)
    assert other.run()[0] == 0, other.said()
    assert broken(other) == []
    assert not same(other, reference)


def test_cut_off_and_continued_is_the_same_search(command: Command, tmp_path: Path) -> None:
    options = {"trials": 15, "jobs": 1, "algorithm": "tpe", "again": 0, "recipe": {"epochs": 6}}
    command.options = {**options}
    command.start()
    command.until(lambda: "trial 12 of 15" in command.said())
    assert command.kill("supervisor", random.Random(0))
    command.wait()
    assert command.run()[0] == 0, command.said()
    reference = undisturbed(tmp_path / "reference", **options)
    assert results(command) == results(reference)
    assert same(command, reference)
