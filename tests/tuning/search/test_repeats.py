"""Repeats: jobs of no study, in the time that is left for them; processes that are threads here."""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import optuna
import pytest

from tuning.outcome.anytime import MARGIN, Timing
from tuning.outcome.winner import _again, _unrepeated
from tuning.settings import Search
from tuning.study.ledger import Trial
from tuning.sweep.loop import Slot, Sweep
from tuning.sweep.repeats import run_jobs

Worker = Callable[[Any], None]  # of a socket's lines, both ways


def three_epochs(lines: Any) -> None:
    """Train as a worker does, and score."""
    for epoch in range(3):
        lines.write(json.dumps({"epoch": epoch, "score": 0.5}).encode() + b"\n")
        if not json.loads(lines.readline())["go"]:
            return
    lines.write(b'{"result": {"state": "completed", "score": 0.75}}\n')


def killed(lines: Any) -> None:
    """Die at once."""


def silent(lines: Any) -> None:
    """Stay within an epoch until the other side goes."""
    lines.readline()


class Pool:
    """Threads in place of processes; each job takes the next worker."""

    jobs = 1

    def __init__(self, *workers: Worker) -> None:
        self.workers = [*workers]

    def launch(self, job: Any) -> socket.socket:
        ours, theirs = socket.socketpair()

        def work(worker: Worker) -> None:
            ended = suppress(OSError, ValueError)  # the other side is gone
            with theirs, theirs.makefile("rwb", buffering=0) as lines, ended:
                worker(lines)

        threading.Thread(target=work, args=(self.workers.pop(0),), daemon=True).start()
        return ours


def jobs(folder: Path, count: int) -> list[Any]:
    return [
        SimpleNamespace(weights=str(folder / f"{n}.h5"), checkpoint=str(folder / f"{n}.c"))
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("workers", "calls", "done"),
    [  # calls: how often there is time when it is asked for, before none is left
        ((three_epochs, three_epochs), 100, 2),
        ((killed, three_epochs, killed, killed, three_epochs), 100, 2),  # run again
        ((three_epochs, three_epochs), 7, 1),  # the second is cut in its first epoch
        ((three_epochs, three_epochs), 3, 0),  # the first is cut, the second never begins
        ((killed, three_epochs, three_epochs), 2, 0),
    ],
)
def test_what_is_cut_does_not_count(
    workers: tuple[Worker, ...], calls: int, done: int, tmp_path: Path
) -> None:
    asked = iter(range(calls))
    pool: Any = Pool(*workers)
    results = run_jobs(pool, jobs(tmp_path, 2), lambda: 9.0 if next(asked, None) is not None else 0)
    assert [result["score"] for result in results] == [0.75] * done


def test_a_long_epoch_is_cut_too(tmp_path: Path) -> None:
    started = time.monotonic()
    pool: Any = Pool(silent, silent)
    left = lambda: 0.2 - (time.monotonic() - started)  # noqa: E731
    assert run_jobs(pool, jobs(tmp_path, 2), left) == []
    assert time.monotonic() - started < 5


def test_the_refit_and_the_file_keep_their_time() -> None:
    noted: list[int] = []
    clock: Any = SimpleNamespace(
        limited=True, total=180.0, left=100.0, note=lambda: noted.append(1)
    )
    timing = Timing(clock, Search(minutes=3), jobs=1, growth=1.25, finishing=6.0)
    best = Trial(0, {}, "completed", score=0.5, seconds=20.0)
    assert timing.spare(best, refit=True) == pytest.approx(100 - MARGIN * (20 * 1.25 + 6))
    assert timing.spare(best, refit=False) == pytest.approx(100 - MARGIN * 6)
    assert len(noted) == 2  # a command that is killed meanwhile has spent the time
    clock.limited = False
    assert timing.spare(best, refit=True) == float("inf")


