"""The Pareto front of a search: its table, for page and screen, and its charts."""

from collections.abc import Mapping, Sequence
from typing import Any

from export.page.charts import Series, axis, plot
from export.page.markup import Html, figure, folded, table

Point = tuple[float, float]
OLDER = ("bytes", "macs")  # what a front was judged by before `study.json` said so


def front_of(study: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and the rows of the table: a trial each, by score and costs."""
    names = study.get("axes", OLDER)
    header = (
        "on the Pareto front",
        "score",
        *(cost_title(name, study.get("device")) for name in names),
    )
    return header, [_row(one, names) for one in study["front"]]


def _row(trial: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    known = (f"trial {trial['number']}", trial.get("preset"), trial.get("reading"))
    name = " ".join(filter(None, known))
    return name, f"{trial['score']:.4f}", *(cost_shown(name, trial.get(name)) for name in names)


def cost_shown(name: str, value: float | None) -> str:
    """Return a cost of a trial in a cell; empty where it is not known."""
    if value is None:
        return ""
    return f"{value:.3g}" if name == "ms" else f"{value:,}"


def cost_title(name: str, device: str | None) -> str:
    """Return what a cost is called; `device` is where latency is estimated, if anywhere."""
    on = "" if device is None else f" on {device}"
    return {"bytes": "int8 bytes", "macs": "multiply-accumulates", "ms": f"estimated ms{on}"}.get(
        name, name
    )


def front_table(study: Mapping[str, Any]) -> Html:
    """Return the table, folded away."""
    header, rows = front_of(study)
    return folded("Trials on the Pareto front", table(header, rows, numbers=1))


def front_charts(study: Mapping[str, Any], score: str) -> list[Html]:
    """Return a chart of the score by each cost; `score` is what its axis is called."""
    names = study.get("axes", OLDER)
    costs = [cost_title(name, study.get("device")) for name in names]
    charts = [_chart(study, name, score) for name in names]
    said = f"No trial beats one on the front in score, {_listed(costs)} at once."
    shown = [one for one in charts if one is not None]
    return [
        figure(
            said if n == 0 else "The same front; the line joins those that win by this alone.", one
        )
        for n, one in enumerate(shown)
    ]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _chart(study: Mapping[str, Any], name: str, score: str) -> Html | None:
    """Return a chart by one cost; None where fewer than two trials know it."""
    points = _points(study["history"], name)
    if len(points) < 2:
        return None
    front = _points(study["front"], name)
    best = study["best"]
    taken = _points([best["cost"] | {"score": best["score"]}], name)
    largest = study.get("direction") == "max"
    series = [
        Series("trial", points, "quiet", line=False, dots=True),
        Series("", _alone(front, largest), "a"),
        Series("front", front, "a", line=False, dots=True),
        Series("taken", taken, "b", line=False, dots=True),
    ]
    title = cost_title(name, study.get("device"))
    across = axis(title, [cost for cost, _ in points], log=True)
    return plot(f"score by {title}", across, axis(score, [p[1] for p in points]), series)


def _points(trials: Sequence[Mapping[str, Any]], name: str) -> list[Point]:
    known = [one for one in trials if one["score"] is not None and name in one]
    return sorted((one[name], one["score"]) for one in known)


def _alone(points: Sequence[Point], largest: bool) -> list[Point]:
    """Return those of sorted points that no cheaper one equals in score."""
    sign = 1 if largest else -1
    found: list[Point] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -sign * point[1])):
        if not found or sign * score > sign * found[-1][1]:
            found.append((cost, score))
    return found
