"""The host's share of an int8 graph: a scale and an offset for each channel of an end.

An int8 tensor has one scale, whose range holds zero. Where that blurs what goes in or comes out
(1013 +- 6 hPa, or pressure beside a share of 0..1), the graph takes or gives values in units of
their own, and the host converts them, which costs one multiplication and one addition a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Affine:
    """`x * scale + offset` of each channel, (channels,) each.

    Attributes:
        layer: name of the model's own layer that computes the same, if it is one.
        whole: whether all that it takes is within -1..1.
    """

    scale: np.ndarray
    offset: np.ndarray
    layer: str | None = None
    whole: bool = False

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return values, (..., channels), in float32, as a layer computes them."""
        scale, offset = (one.astype(np.float32) for one in (self.scale, self.offset))
        return np.asarray(x * scale + offset, np.float32)

    def inverse(self) -> "Affine":
        """Return what takes it back."""
        return Affine(1 / self.scale, -self.offset / self.scale)


@dataclass(frozen=True)
class Host:
    """What the host does for a graph, by the place of each input and output; nothing elsewhere.

    Attributes:
        inputs: from what the model takes to what the graph takes.
        outputs: from what the graph shall give to what the model gives.
    """

    inputs: Mapping[int, Affine] = field(default_factory=dict)
    outputs: Mapping[int, Affine] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Affine | None, units: Affine | None) -> "Host":
        """Return that of a graph of one input and one output."""
        inputs, outputs = ({} if one is None else {0: one} for one in (given, units))
        return cls(inputs, outputs)
