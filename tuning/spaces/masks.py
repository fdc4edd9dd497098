"""Search spaces of families for masks."""

from collections.abc import Mapping
from typing import Any

from tuning.recipe import Recipe
from tuning.spaces.images import blocks
from tuning.spaces.space import HP, Space, around, dropout, listed

MOVED = {"zoom": 0.3, "cutout": 0.25}


def widths(hp: HP, filters: Any) -> list[int]:
    """Choose the width of all sizes together."""
    scaled = [[max(1, round(width * factor)) for width in filters] for factor in (0.75, 1, 1.5)]
    chosen = hp.Choice("filters", [listed(one) for one in scaled], default=listed(filters))
    return [int(width) for width in chosen.split(",")]


def unet(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.UNet`: width of all sizes together, dropout."""
    return {
        "filters": widths(hp, arguments["filters"]),
        "dropout": dropout(hp, arguments["dropout"]),
    }


def aspp(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.ASPP`: head, dropout; of its own stages width, blocks and expansion."""
    of_head = {
        "head": around(hp, "head", arguments["head"]),
        "dropout": dropout(hp, arguments["dropout"]),
    }
    if arguments["backbone"] is not None:
        return of_head
    return of_head | {
        "filters": widths(hp, arguments["filters"]),
        "blocks": blocks(hp, arguments["blocks"]),
        "expansion": around(hp, "expansion", arguments["expansion"]),
        "drop_path": dropout(hp, arguments["drop_path"], "drop_path"),
    }


# A batch is many pixels: 8 images an update learn in as many epochs what 16 do not (digits_scenes,
# seed 1, 60 epochs: mean IoU .91 of validation images in place of .51).
RECIPE = Recipe(batch_size=8, label_smoothing=0.0)
MASKS = {"unet": Space(unet, RECIPE, MOVED), "aspp": Space(aspp, RECIPE, MOVED)}
