"""The beginning of a search under a budget in time: how long it takes, and what to open then."""

from pathlib import Path

from pocketzoo.printing.console import CONSOLE
from tuning.settings import Search

PRETRAINED = "pretrained:"  # so begin the names of presets with weights


def print_start(preset: str, out: Path, searching: Search) -> None:
    """Say how long a run takes, what it downloads, and what to open at the end."""
    if searching.minutes is None:
        return
    weights = preset.startswith(PRETRAINED)
    fetched = "Weights are downloaded if they are not here" if weights else "Nothing is downloaded"
    span = f"{searching.minutes:g} minute{'s' * (searching.minutes != 1)}"
    CONSOLE.print(
        f"This takes {span}: a first checked file soon, then better ones. "
        f"{fetched}. Then open {out / 'report.html'}.",
        soft_wrap=True,
    )
