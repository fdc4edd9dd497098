"""Printed list of the built-in data sets."""

from rich.table import Table

from pocketzoo.printing.console import CONSOLE, print_table
from zoo.data.sources import BUILT_IN


def print_built_in() -> None:
    table = Table("data", "what it is")
    for name, what in BUILT_IN.items():
        table.add_row(name, what)
    print_table(CONSOLE, table)
