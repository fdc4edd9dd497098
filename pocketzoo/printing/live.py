"""Live progress: on a terminal a table that updates itself, elsewhere one line per trial.

Of a twin's training, which takes minutes on long sequences, one line, beside what a command prints.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pocketzoo.printing.console import Printable
from tuning.sweep.progress import Progress, print_progress


@contextmanager
def shown() -> Iterator[Callable[[Progress], None]]:
    """Give what `tuning.search` calls; a terminal gets a live table, a file a line a trial."""
    if not sys.stdout.isatty():
        yield print_progress
        return
    with Live(console=Printable(), refresh_per_second=4, transient=True) as live:

        def show(progress: Progress) -> None:
            if progress.trial is not None:
                live.console.print(Text(_line(progress)), soft_wrap=True)
            live.update(_table(progress))

        yield show


@contextmanager
def twin_training() -> Iterator[Callable[[int, int], None]]:
    """Give what `tuning.quantize` calls after every epoch of a twin's training."""
    console = Printable(stderr=True)
    with console.status("calibrating") as status:

        def tell(done: int, of: int) -> None:
            said = f"training the int8 twin: {done} of {of} epochs"
            status.update(said)
            if done == 1 and not console.is_terminal:
                console.print(said, soft_wrap=True)

        yield tell


def _line(progress: Progress) -> str:
    trial = progress.trial
    assert trial is not None
    values = ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in trial.values.items()
    )
    message = f"  {trial.message}" if trial.message else ""
    return f"trial {trial.number}: {progress.result}, {trial.seconds:.0f} s  {values}{message}"


def _table(progress: Progress) -> RenderableType:
    """Show where the search stands."""
    table = Table("trials", *progress.states, "running", "best", "left", "per minute")
    best = "-" if progress.best is None else f"{progress.metric} {progress.best:.4f}"
    running = ", ".join(
        f"{number} ({done}/{most})" for number, (done, most) in sorted(progress.running.items())
    )
    table.add_row(
        f"{progress.done} of {progress.total}",
        *(str(count) for count in progress.states.values()),
        running or "-",
        best,
        progress.left or "-",
        f"{progress.per_minute:.1f}",
    )
    return table
