"""Search spaces of families for texts."""

from collections.abc import Mapping
from typing import Any

from tuning.spaces.encoder import RECIPE, encoder
from tuning.spaces.space import HP, Space, around, dropout


def text(hp: HP, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Space of `zoo.TextGRU` and `zoo.TextCNN`: vectors, units or filters, dropout."""
    wide = "units" if "units" in arguments else "filters"
    return {
        "width": around(hp, "width", arguments["width"]),
        wide: around(hp, wide, arguments[wide]),
        "dropout": dropout(hp, arguments["dropout"]),
    }


TEXTS = {
    "text_gru": Space(text),
    "text_cnn": Space(text),
    "text_transformer": Space(encoder, RECIPE),
}
