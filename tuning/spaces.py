"""Search spaces: what may vary for a preset, and around which recipe.

A space maps KerasTuner's `hp` to arguments of the family's factory and to fields of `Recipe`; the
names are the same on both sides. Defaults are the preset's own values, so that the first trial is
the preset itself.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras_tuner

from tuning.recipe import Recipe
from zoo import Data
from zoo.presets.catalogue import factory_arguments, find_preset

# Attention diverges at the rate that suits the others.
RECIPES = {
    **dict.fromkeys(("vit", "transformer", "text_transformer"), Recipe(learning_rate=1e-3)),
    "pretrained": Recipe(frozen=0.9),
}

# A training is at least so many steps, but no more epochs: few rows are gone over more often.
STEPS, MOST_EPOCHS = 1500, 500

# What a search may switch on or off, and its value when on; see the sources in `Recipe`.
PICTURES = {"shift": 0.125, "cutout": 0.25, "mixup": 0.2}
SERIES = {"shift": 0.1, "jitter": 0.05, "warp": 0.2}
SWITCHED = {"cnn": PICTURES, "vit": PICTURES} | dict.fromkeys(
    ("gru", "lite", "inception", "transformer"), SERIES
)


@dataclass(frozen=True)
class Point:
    """One point of a space: a model and how it is trained."""

    overrides: Mapping[str, Any]
    recipe: Recipe


def default_recipe(preset: str, data: Data | None = None) -> Recipe:
    """Return the recipe a preset is trained with unless told otherwise.

    Given the data, pictures are shifted a little, which is safe for any, and few rows are gone over
    more often.
    """
    recipe = RECIPES.get(find_preset(preset).family, Recipe())
    if data is None:
        return recipe
    if len(data.input_shape) == len(("height", "width", "channels")):
        recipe = replace(recipe, shift=PICTURES["shift"])
    steps = math.ceil(len(data.x_train) / recipe.batch_size)
    epochs = min(MOST_EPOCHS, math.ceil(STEPS / steps))
    if epochs <= recipe.epochs:
        return recipe
    return replace(recipe, epochs=epochs, patience=math.ceil(epochs / 3))


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
        if value is not None and not isinstance(value, Mapping):
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


def _dropout(hp: keras_tuner.HyperParameters, value: float, name: str = "dropout") -> float:
    return float(hp.Choice(name, sorted({0.0, 0.1, 0.2, 0.3, value}), default=value))


def _blocks(hp: keras_tuner.HyperParameters, value: int | Sequence[int]) -> int | list[int]:
    """Choose the blocks of all stages, or one more or less in each stage of several."""
    if isinstance(value, int):
        return int(hp.Int("blocks", 1, value + 1, default=value))
    fewer, more = ([count + step * (count > 1) for count in value] for step in (-1, 1))
    choices = dict.fromkeys(_listed(counts) for counts in (fewer, value, more))
    chosen = hp.Choice("blocks", list(choices), default=_listed(value))
    return [int(count) for count in chosen.split(",")]


def mlp(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.MLP`: width, depth, dropout; bins and members where there are some."""
    depth, bins, members = (arguments[name] for name in ("depth", "bins", "members"))
    numbers = sorted({max(1, bins // 2), bins, 2 * bins})
    sizes = {"bins": int(hp.Choice("bins", numbers, default=bins, ordered=True))} if bins else {}
    if members > 1:
        numbers = sorted({max(2, members // 2), members, 2 * members})
        sizes["members"] = int(hp.Choice("members", numbers, default=members, ordered=True))
    return sizes | {
        "units": _around(hp, "units", arguments["units"]),
        "depth": hp.Int("depth", max(1, depth - 1), depth + 1, default=max(1, depth)),
        "dropout": _dropout(hp, arguments["dropout"]),
    }


def cnn(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.CNN`: width of all stages together, blocks, dropout.

    Of inverted blocks also expansion and drop-path.
    """
    filters = arguments["filters"]
    scaled = [[max(1, round(width * factor)) for width in filters] for factor in (0.75, 1, 1.5)]
    chosen = hp.Choice("filters", [_listed(widths) for widths in scaled], default=_listed(filters))
    space: dict[str, Any] = {
        "filters": [int(width) for width in chosen.split(",")],
        "blocks": _blocks(hp, arguments["blocks"]),
        "dropout": _dropout(hp, arguments["dropout"]),
    }
    if arguments["block"] == "inverted":
        space["expansion"] = _around(hp, "expansion", arguments["expansion"])
        space["drop_path"] = _dropout(hp, arguments["drop_path"], "drop_path")
    return space


def gru(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.GRU`: state size, depth, filters in front if there are any, dropout."""
    front = arguments["front_filters"]
    return {
        "units": _around(hp, "units", arguments["units"]),
        "depth": hp.Int("depth", 1, arguments["depth"] + 1, default=arguments["depth"]),
        "front_filters": _around(hp, "front_filters", front) if front else 0,
        "dropout": _dropout(hp, arguments["dropout"]),
    }


def lite(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.LITE`: filters and their length, dropout."""
    return {
        "filters": _around(hp, "filters", arguments["filters"]),
        "kernel": _around(hp, "kernel", arguments["kernel"], multiple=4),
        "dropout": _dropout(hp, arguments["dropout"]),
    }


def inception(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.Inception`: filters and their length, depth, dropout."""
    depth = arguments["depth"]
    return {
        "filters": _around(hp, "filters", arguments["filters"]),
        "depth": hp.Int("depth", max(1, depth - 1), depth + 1, default=depth),
        "kernel": _around(hp, "kernel", arguments["kernel"], multiple=4),
        "dropout": _dropout(hp, arguments["dropout"]),
    }


def vit(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.ViT` and `zoo.Transformer`: width, depth, MLP ratio, dropout, norm.

    Of the compact ViT drop-path instead of dropout, and what it does with its tokens at last.
    """
    depth, ratio = arguments["depth"], arguments["mlp_ratio"]
    compact = arguments.get("stem") == "conv"
    rate = "drop_path" if compact else "dropout"
    space = {
        "width": _around(hp, "width", arguments["width"], multiple=arguments["heads"]),
        "depth": hp.Int("depth", max(1, depth - 1), depth + 1, default=max(1, depth)),
        "mlp_ratio": hp.Int("mlp_ratio", 1, ratio + 1, default=ratio),
        rate: _dropout(hp, arguments[rate], rate),
        "norm": hp.Choice("norm", ["batch", "layer"], default=arguments["norm"]),
    }
    if compact:
        space["pool"] = hp.Choice("pool", ["average", "sequence"], default=arguments["pool"])
    return space


def text(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.TextGRU` and `zoo.TextCNN`: vectors, units or filters, dropout."""
    wide = "units" if "units" in arguments else "filters"
    return {
        "width": _around(hp, "width", arguments["width"]),
        wide: _around(hp, wide, arguments[wide]),
        "dropout": _dropout(hp, arguments["dropout"]),
    }


def pretrained(hp: keras_tuner.HyperParameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.Pretrained`: dropout; the network is given."""
    return {"dropout": _dropout(hp, arguments["dropout"])}


Space = Callable[[keras_tuner.HyperParameters, Mapping[str, Any]], dict[str, Any]]
SPACES: dict[str, Space] = {
    "mlp": mlp,
    "cnn": cnn,
    "gru": gru,
    "lite": lite,
    "inception": inception,
    "transformer": vit,
    "vit": vit,
    "text_gru": text,
    "text_cnn": text,
    "text_transformer": vit,
    "pretrained": pretrained,
}
