"""Which finished trials are worth having: none is better in score, bytes and work at once."""

from collections.abc import Sequence

from tuning.study import Trial

SHORT = 3  # a shortlist has at most so many


def front(trials: Sequence[Trial], direction: str) -> list[Trial]:
    """Return the Pareto front in score, bytes and multiply-accumulates, smallest files first.

    Multiply-accumulates stand for latency: on microcontrollers it is linear in them (Banbury et al.
    2021, MicroNets, arXiv:2010.11267).

    Args:
        trials: completed ones.
        direction: "maximize" or "minimize".
    """
    sign = -1 if direction == "maximize" else 1
    points = [(sign * (t.score or 0.0), t.cost["bytes"], t.cost["macs"]) for t in trials]
    kept = [
        trial
        for trial, own in zip(trials, points, strict=True)
        if not any(_dominates(other, own) for other in points)
    ]
    return sorted(kept, key=lambda trial: (trial.cost["bytes"], trial.number))


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def choose(order: Sequence[Trial], within: float | None, direction: str) -> list[Trial]:
    """Return the trials to take, in the order in which to try them.

    Args:
        order: completed trials, the best first.
        within: None for the best; else the smallest files of the front whose score is at most so
            many points (percent of RMSE) worse, and the best last.
        direction: "maximize" or "minimize".
    """
    best = order[0]
    if within is None or best.score is None:
        return [best]
    least = best.score - within / 100
    if direction == "minimize":
        least = best.score * (1 + within / 100)
    sign = 1 if direction == "maximize" else -1
    near = [t for t in front(order, direction) if sign * (t.score or 0.0) >= sign * least]
    return [*[trial for trial in near if trial is not best][: SHORT - 1], best]
