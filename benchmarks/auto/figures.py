"""Figures of a run as text, for the tables of the comparison of searches."""

from collections.abc import Sequence

from benchmarks.auto.record import Run


def shown(run: Run | None) -> str:
    """Return the figure on the test rows; "-" for a run that was not done."""
    return "-" if run is None else figure(run.value, run)


def ends(run: Run) -> str:
    """Return the ends of the 95 % interval."""
    return f"{figure(run.low or 0, run)} to {figure(run.high or 0, run)}"


def figure(value: float, run: Run) -> str:
    return f"{100 * value:.1f}" if run.better > 0 else f"{value:.2f}"


def share(met: Sequence[bool]) -> str:
    return f"{sum(met)} of {len(met)}"
