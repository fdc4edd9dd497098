"""The page's section on quality: metrics, details by their kind, groups, baselines."""

from export.page.details import DRAWINGS, WIDE
from export.page.facts import number
from export.page.markup import Child, Html, folded, grid, joined, section, table, tag
from export.proof.quality import Subgroup
from export.proof.report import Report
from zoo.metrics.evaluation import Figure
from zoo.metrics.intervals import Estimate
from zoo.tasks import FIGURES

MOST = 20  # lines of a table that stands open


def answers(report: Report) -> Html:
    """Return everything about the answers to the test rows."""
    quality = report.quality
    drawn = {kind: DRAWINGS[kind](quality, detail) for kind, detail in quality.shown.items()}
    beside = [one for kind, one in drawn.items() if kind not in WIDE]
    below = [one for kind, one in drawn.items() if kind in WIDE]
    return section(
        "Predictions",
        grid(_figures(report), *beside),
        *below,
        _groups(report),
        _baselines(report),
        lead=(
            f"On {report.test_rows:,} test rows, which were not used in training or model "
            "selection; 95 % intervals in parentheses."
        ),
    )


def _figures(report: Report) -> Html:
    rows: list[tuple[Child, ...]] = []
    for name, pair in report.quality.metrics.items():
        title, factor = FIGURES[name]
        rows.append((title, _value(pair.float, factor), _value(pair.int8, factor)))
    drop = _ranged(*(f"{one:.2f}" for one in (report.drop.value, *report.drop.ci95)))
    rows.append((f"drop, {report.measured.drop_unit}", "", drop))
    return tag("div", table(("", "float", report.numerics), rows, numbers=1))


def _value(estimate: Figure | Estimate, factor: int) -> Html:
    return _ranged(*(number(factor * one) for one in (estimate.value, *estimate.ci95)))


def _ranged(value: str, low: str, high: str) -> Html:
    """Return a figure and its interval, which goes below it where there is no room beside it."""
    return joined([f"{value} ", tag("small", f"({low} to {high})")])


def _groups(report: Report) -> Html | None:
    groups, metric = report.quality.groups, report.task.metric
    if not groups:
        return None
    header = ("group", "rows", f"float {metric.title}", f"{report.numerics} {metric.title}")
    rows = [_group(one, metric.factor) for one in groups]
    parts = [tag("h3", "Groups of test rows"), table(header, rows[:MOST], numbers=1)]
    if len(rows) > MOST:
        parts.append(folded(f"{len(rows) - MOST} more", table(header, rows[MOST:], numbers=1)))
    worst = report.quality.worst_group()
    return tag("div", *parts, None if worst is None else tag("p", f"The worst is “{worst.name}”."))


def _group(one: Subgroup, factor: int) -> tuple[Child, ...]:
    return one.name, f"{one.rows:,}", _value(one.float, factor), _value(one.int8, factor)


def _baselines(report: Report) -> Html | None:
    metric = report.task.metric
    if not report.baselines:
        return None
    rows = []
    for one in report.baselines:
        ahead = _ranged(*(f"{value:+.2f}" for value in (one.ahead.value, *one.ahead.ci95)))
        figure = _value(one.estimate, metric.factor)
        rows.append((one.name, figure, ahead, f"{one.seconds:.1f} s"))
    header = (
        f"test {metric.title}",
        "value (95 % interval)",
        f"ahead of {report.numerics}",
        "fitted in",
    )
    return tag("div", tag("h3", "Baselines"), table(header, rows, numbers=1))
