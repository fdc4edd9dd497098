"""Live progress: on a terminal a line that updates itself, elsewhere one line per trial.

Of the stages of other work one line, which on a terminal changes with every epoch.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from export import Report
from pocketzoo.printing.console import CONSOLE, Printable
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


@dataclass(frozen=True)
class Left:
    """Seconds that were left of all at a time of `time.monotonic`."""

    seconds: float
    since: float

    @property
    def now(self) -> float:
        """Seconds that are left now, 0 at least."""
        return max(0.0, self.seconds - (time.monotonic() - self.since))

    def __str__(self) -> str:
        return f"; {self.now:.0f} s left of all"


@contextmanager
def stages(left: Left | None = None) -> Iterator[None]:
    """Show stages beside what a command prints: on a terminal a line that changes, else lines."""
    console = Printable(stderr=True)
    if not console.is_terminal:
        with _heard(logging.INFO, lambda said: console.print(_with(said, left), soft_wrap=True)):
            yield
        return
    with (
        console.status("") as status,
        _heard(logging.DEBUG, lambda said: status.update(Text(_with(said, left)))),
    ):
        yield


def _with(said: str, left: Left | None) -> str:
    return said if left is None else f"{said}{left}"


class Screen:
    """The progress of a search, its stages and the time that is left of all.

    Args:
        live: on a terminal what updates itself; None elsewhere.
        left: of all, if there is a budget in time.
    """

    def __init__(self, live: Live | None, left: Left | None) -> None:
        self._live = live
        self._table: RenderableType = ""
        self.left = left

    def __call__(self, progress: Progress) -> None:
        """Show what has changed."""
        if progress.eta is not None:
            self.left = Left(progress.eta[0], time.monotonic())
        if self._live is None:
            print_progress(progress)
            return
        if progress.trial is not None:
            self._live.console.print(Text(_line(progress)), soft_wrap=True)
        self._table = _standing(progress)
        self._live.update(self._table)

    def stage(self, text: str) -> None:
        """Show what goes on beside the trials."""
        said = Text(_with(text, self.left))
        if self._live is None:
            Printable(stderr=True).print(said, soft_wrap=True)
        else:
            self._live.update(Group(self._table, said))

    def told(self, report: Report | None) -> None:
        """Say that a file was made while the search goes on."""
        if report is not None:
            console = CONSOLE if self._live is None else self._live.console
            console.print(Text(_with(made(report), self.left)), soft_wrap=True)


def made(report: Report) -> str:
    """Return what a file is and how it does, in a line."""
    metric, estimate = report.task.metric, report.int8_estimate
    low, high = (metric.shown(end) for end in estimate.ci95)
    return (
        f"{report.numerics} file of {report.model.name}: {worded(metric.name)} "
        f"{metric.shown(estimate.value)} ({low} to {high}) on the test rows, "
        f"{report.told}"
    )


@contextmanager
def shown(left: Left | None = None) -> Iterator[Screen]:
    """Give what `tuning.search` calls; a terminal gets a live line, a file a line a trial."""
    if not sys.stdout.isatty():
        screen = Screen(None, left)
        with _heard(logging.INFO, screen.stage):
            yield screen
        return
    with Live(console=Printable(), refresh_per_second=4, transient=True) as live:
        screen = Screen(live, left)
        with _heard(logging.DEBUG, screen.stage):
            yield screen


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
    said = [f"{progress.done}{'' if progress.by_time else f' of {progress.total}'} trials"]
    said += [states] if states else []
    said += [f"running: {running}"] if running else []
    said += [] if progress.best is None else [f"best {worded(progress.metric)} {progress.best:.4f}"]
    said += [f"left: {progress.left}"] if progress.left else []
    said.append(f"{progress.per_minute:.1f} per minute")
    return Text("; ".join(said))
