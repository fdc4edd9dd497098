"""The page's section on the training, the search, and what mattered in it."""

import math
from typing import Any

from export.page.charts import Series, axis, bars, plot
from export.page.facts import Facts
from export.page.families import families
from export.page.front import front_charts, front_table
from export.page.markup import Html, figure, grid, section, tag
from zoo.tasks import worded

MOST = 12  # hyperparameters that are shown


def training(facts: Facts) -> Html:
    """Return learning curves, search history, Pareto front and what mattered."""
    study = facts.study
    history = [one for one in study.get("history", ()) if one["score"] is not None]
    charts = [*_curves(facts)]
    if len(history) > 1:
        charts += [_search(history, facts), *front_charts(facts.study, _score(facts))]
    if study.get("importance"):
        charts.append(_importance(study["importance"]))
    found = families(study["answer"], study.get("device")) if "answer" in study else None
    front = front_table(study) if len(study.get("front", ())) > 1 else None
    shown = (found, grid(*charts), front, _notes(facts))
    return section("Training and search", *shown, lead=_lead(facts))


def _lead(facts: Facts) -> str | None:
    study = facts.study
    if not study:
        return "One training, without a search." if facts.history else None
    counts = ", ".join(f"{count} {state}" for state, count in study["trials"].items() if count)
    said = f"A search by {study['algorithm']} for the {study['objective']} score: {counts}."
    again = study["again"]
    if "std" in again:
        said += (
            f" Trained {len(again['scores'])} times more with other seeds, the winner scored "
            f"{again['mean']:.4f} on average, with a standard deviation of {again['std']:.4f}."
        )
    return said


def _notes(facts: Facts) -> Html | None:
    advice = facts.study.get("advice")
    return tag("ul", *(tag("li", sentence) for sentence in advice)) if advice else None


def _curves(facts: Facts) -> list[Html]:
    """Return a chart for each figure of the history: training rows, and held-out ones."""
    epochs = facts.history.get("epoch", [])
    found: list[Html] = []
    names = [name for name in facts.history if name != "epoch" and not name.startswith("val_")]
    for name in sorted(names, key=lambda name: (name != facts.report.metric, name)):
        columns = [("training", name, "a"), ("validation", f"val_{name}", "b")]
        series: list[Series] = []
        values: list[float] = []
        for title, column, look in columns:
            curve = facts.history.get(column, [])
            points = [(e, v) for e, v in zip(epochs, curve, strict=False) if math.isfinite(v)]
            if points:
                series.append(Series(title, points, look))
                values += [value for _, value in points]
        if series:
            chart = plot(
                f"{name} by epoch",
                axis("epoch", [round(epoch) for epoch in epochs]),
                axis(name, values),
                series,
            )
            found.append(figure(_curve_caption(name, facts, len(series)), chart))
    return found


def _curve_caption(name: str, facts: Facts, curves: int) -> str:
    if facts.study.get("refit") and curves == 1:
        return f"By epoch: {name} of the final training, which included the validation rows."
    return f"By epoch: {name}; training rows are augmented where the recipe says so."


def _search(history: list[dict[str, Any]], facts: Facts) -> Html:
    largest = facts.study.get("direction") == "max"
    points = [(one["number"], one["score"]) for one in history]
    best: list[tuple[float, float]] = []
    reached = points[0][1]
    for number, score in points:
        reached = max(reached, score) if largest else min(reached, score)
        best.append((number, reached))
    values = [score for _, score in points]
    series = [
        Series("trial", points, "quiet", line=False, dots=True),
        Series("best so far", best, "a"),
    ]
    across = axis("trial", [number for number, _ in points])
    chart = plot("score by trial", across, axis(_score(facts), values), series)
    return figure("Each trial's score on validation rows, and the best so far.", chart)


def _score(facts: Facts) -> str:
    return f"validation {worded(facts.report.metric)}"


def _importance(importance: dict[str, float]) -> Html:
    items = [(name, share, f"{share:.0%}") for name, share in list(importance.items())[:MOST]]
    said = "Importance of hyperparameters: shares of the scores' variance (functional ANOVA)."
    return figure(said, bars("importance of hyperparameters", items))
