"""Printed metrics, mistakes and groups of a report."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from export import Report
from export.page.facts import number
from export.proof.quality import Quality
from pocketzoo.printing.console import print_table
from zoo.metrics.evaluation import Figure
from zoo.tasks import FIGURES, worded

MOST_GROUPS = 20  # lines of a table


def shown(name: str, metric: str) -> tuple[str, int]:
    """Return the title of a figure and its factor; those beside the metric are set under it."""
    title, factor = FIGURES[name]
    return f"test {title}" if name == metric else f"  {title}", factor


def figures(quality: Quality) -> Iterator[tuple[str, str, str]]:
    """Give a row for each figure: title, float, int8; and one for the most frequent mistake."""
    for name, pair in quality.metrics.items():
        title, unit = shown(name, quality.task.metric.name)
        yield title, text(pair.float, unit), text(pair.int8, unit)
        adjusted = quality.adjusted
        if adjusted is not None and name == adjusted.kind.figure:
            before = (adjusted.before.float, adjusted.before.int8)
            of_float, of_int8 = (f"{unit * one.value:.2f}" for one in before)
            yield f"    before {adjusted.title}", of_float, of_int8
    for one in quality.details["recalls"].lines if "recalls" in quality.details else ():
        yield f"  recall of {one.label}", "", f"{100 * one.recall:.1f} % of {one.rows:,}"
    mistake = quality.worst_mistake()
    if mistake is not None:
        truth, answer, count, rows = mistake
        yield "most frequent mistake", "", f"{truth} predicted as {answer}: {count} of {rows}"


def print_groups(console: Console, report: Report) -> None:
    """Show the metric of each group of test rows, if there are groups."""
    groups = report.quality.groups
    if not groups:
        return
    title, unit = shown(report.metric, report.metric)
    table = Table("group of test rows", "rows", f"float {title}", f"{report.numerics} {title}")
    for one in groups[:MOST_GROUPS]:
        table.add_row(one.name, str(one.rows), text(one.float, unit), text(one.int8, unit))
    if len(groups) > MOST_GROUPS:
        table.add_row(f"{len(groups) - MOST_GROUPS} more, in report.json", "", "", "")
    print_table(console, table)
    worst = report.quality.worst_group()
    if worst is not None:
        everyone = f"{unit * report.int8_estimate.value:.2f}"
        console.print(
            f"Worst group: {worst.name}, {title} {text(worst.int8, unit)} of {worst.rows} rows; "
            f"all rows {everyone}.",
            soft_wrap=True,
        )


def print_baselines(console: Console, report: Report) -> None:
    """Show what a table's model is to be measured by."""
    if not report.baselines:
        return
    unit = FIGURES[report.metric][1]
    table = Table(
        f"test {worded(report.metric)}",
        "figure",
        "95 % interval",
        f"ahead of {report.numerics}",
        "fitted in",
    )
    for one in report.baselines:
        low, high = one.estimate.ci95
        table.add_row(
            one.name,
            f"{unit * one.estimate.value:.2f}",
            f"{unit * low:.2f} to {unit * high:.2f}",
            "{:+.2f} ({:+.2f} to {:+.2f})".format(one.ahead.value, *one.ahead.ci95),
            f"{one.seconds:.1f} s",
        )
    print_table(console, table)
    console.print(f"Compared with trees: {report.trees}.", soft_wrap=True)


def text(figure: Figure, unit: int) -> str:
    """Return a figure and its interval as text."""
    value, low, high = (number(unit * one) for one in (figure.value, *figure.ci95))
    return f"{value} ({low} to {high})"
