"""Drawings of the details of a task's answers, by their kind: see `zoo.tasks.Task.details`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from export.page.charts import Axis, Series, axis, plot
from export.page.found import areas, objects, precision_recall
from export.page.markup import Html, figure, folded, table, tag
from export.proof.quality import Quality
from zoo.metrics.reliability import Bin
from zoo.tasks.judging.recalls import Recall, Recalls
from zoo.tasks.tagging.label_table import LabelFigures, LabelTable

MOST_CLASSES = 30  # of a confusion matrix; of more only the commonest mistakes are shown
MOST = 20  # mistakes
STEPS = (0.02, 0.1, 0.3, 0.6, 0.9)  # shares of a row where the next shade begins
POINTS = 200  # test rows of a scatter


def reliability(quality: Quality, bins: Sequence[Bin]) -> Html:
    """Return confidence beside the share of right answers, also before an adjustment."""
    adjusted = quality.adjusted
    series = [Series("", [(0, 0), (1, 1)], "quiet")]
    if adjusted is not None:
        series.append(Series("before", _points(adjusted.details["reliability"]), "b", dots=True))
    name = "int8" if adjusted is None else "after"
    series.append(Series(name, _points(bins), dots=True))
    across, up = Axis("confidence", 0, 1), Axis("share of correct predictions", 0, 1)
    said = (
        "Confidence of the predictions, and how often they are correct; calibrated ones lie "
        "on the diagonal."
    )
    if adjusted is not None:
        said += f" Held in the last layer: {adjusted.title}."
    return figure(said, plot("reliability", across, up, series))


def _points(bins: Sequence[Bin]) -> list[tuple[float, float]]:
    return [(one.confidence, one.accuracy) for one in bins]


def scatter(quality: Quality, pairs: np.ndarray) -> Html:
    """Return answers beside the truth.

    Args:
        quality: they are a detail of.
        pairs: truth and answer, (rows, 2).
    """
    truth, told = pairs[:POINTS].astype(float).T.tolist()
    both = axis("", [*truth, *told])
    ends = [(both.low, both.low), (both.high, both.high)]
    points = Series("", list(zip(truth, told, strict=True)), line=False, dots=True)
    across, up = (replace(both, label=label) for label in ("truth", "prediction"))
    chart = plot("predictions by true value", across, up, [Series("", ends, "quiet"), points])
    return figure(
        f"Predictions against true values, {len(told)} test rows; exact ones lie on the diagonal.",
        chart,
    )


def confusion(quality: Quality, counts: np.ndarray) -> Html:
    """Return what was taken for what: a matrix, or of many classes the commonest mistakes.

    Args:
        quality: of the answers.
        counts: true class x answer, rows.
    """
    names, heading = quality.task.labels, tag("h3", "Confused classes")
    unit = "rows" if quality.task.gives == "values" else "pixels"
    if len(names) > MOST_CLASSES:
        return tag("div", heading, _mistakes(names, counts.tolist(), unit))
    head = tag("tr", tag("th", "true"), *(tag("th", n, scope="col") for n in names))
    lines = [
        tag("tr", tag("th", name, scope="row"), *(_cell(count, sum(row), unit) for count in row))
        for name, row in zip(names, counts.tolist(), strict=True)
    ]
    matrix = tag("table", tag("thead", head), tag("tbody", *lines), class_="confusion")
    said = (
        "Rows are true classes, columns the classes that were predicted; shades are "
        "shares of a row."
    )
    said += " Numbers are % of the pixels of a true class." if unit == "pixels" else ""
    scrolled = tag("div", matrix, class_="scroll", tabindex="0")
    return tag("div", heading, tag("p", said, class_="lead"), scrolled)


def _cell(count: int, whole: int, unit: str) -> Html:
    share = count / whole if whole else 0.0
    told = str(count) if unit == "rows" else f"{100 * share:.1f}"
    return tag("td", told if count else "·", class_=f"h{sum(share >= step for step in STEPS)}")


def _mistakes(names: Sequence[str], counts: list[list[int]], unit: str) -> Html:
    found = [
        (count, names[i], names[j], sum(row))
        for i, row in enumerate(counts)
        for j, count in enumerate(row)
        if count and i != j
    ]
    found.sort(key=lambda one: -one[0])
    rows = [(truth, answer, f"{count:,} of {of:,}") for count, truth, answer, of in found[:MOST]]
    return table(("true class", "predicted", unit), rows)


def labels(quality: Quality, found: LabelTable) -> Html:
    """Return the figures of each label, with its threshold where one was chosen."""
    kept = quality.adjusted
    thresholds = [None] * len(found.lines) if kept is None else kept.recorded["values"]
    header = ("label", "rows", "predicted", "precision", "recall", "F1", "AP", "threshold")
    rows = [_line(*pair) for pair in zip(found.lines, thresholds, strict=True)]
    parts = [tag("h3", "Labels"), table(header, rows[:MOST], numbers=1)]
    if len(rows) > MOST:
        parts.append(folded(f"{len(rows) - MOST} more", table(header, rows[MOST:], numbers=1)))
    said = (
        "Test rows with each label, and rows it was predicted for; precision, recall, F1 and "
        "average precision in %. Thresholds are probabilities of the model as it was trained: 0.5, "
        "or what validation rows favor, folded into the last layer."
    )
    return tag("div", *parts, tag("p", said, class_="lead"))


def _line(one: LabelFigures, threshold: float | None) -> tuple[str, ...]:
    shares = (one.precision, one.recall, one.f1, one.average_precision)
    shown = ("-" if share is None else f"{100 * share:.1f}" for share in shares)
    last = "-" if threshold is None else f"{threshold:.3f}"
    return one.label, str(one.rows), str(one.answered), *shown, last


def recalls(quality: Quality, found: Recalls) -> Html:
    """Return the recall of each class, the rarest first."""
    lines = sorted(found.lines, key=lambda one: one.rows)
    rows = [_recall(one) for one in lines]
    header = ("class", "rows", "predicted", "right", "recall % (95 % interval)")
    parts = [tag("h3", "Recall of each class"), table(header, rows[:MOST], numbers=1)]
    if len(rows) > MOST:
        parts.append(folded(f"{len(rows) - MOST} more", table(header, rows[MOST:], numbers=1)))
    note = "" if quality.adjusted is None else quality.adjusted.note
    said = f"Compared by {quality.task.metric.worded}: classes are uneven, or it was chosen. {note}"
    return tag("div", *parts, tag("p", said.rstrip(), class_="lead"))


def _recall(one: Recall) -> tuple[str, ...]:
    low, high = one.ci95
    share = f"{100 * one.recall:.1f} ({100 * low:.1f} to {100 * high:.1f})"
    return one.label, f"{one.rows:,}", f"{one.answered:,}", f"{one.right:,}", share


# kind of detail -> its drawing
DRAWINGS: dict[str, Callable[[Quality, Any], Html | None]] = {
    "reliability": reliability,
    "scatter": scatter,
    "confusion": confusion,
    "labels": labels,
    "recalls": recalls,
    "areas": areas,
    "precision_recall": precision_recall,
    "objects": objects,
}
WIDE = (
    "confusion",
    "labels",
    "recalls",
    "areas",
    "objects",
)  # below the figures; the others beside them
