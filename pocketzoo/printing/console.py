"""The console that the commands print to."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

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


def print_failures(failures: Iterable[str], verdict: str = "FAILED") -> None:
    for failure in failures:
        CONSOLE.print(f"{verdict}: {failure}", style="bold red", soft_wrap=True)
