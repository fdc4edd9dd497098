"""The field of a search: the preset that is named, or all that take the data and fit."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from tuning.auto.finding import Field, Lacks, find_candidates
from tuning.limits import check_cost
from tuning.recipe import Recipe
from tuning.settings import AUTO, Search, check_auto
from tuning.spaces import default_recipe
from tuning.spaces.candidates import Candidate
from zoo import Data, ModelSpec


def field_of(
    preset: str | None,
    data: Data,
    settings: Search,
    recipe: Recipe | None = None,
    overrides: Mapping[str, Any] | None = None,
    lacks: Lacks | None = None,
) -> Field:
    """Return what is searched; see `tuning.search`.

    Raises:
        UserError: a model that does not fit the data; no preset that does; settings that need one.
    """
    if preset is not None and preset != AUTO:
        spec = ModelSpec.of(preset, data, overrides or {})
        check_cost(spec.build())  # what does not fit the data is a mistake, not a failed trial
        return Field((Candidate(spec, recipe or default_recipe(preset, data, overrides)),))
    check_auto(settings.algorithm, overrides or {})
    return find_candidates(data, settings, lambda name: _recipe(name, data, recipe), lacks)


def _recipe(preset: str, data: Data, given: Recipe | None) -> Recipe:
    """Return the recipe of a preset, with the fields of `given` that are not a recipe's usual."""
    own = default_recipe(preset, data)
    if given is None:
        return own
    usual = asdict(Recipe())
    changed = {name: value for name, value in asdict(given).items() if value != usual[name]}
    return replace(own, **changed)
