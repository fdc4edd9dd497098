"""Printed list of the built-in data sets, and description of one set."""

from pathlib import Path

from rich.table import Table

from export.drawing.sheet import sheet
from pocketzoo.printing.columns import print_columns, print_notes
from pocketzoo.printing.console import CONSOLE, print_table
from zoo.data.contents import contents_of
from zoo.data.dataset import Data, rows
from zoo.files import write_atomic

SHOWN = 20  # names of classes
MOST = 100  # classes of a table


def print_data(data: Data, picture: Path | None = None) -> None:
    """Describe data; draw images with their truth into a PNG file, if one is named."""
    table = Table(data.name, "", show_header=True)
    parts = ", ".join(f"{count} {part}" for part, count in rows(data).items())
    table.add_row("task", f"{data.task.name}, {data.num_outputs} outputs")
    table.add_row("row shape", str(data.input_shape))
    table.add_row("rows", parts)
    names = [*data.class_names[:SHOWN], *["..."] * (len(data.class_names) > SHOWN)]
    table.add_row(data.task.words.labels or "classes", ", ".join(names) or "-")
    table.add_row("hash", data.hash)
    print_table(CONSOLE, table)
    print_contents(data)
    print_columns(CONSOLE, data)
    print_notes(CONSOLE, data)
    if picture is not None:
        write_atomic(picture, sheet(data))


def print_contents(data: Data) -> None:
    """Show how much masks or boxes hold of each class; nothing for other data."""
    found = contents_of(data)
    if found is None:
        return
    table = Table(*found.header)
    for line in found.lines[:MOST]:
        table.add_row(*line)
    print_table(CONSOLE, table)
    if len(found.lines) > MOST:
        CONSOLE.print(f"... and {len(found.lines) - MOST} more classes.")
    for name, said in found.summary.items():
        CONSOLE.print(f"{name}: {said}", soft_wrap=True)
