"""Outputs that the host puts together: a graph that ends before its last concatenations.

A concatenation has one scale for all its parts, which blurs some where they are as different as
the boxes, scores and classes of a detector. Parts that are outputs of the graph by themselves have
a scale each, and no operator copies them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Place:
    """Where the host puts one output of the graph in the one array of the model.

    Attributes:
        name: of the output.
        at: where it begins on each axis, without the batch.
        shape: of a row of it there.
        own: of a row of it as the graph gives it: the same values in the same order.
    """

    name: str
    at: tuple[int, ...]
    shape: tuple[int, ...]
    own: tuple[int, ...]

    @property
    def slices(self) -> tuple[slice, ...]:
        ends = zip(self.at, self.shape, strict=True)
        return (slice(None), *(slice(first, first + size) for first, size in ends))


@dataclass(frozen=True)
class Joint:
    """How the host makes the array of a model, (rows, *shape), of the outputs of its graph.

    Examples:
        >>> left, right = Place("left", (0,), (1,), (1,)), Place("right", (1,), (1,), (1,))
        >>> Joint((2,), (left, right)).join([np.ones((1, 1)), np.zeros((1, 1))]).tolist()
        [[1.0, 0.0]]
    """

    shape: tuple[int, ...]
    places: tuple[Place, ...]

    def join(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return the outputs of the graph as the one array of the model."""
        whole = np.empty((len(outputs[0]), *self.shape), np.float32)
        for place, output in zip(self.places, outputs, strict=True):
            whole[place.slices] = output.reshape(len(output), *place.shape)
        return whole

    def split(self, outputs: Any) -> list[np.ndarray]:
        """Return the one array of the model as the outputs of the graph."""
        whole = np.asarray(outputs)
        parts = [whole[place.slices] for place in self.places]
        return [
            part.reshape(len(whole), *place.own)
            for place, part in zip(self.places, parts, strict=True)
        ]
