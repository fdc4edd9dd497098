"""A bound on what is built, from the arguments alone: a file may ask for any size."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from zoo.checks import LARGEST_SIZE, UserError

MOST = 2**31  # weights
LAYER = 2**23  # weights that take as long to build as a layer, however small, does
WIDTHS = ("units", "width", "filters", "front_filters", "bottleneck")
DEPTHS = ("depth", "blocks")


def check_sizes(
    preset: str, shape: Sequence[int], outputs: int, arguments: Mapping[str, Any]
) -> None:
    """Raise UserError for an architecture with more weights than a machine can hold.

    Args:
        preset: named in the message.
        shape: of one row.
        outputs: of the model.
        arguments: all of the factory's.
    """
    listed = {name: _integers(value) for name, value in arguments.items()}
    for name in (*WIDTHS, *DEPTHS):
        if max(listed.get(name, []), default=0) > LARGEST_SIZE:
            return  # the factory says so itself, at once
    width = max([1, *(size for name in WIDTHS for size in listed.get(name, []))])
    widest = max([width, outputs, *shape, *listed.get("words", [])])
    layers = math.prod(max([1, *listed.get(name, [])]) for name in DEPTHS)
    layers *= max(map(len, listed.values()), default=1) or 1
    weights = (width * widest + LAYER) * layers
    if weights > MOST:
        sizes = {name: arguments[name] for name in (*WIDTHS, *DEPTHS) if name in arguments}
        said = ", ".join(f"{name}={value!r:.40}" for name, value in sizes.items())
        raise UserError(
            f"{preset} with {said or 'these rows'} would be too large to build: up to "
            f"{weights:.1e} weights; at most {MOST:.1e} are built. Make it smaller."
        )


def _integers(value: object) -> list[int]:
    values = value if isinstance(value, list | tuple) else [value]
    return [one for one in values if isinstance(one, int) and not isinstance(one, bool)]
