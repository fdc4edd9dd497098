"""A search under a budget in time: its clock, its lengths, its plan, and a search of seconds."""

import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest

import zoo
from tests.helpers.searching import searched
from tuning import Recipe
from tuning.outcome.anytime import MARGIN, STEPS, Finish, Timing
from tuning.outcome.keeping import recipe_like
from tuning.settings import Search
from tuning.study.ledger import Trial
from tuning.sweep.clock import Clock
from tuning.sweep.pacing import first_epochs, first_seconds, full_epochs, paced, screened
from tuning.sweep.shared import Job, few, share
from tuning.sweep.worker import _run


def test_a_clock_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    study, now = optuna.create_study(), [100.0]
    monkeypatch.setattr("tuning.sweep.clock.time.monotonic", lambda: now[0])
    monkeypatch.setattr("tuning.sweep.clock.time.time", lambda: 0.0)  # a date that jumps
    first = Clock(2, 90.0, study, "me")
    assert (first.spent, first.left) == (10, 110)
    first.note()
    now[0] = 103.0
    first.note()  # too soon to write it down
    assert study.user_attrs == {"spent:me": 10.0}
    now[0] = 50.0  # another process, whose monotonic clock began anew
    second = Clock(2, 50.0, study, "me")
    assert second.left == 110
    assert Clock(2, 50.0, study, "another machine").left == 120
    unlimited = Clock(None, 50.0, study, "me")
    assert unlimited.left == float("inf")


@pytest.mark.parametrize(
    ("rows", "few_rows", "epochs"),
    [(113, 0, 75), (9_000, 0, 2), (18_000, 2_000, 5), (90_000, 10_000, 2)],
)
def test_lengths(rows: int, few_rows: int, epochs: int) -> None:
    recipe = Recipe(epochs=100)
    assert screened(rows) == few_rows
    assert first_epochs(recipe, rows) == epochs


def test_full_trainings_leave_time_for_several() -> None:
    recipe, study = Recipe(epochs=60), optuna.create_study()
    assert full_epochs(recipe, 9, pace=2.0, left=200) == 20
    assert full_epochs(recipe, 9, pace=2.0, left=10) == 9
    assert full_epochs(recipe, 9, pace=0.0, left=10) == 60
    share = paced(study, recipe, 9)
    assert [round(60 * share(n)) for n in (0, 1)] == [9, 60]
    study.set_user_attr("epochs", 20)
    assert round(60 * share(1)) == 20
    assert [first_seconds(minutes) for minutes in (None, 1, 60)] == [0, 5, 15]


@pytest.mark.parametrize(
    ("seconds", "finishing", "expected"),
    [(1.0, 5.0, Finish(3, True)), (20.0, 20.0, Finish(0, True)), (500.0, 5.0, Finish(0, False))],
)
def test_repeats_and_the_refit_are_left_out_where_time_is_short(
    seconds: float, finishing: float, expected: Finish
) -> None:
    clock: Any = SimpleNamespace(limited=True, total=180.0, left=100.0, note=lambda: None)
    timing = Timing(clock, Search(minutes=3), jobs=1, growth=1.25, finishing=finishing)
    best = Trial(0, {}, "completed", score=0.5, seconds=seconds)
    found = timing.plan(best)
    assert (found.repeats, found.refit) == (expected.repeats, expected.refit)
    assert timing.over(0.0) == (found.seconds >= 100)
    assert timing.left(seconds, 5) == (100.0, True)
    clock.limited = False
    assert timing.plan(best) == Finish(3, True)
    assert timing.left(2.0, 4) == (2 * (4 + 3 + 1.25), False)


@pytest.mark.parametrize(
    ("number", "pace", "expected"),
    [(3, 2.0, 5.0), (3, 1.0, 5.0), (3, 3.0, 5.0 + STEPS * 0.5), (0, 3.0, 5.0 + STEPS * 0.5 * 7)],
)
def test_the_file_of_a_slower_model_takes_longer(number: int, pace: float, expected: float) -> None:
    clock: Any = SimpleNamespace(limited=True, total=180.0, left=100.0, note=lambda: None)
    timing = Timing(clock, Search(repeats=0, refit=False), 1, 1.25, judged=0.5, ahead=3.0)
    timing.finished(Trial(2, {}, "completed", pace=2.0), 5.0)
    timing.finished(Trial(4, {}, "completed", pace=0.1), 1.0)  # the slowest counts
    trial = Trial(number, {}, "completed", score=0.5, pace=pace)
    assert timing.filing(trial) == expected
    assert timing.plan(Trial(5, {}, "completed", pace=2.0)).seconds == MARGIN * 5.0
    clock.left = 6.0
    assert timing.over(trial.pace) == (trial.pace > 2)  # it may become the best
    assert not timing.over(0.0)
    assert timing.plan(trial).seconds == pytest.approx(MARGIN * expected)
    assert not timing.due(trial)


