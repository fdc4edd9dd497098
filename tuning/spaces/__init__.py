"""Search spaces: what may vary for a preset, and around which recipe.

A space maps KerasTuner's `hp` to arguments of the family's factory and to fields of `Recipe`; the
names are the same on both sides. Defaults are the preset's own values, so that the first trial is
the preset itself. A family's space stands in the file of the rows that it is made for.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tuning.recipe import Recipe
from tuning.spaces.boxes import BOXES
from tuning.spaces.images import FROZEN, IMAGES, PICTURES
from tuning.spaces.masks import MASKS
from tuning.spaces.sequences import SEQUENCES
from tuning.spaces.space import HP, Space, listed
from tuning.spaces.tables import TABLES
from tuning.spaces.texts import TEXTS
from zoo import Data
from zoo.data.kinds import IMAGE
from zoo.presets.catalogue import family_of, find_preset, network_of

# A training is at least so many steps, but no more epochs: few rows are gone over more often.
STEPS, MOST_EPOCHS = 1500, 500

SPACES: dict[str, Space] = {**TABLES, **IMAGES, **SEQUENCES, **TEXTS, **MASKS, **BOXES}


@dataclass(frozen=True)
class Point:
    """One point of a space: a model and how it is trained."""

    overrides: Mapping[str, Any]
    recipe: Recipe


def default_recipe(
    preset: str, data: Data | None = None, overrides: Mapping[str, Any] | None = None
) -> Recipe:
    """Return the recipe a preset is trained with unless told otherwise.

    A pretrained backbone is frozen at first. Given the data, images are shifted a little, which is
    safe for any, and few rows are gone over more often.

    Args:
        preset: its name.
        data: that it is trained on.
        overrides: arguments of its factory that differ from the preset's.
    """
    own = find_preset(preset)
    recipe, given = SPACES[own.family].recipe, {**own.arguments, **(overrides or {})}
    if network_of(preset, given) is not None and given.get("weights") != "none":
        recipe = replace(recipe, frozen=FROZEN)
    if data is None:
        return recipe
    if data.kind is IMAGE:
        recipe = replace(recipe, shift=PICTURES["shift"])
    steps = math.ceil(len(data.x_train) / recipe.batch_size)
    epochs = min(MOST_EPOCHS, math.ceil(STEPS / steps))
    if epochs <= recipe.epochs:
        return recipe
    return replace(recipe, epochs=epochs, patience=math.ceil(epochs / 3))


def point(hp: HP, preset: str, fixed: Mapping[str, Any], base: Recipe) -> Point:
    """Ask `hp` for the values of one trial.

    Args:
        hp: KerasTuner's hyperparameters; records the space while it answers.
        preset: its arguments are the defaults and set the range of the sizes.
        fixed: factory arguments the user has set; KerasTuner then keeps to them.
        base: the recipe around which is searched; its other fields stay.
    """
    own = find_preset(preset)
    arguments = family_of(preset).arguments | dict(own.arguments) | dict(fixed)
    for name, value in fixed.items():
        if value is not None and not isinstance(value, Mapping):
            hp.Fixed(name, value if isinstance(value, bool | int | float | str) else listed(value))
    space = SPACES[own.family]
    return Point(space.arguments(hp, arguments) | dict(fixed), _recipe(hp, space.switched, base))


def _recipe(hp: HP, switched: Mapping[str, float], base: Recipe) -> Recipe:
    rate, decay = base.learning_rate, base.weight_decay
    learning_rate = hp.Float(
        "learning_rate", rate / 5, min(rate * 4, 0.5), sampling="log", default=rate
    )
    decays = hp.Boolean("decay_weights", default=decay > 0)
    with hp.conditional_scope("decay_weights", [True]):
        weight_decay = hp.Float("weight_decay", 1e-2, 1.0, sampling="log", default=decay or 0.1)
    base = replace(base, learning_rate=learning_rate, weight_decay=weight_decay if decays else 0.0)
    for name, value in switched.items():
        own = getattr(base, name)
        chosen = hp.Choice(name, sorted({0.0, value, float(own)}), default=float(own))
        base = replace(base, **{name: chosen})
    return base
