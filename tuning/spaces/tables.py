"""Search spaces of families for tables."""

from collections.abc import Mapping
from typing import Any

from tuning.spaces.space import HP, Space, around, dropout


def mlp(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.MLP`: width, depth, dropout; bins and members where there are some."""
    depth, bins, members = (arguments[name] for name in ("depth", "bins", "members"))
    numbers = sorted({max(1, bins // 2), bins, 2 * bins})
    sizes = {"bins": int(hp.Choice("bins", numbers, default=bins, ordered=True))} if bins else {}
    if members > 1:
        numbers = sorted({max(2, members // 2), members, 2 * members})
        sizes["members"] = int(hp.Choice("members", numbers, default=members, ordered=True))
    return sizes | {
        "units": around(hp, "units", arguments["units"]),
        "depth": hp.Int("depth", max(1, depth - 1), depth + 1, default=max(1, depth)),
        "dropout": dropout(hp, arguments["dropout"]),
    }


TABLES = {"mlp": Space(mlp)}