def test_few_rows(wine: zoo.Data) -> None:
    some = few(wine, 40, 0)
    assert len(some.x_train) == len(some.y_train) == 40
    assert len(some.x_validation) == len(wine.x_validation)
    assert few(wine, 4_000, 0) is wine


@pytest.mark.slow
def test_a_search_of_seconds_that_is_cut_off_and_goes_on(
    wine: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuning.searching.screened", lambda rows: 40)
    monkeypatch.setattr("tuning.sweep.clock.NOTED", 0.0)
    files: list[int] = []

    def on_model(run: zoo.Run) -> None:
        files.append(run.read_json("study.json")["best"]["number"])

    def interrupt(progress: Any) -> None:
        if progress.trial is not None:
            raise KeyboardInterrupt

    given: dict[str, Any] = {"preset": "auto", "minutes": 5, "trials": 2, "prune": "none"}
    given |= {"on_model": on_model, "recipe": Recipe(epochs=80)}
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        searched(wine, folder, on_progress=interrupt, **given)
    spent = time.monotonic() - started
    left: list[float] = []
    times = {"on_progress": lambda progress: left.append(progress.eta[0])}
    run, _ = searched(wine, folder, **given | times)
    assert files[0] == 0  # the first trial was not run again, and a model of it is there at once
    assert 0 < left[0] < 300 - spent + 1  # what the first command has spent is gone
    study = run.read_json("study.json")
    assert study["history"][0]["number"] == 0
    assert run.load_model().output_shape == (None, 3)
    again, new = searched(wine, folder, **given)
    assert not new
    assert again.read_json("study.json") == study


def job_of(rows: zoo.Data, folder: Path, epochs: int, **settings: Any) -> Job:
    share(rows, folder)
    names = (str(folder), str(folder / "w.h5"), str(folder / "c"), "mlp_tiny")
    return Job(*names, (13,), 3, {}, asdict(Recipe(epochs=epochs)), "float", {}, **settings)


def test_rows_first_few_then_all(wine: zoo.Data, tmp_path: Path) -> None:
    told: list[tuple[int, bool]] = []
    job = job_of(wine, tmp_path, epochs=2, screen=40)

    def link(stop: int) -> Any:
        def ask(message: dict[str, Any]) -> dict[str, bool]:
            told.append((message["epoch"], message["epoch"] != stop))
            return {"go": message["epoch"] != stop}

        return SimpleNamespace(job=asdict(job), ask=ask, stopped=False)

    assert _run(link(stop=9))["state"] == "completed"
    assert [epoch for epoch, _ in told] == [0, 1, 2, 3]
    pruned = _run(link(stop=1))
    assert (pruned["state"], pruned["message"]) == ("pruned", "pruned after epoch 2 on 40 rows")
    job = replace(job, screen=0, rows=40, seconds=1e-6, checkpoint=str(tmp_path / "d"))
    told.clear()
    assert _run(link(stop=9))["epochs"] == 1


@pytest.mark.parametrize(("screen", "state"), [(0, "completed"), (40, "pruned")])
def test_a_worker_hands_over_what_it_has_learned(
    wine: zoo.Data, tmp_path: Path, screen: int, state: str
) -> None:
    job = job_of(wine, tmp_path, epochs=60, screen=screen)
    link: Any = SimpleNamespace(job=asdict(job), stopped=False, told=0)

    def ask(message: dict[str, Any]) -> dict[str, bool]:
        link.told += 1
        if message["epoch"] == 1:  # in the midst of the third, its first batch or a later one
            threading.Timer(0.0, lambda: setattr(link, "stopped", True)).start()
        return {"go": True}

    link.ask = ask
    result = _run(link)
    assert result["state"] == state
    assert 2 <= result["epochs"] == link.told < 60
    assert result.get("cut", False) == Path(job.weights).exists() == (state == "completed")


def test_a_trial_that_was_cut_is_repeated_as_long() -> None:
    recipe = asdict(Recipe(epochs=60, patience=5))
    cut = Trial(3, {}, "completed", recipe=recipe, score=0.9, epochs=17, cut=True)
    assert recipe_like(cut) == Recipe(epochs=17, patience=5)
    assert recipe_like(replace(cut, cut=False)) == Recipe(**recipe)
