"""The Pareto front of finished trials: none is better in score, bytes, arena and time at once."""

import math
from collections.abc import Sequence
from dataclasses import replace

from tuning.study.ledger import Trial
from zoo import UserError

COSTS = ("bytes", "arena", "ms", "macs")  # see `axes`
LEAST = 1e-6  # of a cost, for its logarithm
SHORT = 3  # a shortlist has at most so many
KNEE = 2.0  # points (percent of RMSE) that the knee may be worse than the best


def axes(trials: Sequence[Trial], among: Sequence[str] = COSTS) -> tuple[str, ...]:
    """Return what a front is judged by beside the score: file, arena, and latency.

    Multiply-accumulates stand for latency where no device was named: on microcontrollers it is
    linear in them (Banbury et al. 2021, MicroNets, arXiv:2010.11267). What a trial of an older
    study does not know is left out for all.
    """
    known = [name for name in among if all(name in trial.cost for trial in trials)]
    return tuple(name for name in known if name != "macs" or "ms" not in known)


def front(trials: Sequence[Trial], direction: str, among: Sequence[str] = COSTS) -> list[Trial]:
    """Return the Pareto front in score and costs, smallest files first.

    Of equals the first.

    Args:
        trials: completed ones.
        direction: "maximize" or "minimize".
        among: names of costs; see `axes`.
    """
    sign = -1 if direction == "maximize" else 1
    names = axes(trials, among)
    points = [(sign * (t.score or 0.0), *(t.cost[name] for name in names)) for t in trials]
    kept = [
        trial
        for n, (trial, own) in enumerate(zip(trials, points, strict=True))
        if own not in points[:n] and not any(_dominates(other, own) for other in points)
    ]
    return sorted(kept, key=lambda trial: (trial.cost.get("bytes", 0), trial.number))


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def choose(order: Sequence[Trial], pick: str, direction: str, rows: int = 0) -> list[Trial]:
    """Return the trials to take, in the order in which to try them.

    Args:
        order: completed trials, the best first.
        pick: "best"; "trial:N"; "knee", see `knee`, of those within two points of the best, and
            then the best; or "smallest-within:P", the smallest files of the front whose score
            is at most P points (percent of RMSE) worse than the best, and then the best.
        direction: "maximize" or "minimize".
        rows: that the scores are of; 0: not known.

    Raises:
        UserError: trial N was not completed.
    """
    best, (how, _, value) = order[0], pick.partition(":")
    if how == "trial":
        named = [trial for trial in order if trial.number == int(value)]
        if not named:
            known = ", ".join(str(number) for number in sorted(t.number for t in order))
            raise UserError(f"There is no completed trial {value}. Completed: {known}.")
        return named
    if how == "best" or best.score is None:
        return [best]
    near = _near(order, direction, KNEE if how == "knee" else float(value))
    if how == "knee":
        taken = knee(near, direction, standard_error(best.score, direction, rows))
        return [taken, *([] if taken is best else [best])]
    return [*[trial for trial in near if trial is not best][: SHORT - 1], best]


def _near(order: Sequence[Trial], direction: str, points: float) -> list[Trial]:
    """Return the trials of the front that are at most so many points worse than the best."""
    sign = 1 if direction == "maximize" else -1
    reached, worse = order[0].score or 0.0, points / 100
    least = reached - worse if direction == "maximize" else reached * (1 + worse)
    return [t for t in front(order, direction) if sign * (t.score or 0.0) >= sign * least]


def standard_error(score: float, direction: str, rows: int) -> float:
    """Return the standard error of a score: of a share of the rows, or of an error.

    That of a share has half a row more of either kind, so that all right is not certain; that of
    an error is of normally distributed ones. Without rows 0.
    """
    if not rows:
        return 0.0
    if direction == "minimize":
        return abs(score) / math.sqrt(2 * rows)
    share = (min(max(score, 0.0), 1.0) * rows + 0.5) / (rows + 1)
    return math.sqrt(share * (1 - share) / rows)


def knee(trials: Sequence[Trial], direction: str, error: float = 0.0) -> Trial:
    """Return the trial of a front beyond which more of the costs wins little score.

    Scores within a standard error of the best are as good as it (Breiman et al. 1984): of those
    more of the costs wins nothing.

    It is the one that is furthest above the line from the smallest to the best, in score over the
    logarithm of a cost (the distance of "Kneedle", Satopaa et al. 2011), on the average of the
    costs in which the trials differ; see `axes`. Of two it is the best.
    """
    sign = 1 if direction == "maximize" else -1
    enough = max(sign * (trial.score or 0.0) for trial in trials) - error
    whole = {trial.number: trial for trial in trials}
    capped = [replace(t, score=sign * min(sign * (t.score or 0.0), enough)) for t in trials]
    level = front(capped, direction)
    scores = [sign * (trial.score or 0.0) for trial in level]
    trials = [whole[trial.number] for trial in level]
    logs = ([math.log(max(t.cost[name], LEAST)) for t in trials] for name in axes(trials))
    costs = [_spread(cost) for cost in logs if max(cost) > min(cost)]
    best = scores.index(max(scores))
    if len(trials) < 3 or max(scores) == min(scores) or not costs:
        return trials[best]
    above = [
        reached - sum(own) / len(own) for reached, *own in zip(_spread(scores), *costs, strict=True)
    ]
    return trials[max(range(len(trials)), key=lambda n: (above[n], scores[n]))]


def _spread(values: Sequence[float]) -> list[float]:
    """Return values that differ, from 0 to 1."""
    low, high = min(values), max(values)
    return [(value - low) / (high - low) for value in values]