def test_cut_repeats_are_said_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, Any] = {}
    study: Any = SimpleNamespace(
        study=SimpleNamespace(user_attrs=kept, set_user_attr=kept.__setitem__)
    )
    plan: Any = SimpleNamespace(job=lambda *_: None, field=SimpleNamespace(ways=()))
    monkeypatch.setattr("tuning.outcome.winner._spec_of", lambda *_: None)
    monkeypatch.setattr("tuning.outcome.winner.run_jobs", lambda *_: [{"score": 0.5}])
    best, pool = Trial(0, {}, "completed", score=0.5), Pool()
    again = _again(study, plan, pool, best, 3, lambda: 0.0)  # type: ignore[arg-type]
    assert again == {"scores": [0.5], "cut": 2}
    assert _unrepeated(again) == [
        "Time was up for 2 of 3 trainings with other seeds; they do not count."
    ]
    assert _again(study, plan, pool, best, 3, lambda: 9.0) == again  # type: ignore[arg-type]
    assert _unrepeated({"scores": [0.5, 0.6]}) == []
    kept.clear()
    whole = _again(study, plan, pool, best, 1, lambda: 9.0)  # type: ignore[arg-type]
    assert whole == {"scores": [0.5]}


def stopping(lines: Any) -> None:
    """Train until told to stop, and score what was learned by then."""
    lines.write(b'{"epoch": 0, "score": 0.5, "curves": {}}\n')
    heard = [json.loads(lines.readline()) for _ in range(2)]
    assert {"stop": True} in heard
    lines.write(b'{"result": {"state": "completed", "score": 0.75, "epochs": 1, "cut": true}}\n')


def deaf(lines: Any) -> None:
    """Stay within an epoch until the other side goes, whatever it says."""
    for _ in lines:
        pass


def job_for(seconds: float) -> Any:
    settings = {"preset": "mlp_tiny", "overrides": {}, "recipe": {"epochs": 9}, "screen": 0}
    return SimpleNamespace(**settings, seconds=seconds)


@pytest.mark.parametrize(("seconds", "go"), [(0.0, False), (9.0, True)])
def test_a_short_training_is_no_rival_of_long_ones(seconds: float, go: bool) -> None:
    asked: list[int] = []
    attempt: Any = SimpleNamespace(
        report=lambda score, epoch: None, should_prune=lambda: not asked.append(1)
    )
    ours, theirs = socket.socketpair()
    nothing: Any = lambda *_: None  # noqa: E731
    sweep = Sweep(nothing, nothing, 1, nothing, nothing, nothing, None, nothing)
    with ours, theirs:
        slot = Slot(0, attempt, job_for(seconds), ours, 0)
        sweep._hear(slot, {"epoch": 0, "score": 0.5, "curves": {}})
        assert json.loads(theirs.recv(99)) == {"go": go}
    assert asked == [1] * (not go)  # a pruner that is not asked keeps no score to compare by


def test_trials_that_run_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuning.sweep.loop.GRACE", 0.5)
    ended: list[Trial] = []
    begun = iter(range(2))
    attempts: list[Any] = [optuna.create_study().ask() for _ in range(2)]
    study: Any = SimpleNamespace(
        claim=lambda: (n, attempts[n]) if (n := next(begun, None)) is not None else None
    )
    job = job_for(seconds=0.0)
    pool: Any = Pool(stopping, deaf)
    heard: list[int] = []
    sweep = Sweep(
        study,
        pool,
        2,
        lambda *_: job,
        lambda attempt, job, trial: ended.append(trial),
        lambda running, trial: None,
        None,
        lambda number, epoch, curves: heard.append(epoch),
        over=lambda pace: bool(heard),
    )
    sweep.run()
    assert [(t.number, t.state, t.score, t.cut) for t in ended] == [
        (0, "completed", 0.75, True),
        (1, "pruned", None, False),
    ]
    assert ended[1].message == "time was up after epoch 0"


def test_trials_go_on_where_a_cut_one_leaves_more_time() -> None:
    """The new best one takes less afterwards than what was planned for."""
    ended: list[Trial] = []
    attempts: list[Any] = [optuna.create_study().ask() for _ in range(2)]
    begun = iter(range(2))
    study: Any = SimpleNamespace(
        claim=lambda: (n, attempts[n]) if (n := next(begun, None)) is not None else None,
        running=lambda: [],
    )
    heard: list[int] = []
    nothing: Any = lambda *_: None  # noqa: E731
    sweep = Sweep(
        study,
        cast(Any, Pool(stopping, stopping)),
        1,
        lambda *_: job_for(0.0),
        lambda attempt, job, trial: ended.append(trial),
        nothing,
        None,
        lambda number, epoch, curves: heard.append(number),
        over=lambda pace: len(heard) > len(ended) or len(ended) == 2,  # not between the two
    )
    sweep.run()
    assert [(t.number, t.cut) for t in ended] == [(0, True), (1, True)]
