"""A quick search, as several tests need it."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import tuning
import zoo
from tuning import Recipe, Search
from tuning.study.ledger import Trial
from tuning.sweep.progress import print_progress

QUICK = Recipe(epochs=2, learning_rate=1e-2)
FIELDS = {field.name for field in fields(Search)}


def searched(data: zoo.Data, folder: Path, **changed: Any) -> tuple[zoo.Run, list[Trial]]:
    """Search quickly, one trial at a time; return the run and the trials as they ended.

    Args:
        changed: fields of `Search`, or arguments of `tuning.search`.
    """
    seen: list[Trial] = []

    def keep(progress: Any) -> None:
        seen.extend([] if progress.trial is None else [progress.trial])

    given = {
        "preset": "mlp_tiny",
        "trials": 3,
        "jobs": 1,
        "repeats": 0,
        "recipe": QUICK,
        "on_progress": keep,
    } | changed
    search = Search(**{name: given.pop(name) for name in FIELDS & set(given)})
    return tuning.search(given.pop("preset"), data, directory=folder, search=search, **given), seen


def search_wine(
    folder: str | Path,
    options: Mapping[str, Any],
    on_progress: Callable[[Any], None] = print_progress,
) -> zoo.Run:
    """Search around mlp_tiny on wine.

    Args:
        options: fields of `Search`; `recipe` as its fields; `overrides`. All as JSON.
    """
    given = dict(options)
    recipe, overrides = Recipe(**given.pop("recipe", {})), given.pop("overrides", None)
    return tuning.search(
        "mlp_tiny",
        zoo.load_data("wine"),
        directory=folder,
        search=Search(**given),
        recipe=recipe,
        overrides=overrides,
        on_progress=on_progress,
    )
