"""The console that the commands print to, and tables that fit it."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from zoo.checks import printable


class Printable(Console):
    """A console on which names from data cannot paint: control characters are marks."""

    def __init__(self, **how: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **how)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of anything that is printed."""
        for one in super().render(renderable, options):
            yield one if one.control else Segment(printable(one.text), one.style)


CONSOLE = Printable()
WIDEST = 100_000  # columns of a line that is not wrapped


def print_table(console: Console, table: Table) -> None:
    """Print a table: boxed on a terminal, with cells wrapped at words, elsewhere as plain lines.

    On a terminal that is too narrow for the longest words it is a list, row by row.
    """
    if not console.is_terminal:
        _print_lines(console, table)
        return
    every = console.options.update(width=WIDEST, max_width=WIDEST)
    if Measurement.get(console, every, table).minimum > console.width:
        _print_list(console, table)
        return
    console.print(table)


def _print_lines(console: Console, table: Table) -> None:
    """Print a line for each row, neither wrapped nor cut."""
    table.box, table.pad_edge, table.title_justify = None, False, "left"
    wide = Printable(width=WIDEST, no_color=True)
    for line in wide.render_lines(table, wide.options, pad=False):
        console.print(Text("".join(segment.text for segment in line).rstrip()), soft_wrap=True)


def _print_list(console: Console, table: Table) -> None:
    if table.title:
        console.print(table.title)
    titles = [str(column.header) for column in table.columns]
    for row in zip(*(column.cells for column in table.columns), strict=True):
        cells = [(title, str(cell)) for title, cell in zip(titles, row, strict=True)]
        said = [f"{title}: {cell}" if title else cell for title, cell in cells if cell]
        console.print(Text("  ".join(said), overflow="fold"))


def print_failures(failures: Iterable[str], verdict: str = "FAILED") -> None:
    for failure in failures:
        CONSOLE.print(f"{verdict}: {failure}", style="bold red", soft_wrap=True)
