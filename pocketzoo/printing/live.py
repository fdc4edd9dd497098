"""Live progress: on a terminal a line that updates itself, elsewhere one line per trial.

Of the stages of other work one line, which on a terminal changes with every epoch.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from pocketzoo.printing.console import Printable
from tuning.sweep.progress import Progress, print_progress
from zoo.stages import LOG
from zoo.tasks import worded


class _Stages(logging.Handler):
    """Gives the words of a stage to a function."""

    def __init__(self, level: int, show: Callable[[str], None]) -> None:
        super().__init__(level)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        self._show(record.getMessage())


@contextmanager
def _heard(level: int, show: Callable[[str], None]) -> Iterator[None]:
    """Show the stages of at least this level."""
    handler, before = _Stages(level, show), LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(level)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(before)


@contextmanager
def stages() -> Iterator[None]:
    """Show stages beside what a command prints: on a terminal a line that changes, else lines."""
    console = Printable(stderr=True)
    if not console.is_terminal:
        with _heard(logging.INFO, lambda said: console.print(said, soft_wrap=True)):
            yield
        return
    with (
        console.status("") as status,
        _heard(logging.DEBUG, lambda said: status.update(Text(said))),
    ):
        yield


@contextmanager
def shown() -> Iterator[Callable[[Progress], None]]:
    """Give what `tuning.search` calls; a terminal gets a live line, a file a line a trial."""
    if not sys.stdout.isatty():
        with stages():
            yield print_progress
        return
    with Live(console=Printable(), refresh_per_second=4, transient=True) as live:
        table: RenderableType = ""

        def say(text: str) -> None:
            live.update(Group(table, Text(text)))

        def show(progress: Progress) -> None:
            if progress.trial is not None:
                live.console.print(Text(_line(progress)), soft_wrap=True)
            nonlocal table
            table = _standing(progress)
            live.update(table)

        with _heard(logging.DEBUG, say):
            yield show


def _line(progress: Progress) -> str:
    trial = progress.trial
    assert trial is not None
    values = ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in trial.values.items()
    )
    message = f"  {trial.message}" if trial.message else ""
    return f"trial {trial.number}: {progress.result}, {trial.seconds:.0f} s  {values}{message}"


def _standing(progress: Progress) -> Text:
    """Say where the search stands; a terminal wraps it at words."""
    states = ", ".join(f"{count} {state}" for state, count in progress.states.items() if count)
    running = ", ".join(
        f"{number} (epoch {done} of {most})"
        for number, (done, most) in sorted(progress.running.items())
    )
    said = [f"{progress.done} of {progress.total} trials"]
    said += [states] if states else []
    said += [f"running: {running}"] if running else []
    said += [] if progress.best is None else [f"best {worded(progress.metric)} {progress.best:.4f}"]
    said += [f"left: {progress.left}"] if progress.left else []
    said.append(f"{progress.per_minute:.1f} per minute")
    return Text("; ".join(said))
