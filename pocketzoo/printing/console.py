"""The console that the commands print to."""

from collections.abc import Iterable

from rich.console import Console

CONSOLE = Console(highlight=False, markup=False)  # names come from the data


def print_failures(failures: Iterable[str], verdict: str = "FAILED") -> None:
    for failure in failures:
        CONSOLE.print(f"{verdict}: {failure}", style="bold red", soft_wrap=True)
