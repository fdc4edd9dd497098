"""Printed advice on data."""

from rich.table import Table

from pocketzoo.printing.console import CONSOLE, print_table
from pocketzoo.printing.report import text
from zoo.advice import Advice
from zoo.baselines.quick import Baseline
from zoo.tasks import FIGURES, TASKS

MOST_CLASSES = 10


def print_advice(advice: Advice) -> None:
    """Show what data are, what a model of no effort reaches, and what to try."""
    table = Table(advice.name, f"{advice.task}, {advice.kind}")
    parts = ", ".join(f"{count:,} {part}" for part, count in advice.rows.items())
    table.add_row("rows", parts)
    constant = f", {advice.constant_features} values constant" if advice.constant_features else ""
    table.add_row("row shape", f"{advice.input_shape}{constant}")
    if advice.classes:
        label = TASKS[advice.task].words.label
        table.add_row(f"training rows per {label}", _classes(advice))
    table.add_row("repeated rows", _repeats(advice))
    table.add_row("near-copies of training rows", _near(advice))
    features = "\n".join(_feature(advice, n) for n in range(len(advice.telling)))
    table.add_row("single features predict", features)
    for baseline in advice.baselines:
        table.add_row(*_baseline(baseline))
    print_table(CONSOLE, table)
    for sentence in advice.warnings():
        CONSOLE.print(f"Look at: {sentence}", style="yellow", soft_wrap=True)
    choice = advice.choice
    CONSOLE.print(f"Try first: {choice.first}, then {choice.then}. {choice.why}", soft_wrap=True)
    CONSOLE.print(f"  Source: {choice.source}.", soft_wrap=True)


def _classes(advice: Advice) -> str:
    most = sorted(advice.classes.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{name}: {count:,}" for name, count in most[:MOST_CLASSES])
    more = f", {len(most) - MOST_CLASSES} more" if len(most) > MOST_CLASSES else ""
    return f"{shown}{more} ({advice.imbalance:.1f} to 1)"


def _repeats(advice: Advice) -> str:
    found = advice.repeats
    if not found.training + found.validation + found.test:
        return "none"
    return (
        f"{found.training:,} in training, {found.validation:,} validation and {found.test:,} test "
        "rows that are in training too"
    )


def _near(advice: Advice) -> str:
    found = advice.repeats
    looked_at = found.looked_at
    counts = [
        f"{count or 'none'} of {looked_at[part]} {part} rows"
        for part, count in (("validation", found.near_validation), ("test", found.near_test))
    ]
    return (
        f"{counts[0]}, {counts[1]} (a sample, compared with {looked_at['training']:,} training "
        "rows)"
    )


def _feature(advice: Advice, number: int) -> str:
    one = advice.telling[number]
    words = TASKS[advice.task].words
    score = "" if one.score is None else f"{words.told} {one.score:.3f}, "
    return f"{one.feature}: {score}{one.information:.0%} of the {words.explained}"


def _baseline(baseline: Baseline) -> tuple[str, str]:
    figures = []
    for name, figure in baseline.figures.items():
        title, unit = FIGURES[name]
        figures.append(
            f"{title.removesuffix(' %')} {text(figure, unit)}{' %' if unit == 100 else ''}"
        )
    return f"{baseline.name}: {baseline.what}", "\n".join(figures)
