"""`pocketzoo predict`: predictions of a run's file for new rows."""

import csv
import io
from pathlib import Path

from rich.table import Table
from rich.text import Text

import zoo
from export.conversion.job import FLOAT
from export.proof.answers import answers
from export.proof.verified import Verified
from pocketzoo.printing.console import CONSOLE, print_table
from zoo.checks import UserError, printable
from zoo.files import write_atomic
from zoo.readers.rows import read_named
from zoo.tasks.answers import Answers

MOST = 40  # lines of a table on a screen


def answer(
    path: Path,
    source: Path,
    use_float: bool = False,
    column: str | None = None,
    every: bool = False,
) -> tuple[str, Answers]:
    """Run the rows of a file through a run's int8 file, or its float file.

    Args:
        path: a run folder with an export.
        source: of rows; see `zoo.read_rows`.
        use_float: take the float file.
        column: of a table, whose values name the rows; files are named by themselves.
        every: the probability of every class.

    Returns:
        The name of the file, and what it answers: for classes the likeliest and its probability;
        for numbers each with the interval that holds 90 % of them, where the report has one and the
        int8 file answers.

    Raises:
        UserError: no export, or rows that the model cannot take.
    """
    run = zoo.Run(path)
    verified = Verified.read(run)
    name = FLOAT if use_float else verified.file
    names, rows = read_named(source, run, column)
    if not len(rows):
        raise UserError(f"{source} holds no rows to predict.")
    outputs = answers(run, rows, of_float=use_float)
    found = run.task().answers(outputs, None if use_float else verified.half_widths, every)
    target = (run.read_json("data.json").get("schema") or {}).get("target") or ""
    found = found.titled([one.strip() for one in target.split(",")])
    return name, found if names is None else found.named(column or "file", names)


def of_pictures(path: Path) -> bool:
    """Return whether a run answers with masks or objects, which are drawn over pictures."""
    return zoo.Run(path).task().gives != "values"


def write_csv(found: Answers, path: Path) -> None:
    """Write answers as CSV, a header first; a file is whole, or what it was before."""
    content = io.StringIO(newline="")
    csv.writer(content).writerows([map(_cell, line) for line in (found.header, *found.lines)])
    if path.exists() and not path.is_file():  # a device, a pipe
        path.write_bytes(content.getvalue().encode())
    else:
        write_atomic(path, content.getvalue())


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, as OWASP has it; numbers stay."""
    text = printable(text)
    try:
        float(text)
    except ValueError:
        return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
    return text


def print_answers(file: str, found: Answers, out: Path | None) -> None:
    """Show the answers, the first 40 of many; with `out` only where they went."""
    if out is not None:
        CONSOLE.print(f"{len(found.lines)} rows by {file}: {out}", soft_wrap=True)
        return
    table = Table(*found.header, title=file)
    for line in found.lines[:MOST]:
        table.add_row(*map(Text, line))  # a class name is no markup
    print_table(CONSOLE, table)
    if len(found.lines) > MOST:
        more = len(found.lines) - MOST
        CONSOLE.print(f"{more} more rows; --out FILE.csv writes all of them.")
