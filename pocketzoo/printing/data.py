"""Printed list of the built-in data sets, and description of one set."""

from rich.table import Table

from pocketzoo.printing.columns import print_columns, print_notes
from pocketzoo.printing.console import CONSOLE, print_table
from zoo.data.dataset import Data, rows

SHOWN = 20  # names of classes


def print_data(data: Data) -> None:
    table = Table(data.name, "", show_header=True)
    parts = ", ".join(f"{count} {part}" for part, count in rows(data).items())
    table.add_row("task", f"{data.task.name}, {data.num_outputs} outputs")
    table.add_row("row shape", str(data.input_shape))
    table.add_row("rows", parts)
    names = [*data.class_names[:SHOWN], *["..."] * (len(data.class_names) > SHOWN)]
    table.add_row(data.task.words.labels or "classes", ", ".join(names) or "-")
    table.add_row("hash", data.hash)
    print_table(CONSOLE, table)
    print_columns(CONSOLE, data)
    print_notes(CONSOLE, data)
