"""Printed results of a search."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from export.page.families import best_of
from export.page.front import front_of
from pocketzoo.printing.console import CONSOLE, print_table
from zoo import Run


def print_study(run: Run) -> None:
    """Show what a search found, how sure that is, and what to look at."""
    study = run.read_json("study.json")
    counts = ", ".join(f"{count} {state}" for state, count in study["trials"].items() if count)
    best, again = study["best"], study["again"]
    CONSOLE.print(f"Search: {counts}. Trial {best['number']} scored {best['score']:.4f}.")
    if "std" in again:
        scores = ", ".join(f"{score:.4f}" for score in again["scores"])
        CONSOLE.print(
            f"With other seeds: {scores}; mean {again['mean']:.4f}, std {again['std']:.4f}."
        )
    if study["importance"]:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in study["importance"].items())
        CONSOLE.print(f"Importance of hyperparameters: {shares}.", soft_wrap=True)
    if len(study["front"]) > 1:
        _print(*front_of(study))
    if "answer" in study:
        _print_answer(study["answer"], study.get("device"))
    for sentence in study["advice"]:
        CONSOLE.print(f"Note: {sentence}", style="yellow", soft_wrap=True)


def _print(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    print_table(CONSOLE, table)


def _print_answer(answer: Mapping[str, Any], device: str | None) -> None:
    """Show the best of each family beside models without a network, and what to make of it."""
    _print(*best_of(answer, device))
    others = []
    for one in answer["fallen"]:
        if one["limits"] or one.get("missing"):  # which an older study does not know
            CONSOLE.print(f"Not tried: {one['preset']} {one['why']}.", soft_wrap=True)
        else:
            others.append(one["preset"])
    if others:
        CONSOLE.print(f"Not for such rows: {', '.join(others)}.", soft_wrap=True)
    for sentence in answer["sentences"]:
        CONSOLE.print(sentence, style="bold", soft_wrap=True)
