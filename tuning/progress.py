"""What there is to tell while a search runs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from tuning.study import STATES, Trial


@dataclass(frozen=True)
class Progress:
    """How far a search has come.

    Attributes:
        trial: the trial that has just ended, or None where something else has changed.
        states: how many trials ended how, by `tuning.study.STATES`.
        running: trial number -> (epochs done, epochs at most), of this machine.
        total: trials asked for; infeasible ones do not count.
        metric: "accuracy" or "rmse".
        best: the best score so far.
        eta: seconds that are left, as expected, and half the width of its 95 % interval.
        per_minute: trials that ended here in a minute, so far.
    """

    trial: Trial | None
    states: Mapping[str, int]
    running: Mapping[int, tuple[int, int]]
    total: int
    metric: str
    best: float | None
    eta: tuple[float, float] | None
    per_minute: float

    @property
    def done(self) -> int:
        """Trials that count and have ended."""
        return sum(count for state, count in self.states.items() if state != "infeasible")


class Clock:
    """Times the trials that end here, and tells what is left."""

    def __init__(self, jobs: int) -> None:
        self._jobs, self._started = jobs, time.monotonic()
        self._seconds: list[float] = []

    def ended(self, trial: Trial) -> None:
        if trial.state != "infeasible":
            self._seconds.append(trial.seconds)

    def eta(self, left: int) -> tuple[float, float] | None:
        """Return the seconds that `left` trials take, and the half-width of the 95 % interval."""
        if not self._seconds:
            return None
        spread = stdev(self._seconds) if len(self._seconds) > 1 else 0.0
        return left * mean(self._seconds) / self._jobs, 1.96 * spread * left**0.5 / self._jobs

    def per_minute(self) -> float:
        return 60 * len(self._seconds) / max(1e-9, time.monotonic() - self._started)


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
    result = trial.state if trial.score is None else f"{progress.metric} {trial.score:.4f}"
    best = "none" if progress.best is None else f"{progress.best:.4f}"
    left = ""
    if progress.eta is not None and progress.done < progress.total:
        left = "  ETA {:.0f} s +- {:.0f}".format(*progress.eta)
    print(
        f"trial {progress.done} of {progress.total}  {result}  best {best}  "
        f"{trial.seconds:.0f} s{left}",
        flush=True,
    )
    if trial.message:
        print(f"  {trial.message}", flush=True)
