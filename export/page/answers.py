"""How good the answers are: figures, confusion, confidence, groups, and what else was tried."""

from dataclasses import replace
from typing import Any

import numpy as np

from export.page.charts import Axis, Series, axis, plot
from export.page.facts import Facts
from export.page.markup import Child, Html, figure, folded, grid, joined, section, table, tag
from zoo import Data
from zoo.tasks import FIGURES

MOST_CLASSES = 30  # of a confusion matrix; of more only the commonest mistakes are shown
MOST = 20  # lines of a table that stands open
STEPS = (0.02, 0.1, 0.3, 0.6, 0.9)  # shares of a row where the next shade begins


def answers(facts: Facts, data: Data, of_int8: np.ndarray | None) -> Html:
    """Return everything about the answers to the test rows.

    Args:
        facts: of the run.
        data: its test part.
        of_int8: for a regression, what the int8 file answers to the first of the test rows.
    """
    return section(
        "Answers",
        grid(_figures(facts), _reliability(facts), _scatter(data, of_int8)),
        _confusion(facts),
        _groups(facts),
        _baselines(facts),
        lead=f"On {facts.test_rows:,} test rows, which had no part in training or choosing; in "
        "brackets 95 % intervals.",
    )


def _figures(facts: Facts) -> Html:
    rows: list[tuple[Child, ...]] = []
    for name, pair in facts.report["metrics"].items():
        title, unit = FIGURES[name]
        rows.append((title, *(_value(pair[kind], unit) for kind in ("float", "int8"))))
    drop, unit = facts.report["drop"], facts.report["drop"]["unit"]
    low, high = drop["ci95"]
    rows.append((f"drop, {unit}", "", _ranged(f"{drop['value']:.2f}", f"{low:.2f}", f"{high:.2f}")))
    return tag("div", table(("", "float", "int8"), rows, numbers=1))


def _value(estimate: dict[str, Any], unit: int) -> Html:
    value, low, high = (_number(unit * one) for one in (estimate["value"], *estimate["ci95"]))
    return _ranged(value, low, high)


def _ranged(value: str, low: str, high: str) -> Html:
    """Return a figure and its interval, which goes below it where there is no room beside it."""
    return joined([f"{value} ", tag("small", f"({low} to {high})")])


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _reliability(facts: Facts) -> Html | None:
    found = facts.report["reliability"]
    if not found:
        return None
    series = [Series("", [(0, 0), (1, 1)], "quiet")]
    if found["before"]:
        series.append(Series("before", _bins(found["before"], facts.metric), "b", dots=True))
    series.append(
        Series(
            "after" if found["before"] else "int8", _bins(found["after"], facts.metric), dots=True
        )
    )
    chart = plot(
        "reliability", Axis("confidence", 0, 1), Axis("share of right answers", 0, 1), series
    )
    said = (
        "Confidence of the int8 answers, and how often they are right; on the diagonal is honest."
    )
    temperature = facts.report["temperature"]
    if temperature:
        said += f" The last layer is divided by a temperature of {temperature['value']:.2f}."
    return figure(said, chart)


def _scatter(data: Data, of_int8: np.ndarray | None) -> Html | None:
    """Return answers beside the truth, of the first target."""
    if of_int8 is None:
        return None
    truth = data.y_test[: len(of_int8), 0].astype(float).tolist()
    told = of_int8[:, 0].astype(float).tolist()
    both = axis("", [*truth, *told])
    ends = [(both.low, both.low), (both.high, both.high)]
    pairs = Series("", list(zip(truth, told, strict=True)), line=False, dots=True)
    series = [Series("", ends, "quiet"), pairs]
    named = [replace(both, label=label) for label in ("truth", "int8 answer")]
    chart = plot("answers by truth", named[0], named[1], series)
    return figure(
        f"Answers beside the truth, {len(told)} test rows; on the diagonal is right.", chart
    )


def _bins(bins: list[dict[str, float]], right: str) -> list[tuple[float, float]]:
    return [(one["confidence"], one[right]) for one in bins]


def _confusion(facts: Facts) -> Html | None:
    found = facts.report["confusion"]
    if not found:
        return None
    names, counts = found["classes"], found["int8"]
    heading = tag("h3", "What was taken for what")
    if len(names) > MOST_CLASSES:
        return tag("div", heading, _mistakes(names, counts))
    head = tag("tr", tag("th", "true"), *(tag("th", n, scope="col") for n in names))
    lines = [
        tag("tr", tag("th", name, scope="row"), *(_cell(count, sum(row)) for count in row))
        for name, row in zip(names, counts, strict=True)
    ]
    matrix = tag("table", tag("thead", head), tag("tbody", *lines), class_="confusion")
    said = (
        "Lines are true classes, columns what the int8 file answered; shades are shares of a line."
    )
    scrolled = tag("div", matrix, class_="scroll", tabindex="0")
    return tag("div", heading, tag("p", said, class_="lead"), scrolled)


def _cell(count: int, whole: int) -> Html:
    share = count / whole if whole else 0.0
    return tag(
        "td", str(count) if count else "·", class_=f"h{sum(share >= step for step in STEPS)}"
    )


def _mistakes(names: list[str], counts: list[list[int]]) -> Html:
    found = [
        (count, names[i], names[j], sum(row))
        for i, row in enumerate(counts)
        for j, count in enumerate(row)
        if count and i != j
    ]
    found.sort(key=lambda one: -one[0])
    rows = [(truth, answer, f"{count} of {of}") for count, truth, answer, of in found[:MOST]]
    return table(("true class", "answer", "rows"), rows)


def _groups(facts: Facts) -> Html | None:
    groups = facts.report["groups"]
    if not groups:
        return None
    title, unit = facts.task.metric.title, facts.unit
    header = ("group", "rows", f"float {title}", f"int8 {title}")
    rows = [
        (one["name"], f"{one['rows']:,}", _value(one["float"], unit), _value(one["int8"], unit))
        for one in groups
    ]
    parts = [tag("h3", "Groups of test rows"), table(header, rows[:MOST], numbers=1)]
    if len(rows) > MOST:
        parts.append(folded(f"{len(rows) - MOST} more", table(header, rows[MOST:], numbers=1)))
    worst = facts.report["worst_group"]
    return tag("div", *parts, tag("p", f"The worst is “{worst}”.") if worst else None)


def _baselines(facts: Facts) -> Html | None:
    baselines = facts.report["baselines"]
    if not baselines:
        return None
    unit = facts.unit
    rows = []
    for one in baselines:
        low, high = one["ahead"]["ci95"]
        ahead = _ranged(f"{one['ahead']['value']:+.2f}", f"{low:+.2f}", f"{high:+.2f}")
        rows.append((one["name"], _value(one["estimate"], unit), ahead, f"{one['seconds']:.1f} s"))
    header = (f"test {facts.task.metric.title}", "figure (95 %)", "ahead of int8", "fitted in")
    return tag("div", tag("h3", "What else was tried"), table(header, rows, numbers=1))
