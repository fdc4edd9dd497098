"""Learning curves of a run folder: `history.csv`, a line per epoch."""

import csv
from pathlib import Path

from zoo.checks import UserError
from zoo.manifest import AGAIN


def read_curves(path: Path) -> dict[str, list[float]]:
    """Return column -> values, an epoch each; empty for a file without epochs.

    Raises:
        UserError: what is not a number, or is missing.
    """
    lines = list(csv.reader(path.read_text("utf-8").splitlines()))
    if len(lines) < 2:
        return {}
    try:
        return {name: [float(line[n]) for line in lines[1:]] for n, name in enumerate(lines[0])}
    except (ValueError, IndexError) as error:
        raise UserError(f"{path} is damaged: {error}. {AGAIN}") from error
