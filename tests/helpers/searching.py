"""A quick search, as several tests need it."""

from pathlib import Path
from typing import Any

import tuning
import zoo
from tuning import Recipe
from tuning.study.ledger import Trial

QUICK = Recipe(epochs=2, learning_rate=1e-2)


def searched(data: zoo.Data, folder: Path, **changed: Any) -> tuple[zoo.Run, list[Trial]]:
    """Search quickly, one trial at a time; return the run and the trials as they ended."""
    seen: list[Trial] = []
    arguments = {"trials": 3, "recipe": QUICK, "jobs": 1, "again": 0} | changed

    def keep(progress: Any) -> None:
        seen.extend([] if progress.trial is None else [progress.trial])

    arguments.setdefault("on_progress", keep)
    return tuning.search("mlp_tiny", data, directory=folder, **arguments), seen
