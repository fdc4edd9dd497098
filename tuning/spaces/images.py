"""Search spaces of families for images."""

from collections.abc import Mapping, Sequence
from typing import Any

from tuning.recipe import Recipe
from tuning.spaces.encoder import RECIPE, encoder
from tuning.spaces.space import HP, Space, around, dropout, listed

FROZEN = 0.9  # share of the epochs in which a pretrained backbone stays as it is
PICTURES = {"shift": 0.125, "cutout": 0.25, "mixup": 0.2}


def cnn(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.CNN`: width of all stages together, blocks, dropout.

    Of inverted blocks also expansion and drop-path.
    """
    filters = arguments["filters"]
    scaled = [[max(1, round(width * factor)) for width in filters] for factor in (0.75, 1, 1.5)]
    chosen = hp.Choice("filters", [listed(widths) for widths in scaled], default=listed(filters))
    space: dict[str, Any] = {
        "filters": [int(width) for width in chosen.split(",")],
        "blocks": blocks(hp, arguments["blocks"]),
        "dropout": dropout(hp, arguments["dropout"]),
    }
    if arguments["block"] == "inverted":
        space["expansion"] = around(hp, "expansion", arguments["expansion"])
        space["drop_path"] = dropout(hp, arguments["drop_path"], "drop_path")
    return space


def blocks(hp: HP, value: int | Sequence[int]) -> int | list[int]:
    """Choose the blocks of all stages, or one more or less in each stage of several."""
    if isinstance(value, int):
        return int(hp.Int("blocks", 1, value + 1, default=value))
    fewer, more = ([count + step * (count > 1) for count in value] for step in (-1, 1))
    choices = dict.fromkeys(listed(counts) for counts in (fewer, value, more))
    chosen = hp.Choice("blocks", list(choices), default=listed(value))
    return [int(count) for count in chosen.split(",")]


def pretrained(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.Pretrained`: dropout; the network is given."""
    return {"dropout": dropout(hp, arguments["dropout"])}


IMAGES = {
    "cnn": Space(cnn, switched=PICTURES),
    "vit": Space(encoder, RECIPE, PICTURES),
    "pretrained": Space(pretrained, Recipe(frozen=FROZEN)),
}
