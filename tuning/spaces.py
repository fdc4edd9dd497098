"""Search spaces: what may vary for a preset, and around which recipe.

A space maps KerasTuner's `hp` to arguments of the family's factory and to fields of `Recipe`; the
names are the same on both sides. Defaults are the preset's own values, so that the first trial is
the preset itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras_tuner

from tuning.recipe import Recipe
from zoo import Data
from zoo.presets import factory_arguments, find_preset

# The attention of a ViT diverges at the rate that suits the others.
RECIPES = {"vit": Recipe(learning_rate=1e-3)}

# What a search may switch on or off, and its value when on; see the sources in `Recipe`.
PICTURES = {"shift": 0.125, "cutout": 0.25, "mixup": 0.2}
SERIES = {"shift": 0.1, "jitter": 0.05, "warp": 0.2}
SWITCHED = {"cnn": PICTURES, "vit": PICTURES, "gru": SERIES}


@dataclass(frozen=True)
class Point:
    """One point of a space: a model and how it is trained."""

    overrides: Mapping[str, Any]
    recipe: Recipe


def default_recipe(preset: str, data: Data | None = None) -> Recipe:
    """Return the recipe a preset is trained with unless told otherwise.

    Given the data, pictures are shifted a little, which is safe for any.
    """
    recipe = RECIPES.get(find_preset(preset).family, Recipe())
    pictures = data is not None and len(data.input_shape) == 3  # height, width, channels
    return replace(recipe, shift=PICTURES["shift"]) if pictures else recipe


def point(
    hp: keras_tuner.HyperParameters, preset: str, fixed: Mapping[str, Any], base: Recipe
) -> Point:
    """Ask `hp` for the values of one trial.

    Args:
        hp: KerasTuner's hyperparameters; records the space while it answers.
        preset: its arguments are the defaults and set the range of the sizes.
        fixed: factory arguments the user has set; KerasTuner then keeps to them.
        base: the recipe around which is searched; its other fields stay.
    """
    family = find_preset(preset).family
    arguments = factory_arguments(family) | dict(find_preset(preset).arguments) | dict(fixed)
    for name, value in fixed.items():
        if value is not None:
            hp.Fixed(name, value if isinstance(value, bool | int | float | str) else _listed(value))
    return Point(SPACES[family](hp, arguments) | dict(fixed), _recipe(hp, family, base))


def _recipe(hp: keras_tuner.HyperParameters, family: str, base: Recipe) -> Recipe:
    rate, decay = base.learning_rate, base.weight_decay
    learning_rate = hp.Float(
        "learning_rate", rate / 5, min(rate * 4, 0.5), sampling="log", default=rate
    )
    decays = hp.Boolean("decay_weights", default=decay > 0)
    with hp.conditional_scope("decay_weights", [True]):
        weight_decay = hp.Float("weight_decay", 1e-2, 1.0, sampling="log", default=decay or 0.1)
    base = replace(base, learning_rate=learning_rate, weight_decay=weight_decay if decays else 0.0)
    for name, value in SWITCHED.get(family, {}).items():
        own = getattr(base, name)
        chosen = hp.Choice(name, sorted({0.0, value, float(own)}), default=float(own))
        base = replace(base, **{name: chosen})
    return base


def _around(hp: keras_tuner.HyperParameters, name: str, value: int, multiple: int = 1) -> int:
    """Choose a size near `value`: three quarters, itself, or half as much again."""
    sizes = {
        max(multiple, round(value * factor / multiple) * multiple) for factor in (0.75, 1, 1.5)
    }
    return int(hp.Choice(name, sorted(sizes | {value}), default=value, ordered=True))


def _listed(values: Sequence[int]) -> str:
    return ",".join(str(value) for value in values)


def _dropout(hp: keras_tuner.HyperParameters, value: float) -> float:
    return float(hp.Choice("dropout", sorted({0.0, 0.1, 0.2, 0.3, value}), default=value))


def mlp(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.MLP`: width, depth, dropout."""
    depth = arguments["depth"]
    return {
        "units": _around(hp, "units", arguments["units"]),
        "depth": hp.Int("depth", max(1, depth - 1), depth + 1, default=max(1, depth)),
        "dropout": _dropout(hp, arguments["dropout"]),
    }


def cnn(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.CNN`: width of all stages together, blocks, dropout."""
    filters = arguments["filters"]
    scaled = [[max(1, round(width * factor)) for width in filters] for factor in (0.75, 1, 1.5)]
    chosen = hp.Choice("filters", [_listed(widths) for widths in scaled], default=_listed(filters))
    return {
        "filters": [int(width) for width in chosen.split(",")],
        "blocks": hp.Int("blocks", 1, arguments["blocks"] + 1, default=arguments["blocks"]),
        "dropout": _dropout(hp, arguments["dropout"]),
    }


def gru(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.GRU`: state size, depth, dropout."""
    return {
        "units": _around(hp, "units", arguments["units"]),
        "depth": hp.Int("depth", 1, arguments["depth"] + 1, default=arguments["depth"]),
        "dropout": _dropout(hp, arguments["dropout"]),
    }


def vit(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.ViT`: width, depth, MLP ratio, dropout, norm."""
    depth, ratio = arguments["depth"], arguments["mlp_ratio"]
    return {
        "width": _around(hp, "width", arguments["width"], multiple=arguments["heads"]),
        "depth": hp.Int("depth", max(1, depth - 1), depth + 1, default=max(1, depth)),
        "mlp_ratio": hp.Int("mlp_ratio", 1, ratio + 1, default=ratio),
        "dropout": _dropout(hp, arguments["dropout"]),
        "norm": hp.Choice("norm", ["batch", "layer"], default=arguments["norm"]),
    }


Space = Callable[[keras_tuner.HyperParameters, Mapping[str, Any]], dict[str, Any]]
SPACES: dict[str, Space] = {"mlp": mlp, "cnn": cnn, "gru": gru, "vit": vit}
