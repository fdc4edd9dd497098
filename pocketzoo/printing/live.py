"""Live progress: on a terminal a line that updates itself, elsewhere one line per trial.

Of a twin's training, which takes minutes on long sequences, one line, beside what a command prints.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tuning.sweep.progress import Progress, print_progress


@contextmanager
def shown() -> Iterator[Callable[[Progress], None]]:
    """Give what `tuning.search` calls; a terminal gets a live line, a file a line a trial."""
    if not sys.stdout.isatty():
        yield print_progress
        return
    with Live(console=Console(highlight=False), refresh_per_second=4, transient=True) as live:

        def show(progress: Progress) -> None:
            if progress.trial is not None:
                live.console.print(Text(_line(progress)), soft_wrap=True)
            live.update(_standing(progress))

        yield show


@contextmanager
def twin_training() -> Iterator[Callable[[int, int], None]]:
    """Give what `tuning.quantize` calls after every epoch of a twin's training."""
    console = Console(stderr=True, highlight=False)
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
    said += [] if progress.best is None else [f"best {progress.metric} {progress.best:.4f}"]
    said += [f"left: {progress.left}"] if progress.left else []
    said.append(f"{progress.per_minute:.1f} per minute")
    return Text("; ".join(said))
