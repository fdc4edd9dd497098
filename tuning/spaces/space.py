"""The record of a family's search space, and choices that several share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import keras_tuner

from tuning.recipe import Recipe

HP: TypeAlias = keras_tuner.HyperParameters  # asked for the values of a trial


@dataclass(frozen=True)
class Space:
    """What a search varies of a family, and around which recipe.

    Attributes:
        arguments: asks `hp` for arguments of the factory, around those of a preset.
        recipe: that its presets are trained with unless told otherwise.
        switched: field of the recipe -> its value when on, of those that a search may switch on
            or off; see the sources in `Recipe`.
    """

    arguments: Callable[[HP, Mapping[str, Any]], dict[str, Any]]
    recipe: Recipe = field(default_factory=Recipe)
    switched: Mapping[str, float] = field(default_factory=dict)


def around(hp: HP, name: str, value: int, multiple: int = 1) -> int:
    """Choose a size near `value`: three quarters, itself, or half as much again."""
    sizes = {
        max(multiple, round(value * factor / multiple) * multiple) for factor in (0.75, 1, 1.5)
    }
    return int(hp.Choice(name, sorted(sizes | {value}), default=value, ordered=True))


def listed(values: Sequence[int]) -> str:
    """Return a list as KerasTuner keeps one: as text."""
    return ",".join(str(value) for value in values)


def dropout(hp: HP, value: float, name: str = "dropout") -> float:
    """Choose a rate: one of four, or the preset's own."""
    return float(hp.Choice(name, sorted({0.0, 0.1, 0.2, 0.3, value}), default=value))
