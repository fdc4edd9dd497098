"""Search space of transformers, of whatever rows."""

from collections.abc import Mapping
from typing import Any

from tuning.recipe import Recipe
from tuning.spaces.space import HP, around, dropout

RECIPE = Recipe(learning_rate=1e-3)  # attention diverges at the rate that suits the others


def encoder(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Choose width, depth, MLP ratio, dropout, norm.

    Of the compact ViT drop-path instead of dropout, and what it does with its tokens at last.
    """
    depth, ratio = arguments["depth"], arguments["mlp_ratio"]
    compact = arguments.get("stem") == "conv"
    rate = "drop_path" if compact else "dropout"
    space = {
        "width": around(hp, "width", arguments["width"], multiple=arguments["heads"]),
        "depth": hp.Int("depth", max(1, depth - 1), depth + 1, default=max(1, depth)),
        "mlp_ratio": hp.Int("mlp_ratio", 1, ratio + 1, default=ratio),
        rate: dropout(hp, arguments[rate], rate),
        "norm": hp.Choice("norm", ["batch", "layer"], default=arguments["norm"]),
    }
    if compact:
        space["pool"] = hp.Choice("pool", ["average", "sequence"], default=arguments["pool"])
    return space
