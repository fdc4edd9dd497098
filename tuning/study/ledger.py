"""The study as a ledger: which trials there are, who runs them, how they ended.

Optuna's trials are attempts here, by name too. An attempt that was lost with its process is marked
failed and its trial gets another one, with the same point and the same number; so a trial is
finished exactly once, whatever is killed. Trial n is the n-th first attempt.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from tuning.recipe import Recipe
from zoo import UserError
from zoo.typed import Unfit, check

STATES = ("completed", "pruned", "infeasible", "failed")
KILLS = 10  # of one trial, before it is given up
GIVEN_UP = (optuna.exceptions.UpdateFinishedTrialError, ValueError)  # of an attempt that has ended
INFEASIBLE = 50  # points over the limits, for each trial of the budget, before a search ends


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    `score` is the objective on the validation rows, `loss` the validation loss; `weights` the id of
    an artifact, its sha256 and its bytes, or None; `cost` what the model was estimated to need (see
    `zoo.cost.estimate`); `cut` whether time was up before its training had ended."""

    number: int
    values: Mapping[str, Any]  # the active hyperparameters
    state: str  # one of STATES
    message: str = ""
    preset: str = ""  # "" in a study of one preset that was begun before several could be
    overrides: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    loss: float | None = None
    epochs: int = 0
    seconds: float = 0.0
    pace: float = 0.0  # seconds per epoch, after the first
    cost: Mapping[str, float] = field(default_factory=dict)
    weights: tuple[str, str, int] | None = None
    cut: bool = False


RECORDED = tuple(f.name for f in fields(Trial) if f.name not in ("number", "values", "state"))


class Attempt(NamedTuple):
    """One of Optuna's trials, as an attempt at one of ours."""

    number: int  # of our trial
    outcome: str | None  # one of STATES, "lost", or None while it waits or runs
    frozen: FrozenTrial


def attempts_of(study: optuna.Study) -> list[Attempt]:
    """Return the attempts that count, oldest first."""
    found: list[Attempt] = []
    number: dict[int, int] = {}  # Optuna's -> ours
    following = 0
    for attempt in study.get_trials(deepcopy=False):
        attributes = attempt.user_attrs
        if "discarded" in attributes:
            continue
        own = number.get(attributes.get("retry_of", -1), following)
        following += own == following
        number[attempt.number] = own
        outcome = attributes.get("outcome", "lost") if attempt.state.is_finished() else None
        found.append(Attempt(own, outcome, attempt))
    return found


def number_of(attempts: Sequence[Attempt], attempt: int) -> int:
    """Return the number of our trial, of the attempt with Optuna's number `attempt`."""
    return next(a.number for a in reversed(attempts) if a.frozen.number == attempt)


