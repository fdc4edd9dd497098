"""The study as a ledger: which trials there are, who runs them, what became of them.

Optuna's trials are attempts here. An attempt that was lost with its process is marked failed and
its trial gets another one, with the same point and the same number; so a trial is finished exactly
once, whatever is killed. Trial n is the n-th first attempt.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

STATES = ("completed", "pruned", "infeasible", "failed")
KILLS = 10  # of one trial, before it is given up


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    `score` is the objective on the validation rows, `loss` the validation loss; `weights` the id of
    an artifact, its sha256 and its bytes, or None; `cost` what the model was estimated to need (see
    `zoo.cost`)."""

    number: int
    values: Mapping[str, Any]  # the active hyperparameters
    state: str  # one of STATES
    message: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    loss: float | None = None
    epochs: int = 0
    seconds: float = 0.0
    cost: Mapping[str, int] = field(default_factory=dict)
    weights: tuple[str, str, int] | None = None


RECORDED = tuple(f.name for f in fields(Trial) if f.name not in ("number", "values", "state"))


def numbers(attempts: Sequence[FrozenTrial]) -> dict[int, int]:
    """Return the trial number of every attempt, by the attempt's number."""
    found: dict[int, int] = {}
    first = 0
    for attempt in attempts:
        again = attempt.user_attrs.get("retry_of")
        if again is not None:
            found[attempt.number] = found[again]
        elif "discarded" not in attempt.user_attrs:
            found[attempt.number] = first
            first += 1
    return found


def outcome(attempt: FrozenTrial) -> str | None:
    """Return what became of an attempt: one of STATES, "lost", or None while it is under way."""
    if attempt.state in (TrialState.RUNNING, TrialState.WAITING):
        return None
    return str(attempt.user_attrs.get("outcome", "lost"))


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
    ready: Callable[[Sequence[FrozenTrial], int], bool] = lambda *_: True

    def attempts(self) -> list[FrozenTrial]:
        """Return all attempts that count, by number."""
        trials = self.study.get_trials(deepcopy=False)
        return [trial for trial in trials if "discarded" not in trial.user_attrs]

    def trials(self) -> list[Trial]:
        """Return the finished trials, by number."""
        attempts = self.attempts()
        number = numbers(attempts)
        finished = [(number[a.number], a) for a in attempts if outcome(a) in STATES]
        return [_record(n, a) for n, a in sorted(finished, key=lambda pair: pair[0])]

    def claim(self) -> tuple[int, optuna.Trial] | None:
        """Return the next trial to run and its number, or None where there is none to begin.

        Lost trials come first. Of two machines that claim the same, the one that came first in the
        storage keeps it.
        """
        self._requeue()
        while True:
            attempts = self.attempts()
            if not self._may_begin(attempts):
                return None
            trial = self.study.ask()
            attempts = self.attempts()
            number = numbers(attempts)[trial.number]
            reason = self._superfluous(attempts, trial.number, number)
            if reason is None:
                trial.set_user_attr("owner", self.owner)
                return number, trial
            trial.set_user_attr("discarded", reason)
            self.study.tell(trial, state=TrialState.FAIL)

    def finish(self, trial: optuna.Trial, result: Trial) -> bool:
        """Record what became of an attempt; on disk when this returns.

        Returns False where the study has given the attempt up, as that of a machine that was silent
        for too long: then another attempt counts.
        """
        try:
            for name in RECORDED:
                trial.set_user_attr(name, asdict(result)[name])
            trial.set_user_attr("outcome", result.state)
            if result.state == "completed":
                self.study.tell(trial, result.score)
            elif result.state in ("pruned", "infeasible"):
                self.study.tell(trial, state=TrialState.PRUNED)
            else:
                self.study.tell(trial, state=TrialState.FAIL)
        except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
            return False
        return True

    def lose(self, trial: optuna.Trial | int, why: str = "") -> None:
        """Give an attempt up whose process is gone; its trial is run again.

        Args:
            trial: the attempt, or its number.
            why: how the process died, if it was killed; see `kills`.
        """
        try:
            if why and isinstance(trial, optuna.Trial):
                trial.set_user_attr("killed", why)
            self.study.tell(trial, state=TrialState.FAIL)
        except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
            return  # another machine was faster

    def kills(self, number: int) -> int:
        """Return how often the process of trial `number` was killed."""
        attempts = self.attempts()
        of = numbers(attempts)
        return sum("killed" in a.user_attrs for a in attempts if of[a.number] == number)

    def running(self) -> list[FrozenTrial]:
        """Return the attempts that are under way, here or elsewhere."""
        return [attempt for attempt in self.attempts() if attempt.state == TrialState.RUNNING]

    def _may_begin(self, attempts: Sequence[FrozenTrial]) -> bool:
        waiting = [a for a in attempts if a.state == TrialState.WAITING]
        of = numbers(attempts)
        if waiting:
            return self.ready(attempts, of[waiting[0].number])
        spent = len(self._spent(attempts)) >= self.budget
        return not spent and self.ready(attempts, len(set(of.values())))

    def _requeue(self) -> None:
        """Give every trial whose attempts were all lost another one, at the same point."""
        attempts = self.attempts()
        number = numbers(attempts)
        alive = {number[a.number] for a in attempts if outcome(a) != "lost"}
        lost = {number[a.number]: a for a in attempts if number[a.number] not in alive}
        for attempt in lost.values():  # the last of each
            first = attempt.user_attrs.get("retry_of", attempt.number)
            self.study.enqueue_trial(attempt.params, user_attrs={"retry_of": first})

    def _spent(self, attempts: Sequence[FrozenTrial]) -> set[int]:
        number = numbers(attempts)
        counted = [a for a in attempts if outcome(a) not in ("infeasible", "lost")]
        return {number[attempt.number] for attempt in counted}

    def _superfluous(
        self, attempts: Sequence[FrozenTrial], attempt: int, number: int
    ) -> str | None:
        """Return why an attempt that was just begun should not be, or None."""
        of = numbers(attempts)
        earlier = [a for a in attempts if a.number < attempt]
        if any(of[a.number] == number and outcome(a) != "lost" for a in earlier):
            return "another machine runs this trial"
        spent = self._spent(earlier)
        if number not in spent and len(spent) >= self.budget:
            return "over the budget"
        return None


def _record(number: int, attempt: FrozenTrial) -> Trial:
    known = {name: attempt.user_attrs[name] for name in RECORDED if name in attempt.user_attrs}
    return Trial(number, attempt.params, str(outcome(attempt)), **known)


def ranked(direction: str, trials: Sequence[Trial]) -> list[Trial]:
    """Return the completed trials, best first: full length before shorter, then by score, then by
    the lower validation loss, then by number.

    Args:
        direction: "maximize" or "minimize".
    """
    completed = [trial for trial in trials if trial.state == "completed"]
    sign = -1 if direction == "maximize" else 1
    return sorted(
        completed,
        key=lambda t: (
            -t.recipe.get("epochs", 0),
            sign * (t.score or 0.0),
            t.loss or 0.0,
            t.number,
        ),
    )
