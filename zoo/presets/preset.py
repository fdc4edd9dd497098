"""One entry of the preset table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Rows = tuple[tuple[int, ...], int]  # input shape, outputs


@dataclass(frozen=True)
class Preset:
    """A named architecture size.

    Attributes:
        family: its factory, by a key of `zoo.presets.families.FAMILIES`.
        arguments: of the factory, where they differ from its defaults.
        parameters: as `zoo.layers.inputs.count_parameters` counts, at `reference`.
        source: paper and table, or the repository that it follows.
        reference: input shape and outputs; None: those of the family.
    """

    family: str
    arguments: Mapping[str, Any]
    parameters: int
    source: str
    reference: Rows | None = None