@dataclass(frozen=True)
class Study:
    """An open study, as one process of one machine sees it.

    Attributes:
        study: Optuna's; its sampler is asked.
        owner: who runs the attempts claimed here.
        budget: trials to finish; infeasible ones do not count.
        ready: asked before a new trial begins, with all attempts and its number.
    """

    study: optuna.Study
    owner: str
    budget: int
    ready: Callable[[Sequence[Attempt], int], bool] = lambda *_: True

    @property
    def direction(self) -> str:
        """Which scores are better: "maximize" or "minimize"."""
        return str(self.study.direction.name.lower())

    def attempts(self) -> list[Attempt]:
        """Return the attempts that count, oldest first."""
        return attempts_of(self.study)

    def trials(self) -> list[Trial]:
        """Return the finished trials, by number."""
        finished = [a for a in self.attempts() if a.outcome in STATES]
        return [_record(attempt) for attempt in sorted(finished, key=lambda a: a.number)]

    def claim(self) -> tuple[int, optuna.Trial] | None:
        """Begin an attempt at the next trial; return number and attempt, or None if none is left.

        Lost trials come first. Of two machines that claim the same, the one that came first in the
        storage keeps it.
        """
        while True:
            attempts = self.attempts()
            if self._requeue(attempts):
                continue
            if not self._may_begin(attempts):
                return None
            attempt = self.study.ask()
            alone = attempt.number == (attempts[-1].frozen.number + 1 if attempts else 0)
            attempts = attempts if alone else self.attempts()
            number = _following(attempts) if alone else number_of(attempts, attempt.number)
            reason = None if alone else self._superfluous(attempts, attempt.number, number)
            if reason is None:
                attempt.set_user_attr("owner", self.owner)
                return number, attempt
            attempt.set_user_attr("discarded", reason)
            self.study.tell(attempt, state=TrialState.FAIL)

    def finish(self, attempt: optuna.Trial, result: Trial) -> bool:
        """Record what became of an attempt; on disk when this returns.

        Returns False where the study has given the attempt up, as that of a machine that was silent
        for too long: then another attempt counts.
        """
        try:
            recorded = asdict(result)
            for name in RECORDED:
                attempt.set_user_attr(name, recorded[name])
            attempt.set_user_attr("outcome", result.state)
            self._tell(attempt, result.state, result.score)
        except GIVEN_UP:
            return False
        return True

    def lose(self, attempt: optuna.Trial, why: str = "") -> None:
        """Give an attempt up whose process is gone; its trial is run again.

        Args:
            attempt: as `claim` gave it.
            why: how the process died, if it was killed; see `kills`.
        """
        with suppress(*GIVEN_UP):  # another machine was faster
            if why:
                attempt.set_user_attr("killed", why)
            self._tell(attempt, "lost", None)

    def give_up(self, attempt: FrozenTrial) -> None:
        """End an attempt whose machine is gone: as that had recorded it, or as lost."""
        recorded = attempt.user_attrs
        with suppress(*GIVEN_UP):
            self._tell(attempt.number, recorded.get("outcome", "lost"), recorded.get("score"))

    def _tell(self, attempt: optuna.Trial | int, outcome: str, score: float | None) -> None:
        if outcome == "completed":
            self.study.tell(attempt, score)
        elif outcome in ("pruned", "infeasible"):
            self.study.tell(attempt, state=TrialState.PRUNED)
        else:
            self.study.tell(attempt, state=TrialState.FAIL)

    def kills(self, number: int) -> int:
        """Return how often the process of trial `number` was killed."""
        return sum(a.number == number and "killed" in a.frozen.user_attrs for a in self.attempts())

    def running(self) -> list[FrozenTrial]:
        """Return the attempts that are under way, here or elsewhere."""
        return [a.frozen for a in self.attempts() if a.frozen.state == TrialState.RUNNING]

    def _may_begin(self, attempts: Sequence[Attempt]) -> bool:
        for attempt in attempts:
            if attempt.frozen.state == TrialState.WAITING:
                return self.ready(attempts, attempt.number)
        following = _following(attempts)
        return self._reaches(attempts, following) and self.ready(attempts, following)

    def _reaches(self, attempts: Sequence[Attempt], number: int) -> bool:
        """Tell whether the budget reaches as far as a trial; infeasible ones are free, up to 50."""
        free = {a.number for a in attempts if a.outcome == "infeasible"}
        if len(free) >= INFEASIBLE * self.budget:
            return False
        return len({a.number for a in attempts if a.number < number} - free) < self.budget

    def _requeue(self, attempts: Sequence[Attempt]) -> bool:
        """Give trials whose attempts were all lost another one, at the same point."""
        alive = {a.number for a in attempts if a.outcome != "lost"}
        lost = {a.number: a.frozen for a in attempts if a.number not in alive}
        asked = {a.number: a.frozen.params for a in attempts if "asked" in a.frozen.user_attrs}
        again = [number for number in lost if self._reaches(attempts, number)]
        for number in again:  # half a point is none: then it is drawn anew, from the same seed
            first = lost[number].user_attrs.get("retry_of", lost[number].number)
            self.study.enqueue_trial(asked.get(number, {}), user_attrs={"retry_of": first})
        return bool(again)

    def _superfluous(self, attempts: Sequence[Attempt], attempt: int, number: int) -> str | None:
        """Return why an attempt that was just begun should not be, or None."""
        earlier = [a for a in attempts if a.frozen.number < attempt]
        if any(a.number == number and a.outcome != "lost" for a in earlier):
            return "another machine runs this trial"
        return None if self._reaches(earlier, number) else "over the budget"


def _following(attempts: Sequence[Attempt]) -> int:
    return max((attempt.number for attempt in attempts), default=-1) + 1


def _record(attempt: Attempt) -> Trial:
    held = {name: one for name, one in attempt.frozen.user_attrs.items() if name in RECORDED}
    whole = (attempt.number, attempt.frozen.params, str(attempt.outcome))
    held |= dict(zip(("number", "values", "state"), whole, strict=True))
    try:
        check(held, Trial)
        check(held.get("recipe", {}), Recipe, "recipe")
    except Unfit as error:
        raise UserError(f"Trial {attempt.number} of the study is damaged: {error}.") from error
    return Trial(**held)


def ranked(direction: str, trials: Sequence[Trial]) -> list[Trial]:
    """Return the completed trials, best first: by score, then by the lower validation loss, then
    by number, however long they were trained.

    Args:
        direction: "maximize" or "minimize".
    """
    sign = -1 if direction == "maximize" else 1

    def place(t: Trial) -> tuple[float, float, int]:
        return sign * (t.score or 0.0), t.loss or 0.0, t.number

    return sorted((trial for trial in trials if trial.state == "completed"), key=place)
