"""`pocketzoo predict`: predictions of a run's file for new rows."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

import zoo
from export.conversion.job import FLOAT, INT8
from export.proof.answers import answers
from zoo.checks import UserError
from zoo.metrics.classes import probabilities

CONSOLE = Console(highlight=False)
MOST = 40  # lines of a table on a screen


@dataclass(frozen=True)
class Answers:
    """Answers as a table, a line a row; `file` gave them."""

    file: str
    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def answer(path: Path, source: Path, use_float: bool = False) -> Answers:
    """Run the rows of a file through a run's int8 file, or its float file.

    Args:
        path: a run folder with an export.
        source: of rows; see `zoo.read_rows`.
        use_float: take the float file.

    Returns:
        For classes the likeliest and its probability; for numbers each with the interval that
        holds 90 % of them, where the report has one and the int8 file answers.

    Raises:
        UserError: no export, or rows that the model cannot take.
    """
    run = zoo.Run(path)
    name, report = FLOAT if use_float else INT8, run.read_json("report.json")
    rows = zoo.read_rows(source, run)
    if not len(rows):
        raise UserError(f"{source} holds no rows to answer.")
    outputs = answers(run, rows, of_float=use_float)
    if report["data"]["task"] == "classification":
        names = run.read_json("data.json")["class_names"]
        return Answers(name, ("row", "answer", "probability"), _classes(outputs, names))
    within = None if use_float else report["prediction_interval"]
    return _numbers(name, outputs, within and within["half_width"])


def _classes(outputs: np.ndarray, names: list[str]) -> tuple[tuple[str, ...], ...]:
    shares = probabilities(outputs)
    best = shares.argmax(axis=1)
    return tuple(
        (str(row), names[index], f"{shares[row, index]:.4f}") for row, index in enumerate(best)
    )


def _numbers(file: str, outputs: np.ndarray, widths: list[float] | None) -> Answers:
    header = ["row"]
    for target in range(outputs.shape[1]):
        name = "answer" if outputs.shape[1] == 1 else f"answer {target}"
        header += [name, "from", "to"] if widths else [name]
    lines = []
    for row, values in enumerate(outputs.astype(float)):
        line = [str(row)]
        for target, value in enumerate(values):
            width = widths[target] if widths else None
            ends = [] if width is None else [value - width, value + width]
            line += [f"{number:.6g}" for number in (value, *ends)]
        lines.append(tuple(line))
    return Answers(file, tuple(header), tuple(lines))


def write_csv(found: Answers, path: Path) -> None:
    """Write answers as CSV, a header first."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([found.header, *found.lines])


def print_answers(found: Answers, out: Path | None) -> None:
    """Show the answers, the first 40 of many; with `out` only where they went."""
    if out is not None:
        CONSOLE.print(f"{len(found.lines)} rows by {found.file}: {out}", soft_wrap=True)
        return
    table = Table(*found.header, title=found.file)
    for line in found.lines[:MOST]:
        table.add_row(*map(Text, line))  # a class name is no markup
    CONSOLE.print(table)
    if len(found.lines) > MOST:
        more = len(found.lines) - MOST
        CONSOLE.print(f"{more} more rows; --out FILE.csv writes all of them.")
