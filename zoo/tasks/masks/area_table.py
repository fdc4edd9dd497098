"""Figures of each class of a segmentation."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.metrics import masks
from zoo.metrics.weighted import once


@dataclass(frozen=True)
class AreaFigures:
    """What answers are worth for one class; None where a figure is undefined."""

    label: str
    pixels: int  # that have it
    answered: int
    iou: float | None
    dice: float | None
    boundary_f1: float | None


@dataclass(frozen=True)
class AreaTable:
    """A line for each class."""

    lines: tuple[AreaFigures, ...]

    def described(self) -> list[dict[str, Any]]:
        """Return the lines as JSON types."""
        return [asdict(line) for line in self.lines]


def area_table(labels: tuple[str, ...], pixels: masks.Counts, edges: masks.Counts) -> AreaTable:
    """Return the figures of each class, from the pixels and the outlines of images."""
    every = once(len(pixels.true))
    ious, dices = (figure(pixels, every)[0] for figure in (masks.ious, masks.dices))
    outlines = masks.boundary_f1s(edges, every)[0]
    lines = zip(labels, pixels.true.sum(0), pixels.said.sum(0), ious, dices, outlines, strict=True)
    return AreaTable(
        tuple(
            AreaFigures(label, int(true), int(said), *(_known(value) for value in figures))
            for label, true, said, *figures in lines
        )
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
