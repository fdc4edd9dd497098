"""Search spaces of families for sequences."""

from collections.abc import Mapping
from typing import Any

from tuning.spaces.encoder import RECIPE, encoder
from tuning.spaces.space import HP, Space, around, dropout

SERIES = {"shift": 0.1, "jitter": 0.05, "warp": 0.2}


def gru(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.GRU`: state size, depth, filters in front if there are any, dropout."""
    front = arguments["front_filters"]
    return {
        "units": around(hp, "units", arguments["units"]),
        "depth": hp.Int("depth", 1, arguments["depth"] + 1, default=arguments["depth"]),
        "front_filters": around(hp, "front_filters", front) if front else 0,
        "dropout": dropout(hp, arguments["dropout"]),
    }


def lite(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.LITE`: filters and their length, dropout."""
    return {
        "filters": around(hp, "filters", arguments["filters"]),
        "kernel": around(hp, "kernel", arguments["kernel"], multiple=4),
        "dropout": dropout(hp, arguments["dropout"]),
    }


def inception(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.Inception`: filters and their length, depth, dropout."""
    depth = arguments["depth"]
    return {
        "filters": around(hp, "filters", arguments["filters"]),
        "depth": hp.Int("depth", max(1, depth - 1), depth + 1, default=depth),
        "kernel": around(hp, "kernel", arguments["kernel"], multiple=4),
        "dropout": dropout(hp, arguments["dropout"]),
    }


SEQUENCES = {
    "gru": Space(gru, switched=SERIES),
    "lite": Space(lite, switched=SERIES),
    "inception": Space(inception, switched=SERIES),
    "transformer": Space(encoder, RECIPE, SERIES),
}
