"""Printed drift, and printed comparisons of two runs."""

from rich.table import Column, Table
from rich.text import Text

from export.after.drift import Drift
from export.after.versus import Versus
from pocketzoo.printing.console import CONSOLE, print_table
from pocketzoo.printing.report import shown

MOST_FEATURES = 20  # lines of a table
VERDICTS = {
    "none": "No drift: the changes are small, or may be due to chance.",
    "some": "Some drift: look at these features, and label some of the new rows.",
    "much": (
        "Much drift: the figures in the report do not apply to these rows. Label some and compare."
    ),
}


def print_drift(found: Drift) -> None:
    """Show what has changed, the most changed first, and a verdict."""
    name = Column(overflow="fold", min_width=16)  # nothing of a name is left out
    table = Table(name, "PSI", "by chance", "KS", "p", "mean", "drift")
    for one in (*found.predictions, *found.features[:MOST_FEATURES]):
        table.add_row(
            Text(one.name),  # a column's name is no markup
            f"{one.psi:.3f}",
            f"{one.chance:.3f}",
            f"{one.ks:.3f}",
            f"{one.p:.2g}",
            "" if one.counted else f"{one.before:.4g} -> {one.after:.4g}",
            one.verdict,
        )
    print_table(CONSOLE, table)
    more = len(found.features) - MOST_FEATURES
    if more > 0:
        CONSOLE.print(f"{more} more features, less changed: --json shows all.")
    CONSOLE.print(f"{found.rows:,} new rows. {VERDICTS[found.verdict]}", soft_wrap=True)


def print_versus(found: Versus) -> None:
    """Show both runs beside each other, what breaks, and a verdict."""
    title, unit = shown(found.metric, found.metric)
    table = Table("", "A", "B")
    figures = [
        "{:.2f} ({:.2f} to {:.2f})".format(*(unit * v for v in (one.value, *one.ci95)))
        for one in (found.a, found.b)
    ]
    table.add_row(title, *figures)
    table.add_row("bytes", *(f"{one:,}" for one in found.bytes))
    table.add_row("microseconds, from each run's report", *(f"{one:g}" for one in found.latency_us))
    print_table(CONSOLE, table)
    if found.agreement is not None:
        CONSOLE.print(
            f"Same {found.task.words.target} on {100 * found.agreement:.1f} % of {found.rows} rows."
        )
        for what, by_class in (("Broken by B", found.broken), ("Fixed by B", found.fixed)):
            each = ", ".join(f"{name}: {count}" for name, count in by_class.items())
            said = f"{what}: {sum(by_class.values())} rows{each and f' ({each})'}."
            CONSOLE.print(said, markup=False)
    CONSOLE.print(found.verdict(), soft_wrap=True)
