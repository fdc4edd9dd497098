"""Sample rows: the worst answers, and what some answers depend on."""

from collections.abc import Sequence

import numpy as np

from export.page.charts import bars
from export.page.markup import Html, figure, joined, section, tag
from export.page.overlays import Overlays
from export.page.rows import Rows
from export.page.saliency import Explained
from export.proof.report import Report
from zoo import Data
from zoo.tasks.answers import Mistake

MOST = 10  # features as bars
PAIRS = 8  # of the worst images


def samples(
    report: Report, data: Data, effects: Sequence[Explained], overlays: Overlays | None = None
) -> Html:
    """Return the worst test rows, and the effects of the parts of a few.

    Args:
        report: of the verification.
        data: whose test rows are shown.
        effects: of the parts of some rows.
        overlays: draws truth and prediction, of masks and objects.
    """
    rows = Rows(data)
    if overlays is not None:
        return _overlaid(report, rows, effects, overlays)
    wide = "rows" if rows.pictured else "rows wide"
    roomy = "grid" if data.kind.flat else wide  # bars have labels
    worst = [_mistake(one, rows) for one in report.quality.worst]
    shown = [figure(_answer(one, rows), _drawn(one, rows, data)) for one in effects]
    what = _what(data)
    return joined(
        [
            section("Worst predictions", tag("div", *worst, class_=wide), lead=_lead(report)),
            section("What predictions depend on", tag("div", *shown, class_=roomy), lead=what),
        ]
    )


def _overlaid(report: Report, rows: Rows, effects: Sequence[Explained], overlays: Overlays) -> Html:
    """Return truth and prediction of the worst images, and of typical ones."""
    worst = [
        figure(_said(one, rows), overlays.pair(one.row)) for one in report.quality.worst[:PAIRS]
    ]
    typical = [
        figure(
            joined([tag("b", one.answer), tag("small", rows.called(one.row))]),
            overlays.pair(one.row),
        )
        for one in effects
    ]
    lead = f"{_lead(report)} Left the truth, right the prediction of the {report.numerics} file."
    return joined(
        [
            section(
                "Worst predictions", overlays.legend, tag("div", *worst, class_="grid"), lead=lead
            ),
            section(
                "Typical predictions",
                tag("div", *typical, class_="grid"),
                lead="Left the truth, right the prediction.",
            ),
        ]
    )


def _lead(report: Report) -> str:
    worst = report.quality.worst
    wrong = sum(one.wrong for one in worst)
    if report.task.numbers or wrong == len(worst) > 0:
        return report.task.words.worst.format(numerics=report.numerics)
    if not wrong:
        return "No test row is predicted wrong. These came closest."
    return f"All {wrong} test rows that are predicted wrong, and the ones closest to it."


def _mistake(one: Mistake, rows: Rows) -> Html:
    return figure(_said(one, rows), rows.drawn(one.row))


def _said(one: Mistake, rows: Rows) -> Html:
    sure = "" if one.probability is None else f" ({one.probability:.0%})"
    look = "wrong" if one.wrong and one.probability is not None else None
    beside = "" if one.float == one.int8 else f"; float {one.float}"
    said, row = tag("b", f"{one.int8}{sure}", class_=look), f"{rows.called(one.row)}{beside}"
    return joined([said, f", true {one.truth}", tag("small", row)])


def _what(data: Data) -> str:
    if data.kind.flat:
        return (
            "How much the float model's output falls when a feature is replaced by its usual "
            "value (hollow: it rises). It shows what the prediction depends on, not what causes "
            "it."
        )
    return (
        "Where the float model's output falls most when a part is replaced by what is usual "
        "there: the warmer the color, the more. It shows what the prediction depends on, not "
        "what causes it."
    )


def _answer(effect: Explained, rows: Rows) -> Html:
    return joined([tag("b", effect.answer), tag("small", rows.called(effect.row))])


def _drawn(effect: Explained, rows: Rows, data: Data) -> Html:
    if effect.heat is not None:
        return rows.drawn(effect.row, effect.heat)
    order = np.argsort(-np.abs(effect.parts), kind="stable")[:MOST]
    scale = 1 if data.task.numbers else 100
    unit = " %" if scale == 100 else ""
    items = [
        (rows.names[n], float(effect.parts[n]), f"{scale * effect.parts[n]:.3g}{unit}")
        for n in order
    ]
    return bars(f"effects of the features of test row {effect.row}", items)
