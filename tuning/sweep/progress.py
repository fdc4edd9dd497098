"""Progress of a running search."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from tuning.study.ledger import STATES, Study, Trial, ranked


@dataclass(frozen=True)
class Progress:
    """How far a search has come.

    Attributes:
        trial: the trial that has just ended, or None where something else has changed.
        states: how many trials ended how, by `tuning.study.ledger.STATES`.
        running: trial number -> (epochs done, epochs at most), of this machine.
        total: trials asked for; infeasible ones do not count.
        metric: "accuracy" or "rmse".
        best: the best score so far.
        eta: seconds that are left of all, the final trainings included, as expected, and half the
            width of its 95 % interval; under a budget in time what is left of it, and None.
        per_minute: trials that ended here in a minute, so far.
    """

    trial: Trial | None
    states: Mapping[str, int]
    running: Mapping[int, tuple[int, int]]
    total: int
    metric: str
    best: float | None
    eta: tuple[float, float | None] | None
    per_minute: float

    @property
    def done(self) -> int:
        """Trials that count and have ended."""
        return counted(self.states)

    @property
    def result(self) -> str:
        """What the trial that has just ended has come to, in words."""
        if self.trial is None:
            return ""
        score = self.trial.score
        return self.trial.state if score is None else f"{self.metric} {score:.4f}"

    @property
    def by_time(self) -> bool:
        """Whether time ends the search, not a number of trials."""
        return self.eta is not None and self.eta[1] is None

    @property
    def left(self) -> str:
        """The time that is left, in words; "" where it is not known."""
        if self.eta is None:
            return ""
        seconds, spread = self.eta
        return f"{max(0.0, seconds):.0f} s" + ("" if spread is None else f" +- {spread:.0f}")


class Reporter:
    """Follows a search and tells of it. The study is read when a trial has ended, not before."""

    def __init__(
        self,
        study: Study,
        jobs: int,
        metric: str,
        on_progress: Callable[[Progress], None],
        left: Callable[[float, int], tuple[float, bool]],
    ) -> None:
        self._study, self._jobs, self._metric, self._tell = study, jobs, metric, on_progress
        self._left = left
        self._started = time.monotonic()
        self._seconds: list[float] = []  # of the trials that ended here
        self._read()

    def __call__(self, running: Mapping[int, tuple[int, int]], ended: Trial | None) -> None:
        """Tell that something has changed.

        Args:
            running: see `Progress`.
            ended: the trial that has just ended, if that is it.
        """
        if ended is not None:
            self._read()
            self._seconds += [ended.seconds] if ended.state != "infeasible" else []
        self._tell(
            Progress(
                trial=ended,
                states=self._states,
                running=running,
                total=self._study.budget,
                metric=self._metric,
                best=self._best,
                eta=self._eta(),
                per_minute=60 * len(self._seconds) / (time.monotonic() - self._started + 1e-9),
            )
        )

    def _read(self) -> None:
        trials = self._study.trials()
        order = ranked(self._study.direction, trials)
        self._states, self._best = count_states(trials), order[0].score if order else None

    def _eta(self) -> tuple[float, float | None] | None:
        left = max(0, self._study.budget - counted(self._states))
        seconds, by_clock = self._left(mean(self._seconds or [0.0]), left)
        if by_clock:
            return seconds, None
        if not self._seconds:
            return None
        spread = stdev(self._seconds) if len(self._seconds) > 1 else 0.0
        return seconds, 1.96 * spread * left**0.5 / self._jobs


def counted(states: Mapping[str, int]) -> int:
    """Return how many trials of the budget have ended."""
    return sum(count for state, count in states.items() if state != "infeasible")


def count_states(trials: Sequence[Trial]) -> dict[str, int]:
    """Return how many trials there are of each state."""
    found = [trial.state for trial in trials]
    return {state: found.count(state) for state in STATES}


def print_progress(progress: Progress) -> None:
    """Print one line per trial, and the reason of one that gave no model."""
    trial = progress.trial
    if trial is None:
        return
    if trial.state == "infeasible":
        print(f"not trained: {trial.message}", flush=True)
        return
    best = "none" if progress.best is None else f"{progress.best:.4f}"
    left = f"  ETA {progress.left}" if progress.left else ""
    of = "" if progress.by_time else f" of {progress.total}"
    print(
        f"trial {progress.done}{of}  {progress.result}  best {best}  {trial.seconds:.0f} s{left}",
        flush=True,
    )
    if trial.message:
        print(f"  {trial.message}", flush=True)
