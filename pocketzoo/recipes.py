"""Recipes of a command, and models that are too large for it."""

from dataclasses import asdict
from typing import Any

from pocketzoo.early import recipe_fields
from pocketzoo.options import Training
from pocketzoo.parsing import pairs


def recipe_of(preset: str, training: Training, rows: Any) -> Any:
    """Return the recipe of a preset on some rows, with what was asked for."""
    from tuning import Recipe
    from tuning.spaces import default_recipe

    values = asdict(default_recipe(preset, rows, pairs("--set", training.sets))) | {
        "seed": training.seed
    }
    return Recipe(**values | recipe_fields(training))


def check_fits(preset: str, training: Training, rows: Any) -> None:
    """Raise UserError for a model that is over the limits before it is trained."""
    from tuning import limits
    from zoo import ModelSpec

    spec = ModelSpec.of(preset, rows, pairs("--set", training.sets))
    limits.check_fits(spec, training)
