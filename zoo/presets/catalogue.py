"""The table of named models.

A preset is a line of one of its parts: family, arguments, parameter count, source. Adding a line
adds the model to `list_models`, to the search and to every conformance test.
"""

import fnmatch
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.checks import UserError, near
from zoo.data.kinds import IMAGE, Kind
from zoo.models.shapes import takes
from zoo.presets.boxes import BOXES
from zoo.presets.families import FAMILIES, Family
from zoo.presets.images import IMAGES
from zoo.presets.masks import MASKS
from zoo.presets.preset import Preset, Rows
from zoo.presets.pretrained import PREFIX, PRETRAINED, of_hub
from zoo.presets.sequences import SEQUENCES
from zoo.presets.tables import TABLES
from zoo.presets.texts import TEXTS

PRESETS: dict[str, Preset] = {**TABLES, **SEQUENCES, **TEXTS, **IMAGES, **MASKS, **BOXES}


def find_preset(name: str) -> Preset:
    """Return the preset called `name`, or of KerasHub's preset after "pretrained:".

    Raises:
        UserError: there is none; near matches are named.
    """
    known = PRESETS | PRETRAINED
    own = name.removeprefix(PREFIX)
    if name not in known and own != name and _in_hub(own):
        return of_hub(own)
    if name not in known:
        folder = own != name and Path(own).is_dir()
        hint = f"For the folder write {PREFIX}./{own}." if folder else near(name, known)
        raise UserError(f"There is no preset {name!r}. {hint}")
    return known[name]


def _in_hub(name: str) -> bool:
    from zoo.pretrained import hub  # imports Keras

    return hub.knows(name)


def check_kind(preset: str, kind: Kind, what: str) -> None:
    """Raise UserError where a preset's family does not take the rows of `what`."""
    family = family_of(preset)
    if kind not in family.kinds:
        instead = " or ".join(patterns_for(kind))
        raise UserError(f"{takes(family.name)}, but {what} holds {kind.many}. Use {instead}.")


def check_gives(preset: str, wanted: str, kind: Kind, what: str) -> None:
    """Raise UserError where a preset's family gives something else than the task of `what` asks.

    Args:
        wanted: a `Family.gives`.
        kind: of the rows.
        what: the data and their task, for the message.
    """
    family = family_of(preset)
    if family.gives != wanted:
        instead = " or ".join(patterns_for(kind, wanted)) or "a model of your own"
        raise UserError(
            f"{preset} gives {family.gives} for a row, but {what}, which asks for {wanted}. Use "
            f"{instead}."
        )


def check_arguments(preset: str, given: Mapping[str, Any]) -> None:
    """Raise UserError for an argument that a preset's factory has not, or has no use for."""
    family = family_of(preset)
    for name in given:
        if name not in family.names:
            raise UserError(f"{preset} has no argument {name!r}. {near(name, family.names)}")
    if not family.stages:
        return
    backbone = given.get("backbone")
    if backbone is not None:
        check_backbone(backbone)
    if "weights" in given and network_of(preset, given) is None:
        raise UserError(
            f"weights are of a pretrained backbone, and this {preset} has none. Set backbone="
            "pretrained:efficientnet_lite0, or leave weights out."
        )
    for name in given if backbone is not None else ():
        if name in family.stages:
            raise UserError(
                f"{name} is of {preset}'s own stages, which backbone={backbone} replaces. Leave "
                "one of the two out."
            )


def check_backbone(name: object) -> None:
    """Raise UserError for what is no preset that a head for masks or boxes can stand on."""
    family = family_of(name) if isinstance(name, str) else None
    if family is None or family.kinds[0] is not IMAGE or family.gives != "values":
        raise UserError(
            f"backbone={name!r} is no network that classifies images. Take one of cnn_* or "
            "pretrained:*; pocketzoo models lists them."
        )


def network_of(preset: str, given: Mapping[str, Any]) -> str | None:
    """Return the pretrained network that arguments name; None without one.

    For a family with stages of its own it is the name of a preset, pretrained or not.
    """
    backbone: str | None = given.get("backbone")
    if backbone is None or not family_of(preset).stages:
        return backbone
    own = backbone.removeprefix(PREFIX)
    return None if own == backbone else own


def family_of(name: str) -> Family:
    """Return the family of a preset. Raises UserError as `find_preset`."""
    return FAMILIES[find_preset(name).family]


def reference(name: str) -> Rows:
    """Return the input shape and the outputs at which a preset's parameters are declared."""
    return find_preset(name).reference or family_of(name).reference


def list_models(pattern: str = "*") -> list[str]:
    """Return the preset names that match a shell pattern, such as "vit*"; empty if none does.

    Examples:
        >>> zoo.list_models("cnn_mobile*")
        ['cnn_mobile_tiny', 'cnn_mobile_small']
    """
    return [name for name in (*PRESETS, *PRETRAINED) if fnmatch.fnmatchcase(name, pattern)]


def patterns_for(kind: Kind, gives: str = "values") -> list[str]:
    """Return patterns of the presets for a kind of rows, those of families made for it first.

    Pretrained ones are left out: they take large images only.
    """
    families = [FAMILIES[name] for name in dict.fromkeys(p.family for p in PRESETS.values())]
    fitting = [one for one in families if kind in one.kinds and one.gives == gives]
    fitting.sort(key=lambda family: family.kinds.index(kind))
    return [f"{family.name}_*" for family in fitting]
