"""A search under a budget in time: a model soon, better ones later, and an end that is planned."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from tuning.settings import Search
from tuning.study.ledger import Study, Trial, ranked
from tuning.sweep.clock import Clock
from tuning.sweep.jobs import Plan
from tuning.sweep.opening import repace
from tuning.sweep.pacing import EPOCHS, full_epochs
from zoo import Data, Run
from zoo.stages import stage

# what the study keeps: seconds from a trained model to a checked file, and the seconds per epoch of
# that model; the trial in the folder
FINISHING, FILED, HELD = "finishing", "filed", "held"
MARGIN = 1.15  # of what is planned by what was measured
MOST = 0.35  # of the budget for what follows the last trial, before repeats are left out
# trainings of a validation or test row in the time that a checked file needs for it: 3.5 on digits,
# 4.4 on mnist5k (cnn_small, cnn_base), 7.3 on digits_scenes (detect_small, detect_base)
STEPS = 5.0
SELDOM = 10.0  # times what it takes, between two files of better models


@dataclass(frozen=True)
class Finish:
    """What is done with the winner.

    Attributes:
        repeats: trainings with other seeds.
        refit: whether it is trained once more, on validation rows too.
        seconds: that this takes, the checked file included, as expected.
    """

    repeats: int
    refit: bool
    seconds: float = 0.0


def training_seconds(trial: Trial) -> float:
    """Return the seconds of a training like that of a trial, on as many rows."""
    return max(trial.seconds, 0.1)


@dataclass
class Timing:
    """Decides by the clock how long trials may begin, and what follows them.

    Args:
        clock: of this search.
        settings: of this search.
        jobs: trainings at a time.
        growth: rows of the final training, in parts of those of a trial.
        judged: validation and test rows, in parts of those of a trial.
        ahead: rows of a trial, in parts of those of the first one.
        finishing: seconds from a trained model to a checked file, of the slowest so far.
        filed: seconds per epoch of that model.
        planned: seconds for what follows the last trial; 0 while there is no model.
    """

    clock: Clock
    settings: Search
    jobs: int
    growth: float
    judged: float = 0.0
    ahead: float = 1.0
    finishing: float = 0.0
    filed: float = 0.0
    planned: float = 0.0
    _last: float = -math.inf  # when a file was made last

    def filing(self, trial: Trial) -> float:
        """Return the seconds from a trial's weights to a checked file, as expected.

        A slower model needs longer than the one that was measured.
        """
        return self._filing(self.pace(trial))

    def _filing(self, pace: float) -> float:
        return self.finishing + STEPS * self.judged * max(0.0, pace - self.filed)

    def pace(self, trial: Trial) -> float:
        """Return the seconds per epoch of all rows."""
        return trial.pace * (self.ahead if trial.number == 0 else 1.0)

    def plan(self, best: Trial | None) -> Finish:
        """Return what there will be time for after the last trial, if this is the best one."""
        settings = self.settings
        if not self.clock.limited or best is None:
            return Finish(settings.repeats, settings.refit)
        once, file = training_seconds(best), self.filing(best)
        for refit in dict.fromkeys((settings.refit, False)):
            for repeats in range(settings.repeats, -1, -1):
                self.planned = MARGIN * (once * self._rounds(repeats, refit) + file)
                if self.planned <= MOST * self.clock.total:
                    return Finish(repeats, refit, self.planned)
        return Finish(0, False, self.planned)

    def _rounds(self, repeats: int, refit: bool) -> float:
        """Return how long repeats and the refit take, in trainings one after the other."""
        return math.ceil(repeats / self.jobs) + self.growth * refit

    def spare(self, best: Trial, refit: bool) -> float:
        """Return the seconds that repeats may still take, without the refit and the file.

        Args:
            best: the trial that is repeated.
            refit: whether it is trained once more afterwards.
        """
        self.clock.note()
        after = training_seconds(best) * self.growth * refit + self.filing(best)
        return self.clock.left - MARGIN * after if self.clock.limited else math.inf

    def over(self, pace: float) -> bool:
        """Return whether the time for trials is up; never before there is a model.

        Args:
            pace: seconds per epoch of the slowest trial under way, which may become the best.
        """
        self.clock.note()
        needed = max(self.planned, MARGIN * self._filing(pace))
        return self.clock.limited and self.planned > 0 and self.clock.left <= needed

    def left(self, once: float, jobs: int) -> tuple[float, bool]:
        """Return the seconds that are left of all, and whether that is by the clock.

        Args:
            once: seconds of a training.
            jobs: of those, that trials of the budget still take, one after the other.
        """
        if self.clock.limited:
            return self.clock.left, True
        rounds = self._rounds(self.settings.repeats, self.settings.refit)
        return once * (jobs / self.jobs + rounds), False

    def due(self, best: Trial) -> bool:
        """Return whether a file of a better model is worth the time that it takes."""
        since, file = time.monotonic() - self._last, self.filing(best)
        late = self.clock.left - self.planned < 2 * file
        return self.clock.limited and since > SELDOM * file and not late

    def finished(self, trial: Trial, seconds: float) -> None:
        """Note that a file of a trial was made in so many seconds."""
        self._last = time.monotonic()
        if seconds > self.finishing:
            self.finishing, self.filed = seconds, self.pace(trial)


def make_timing(study: Study, plan: Plan, jobs: int, data: Data, started: float) -> Timing:
    """Return the timing of a search, with what an earlier command has measured."""
    clock = Clock(plan.settings.minutes, started, study.study, study.owner)
    growth = (len(data.x_train) + len(data.x_validation)) / len(data.x_train)
    judged = (len(data.x_validation) + len(data.x_test)) / len(data.x_train)
    known = {name: float(study.study.user_attrs.get(name, 0.0)) for name in (FINISHING, FILED)}
    ahead = plan.rows / plan.screen if plan.screen else 1.0
    return Timing(clock, plan.settings, jobs, growth, judged, ahead, **known)


def first_file(
    run: Run,
    study: Study,
    plan: Plan,
    timing: Timing,
    sweep: Callable[[], None],
    make: Callable[[Trial], None],
) -> None:
    """Train the first model shortly, make a file of it, and plan the rest by what that took.

    Args:
        sweep: runs the first trial.
        make: writes the model of a trial into the run folder, and makes a file of it.
    """
    if not run.exists():
        stage("training a first model shortly")
        sweep()
        _file(study, timing, make)
    timing.plan(_best(study))
    first = next((t for t in study.trials() if t.number == 0 and t.state == "completed"), None)
    if EPOCHS not in study.study.user_attrs and first is not None:
        recipe = plan.field.candidates[0].recipe
        left = timing.clock.left - timing.finishing
        epochs = full_epochs(recipe, int(first.recipe["epochs"]), timing.pace(first), left)
        repace(study, plan.field, epochs, plan.settings)


def better_file(run: Run, study: Study, timing: Timing, make: Callable[[Trial], None]) -> None:
    """Make a file of the best model so far, if it is another than the folder holds, and it pays."""
    best = _best(study)
    timing.plan(best)
    if best is None or not run.exists() or not timing.due(best):
        return
    if study.study.user_attrs.get(HELD) != best.number:
        _file(study, timing, make)


def _file(study: Study, timing: Timing, make: Callable[[Trial], None]) -> None:
    best = _best(study)
    if best is None:
        return
    started = time.monotonic()
    make(best)
    timing.finished(best, time.monotonic() - started)
    study.study.set_user_attr(HELD, best.number)
    study.study.set_user_attr(FINISHING, round(timing.finishing, 3))
    study.study.set_user_attr(FILED, round(timing.filed, 6))


def _best(study: Study) -> Trial | None:
    order = ranked(study.direction, study.trials())
    return order[0] if order else None
