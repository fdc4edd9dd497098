"""Cells of a detector's maps as a device reads them, and which of them can be an object."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from export.device.ends import Ends, Leaf
from export.device.units import numbers
from export.tflite.scaling import Scaling
from zoo.checks import UserError
from zoo.tasks.boxes.decoding import CANDIDATES, LARGEST, MOST, NMS_IOU
from zoo.tasks.boxes.grid import strides_of

KINDS = ((0, 4), (4, 1), (5, None))  # first column and how many: box, objectness, classes


@dataclass(frozen=True)
class Part:
    """Values of a kind of one map's cells within an output: `first + cell * pitch` and on."""

    output: int
    first: int
    pitch: int
    leaf: Leaf

    @property
    def listed(self) -> str:
        """The numbers in the order of the templates' constructors."""
        scale = f"{self.leaf.scale!r}f"
        return f"{self.output}, {self.first}, {self.pitch}, {scale}, {self.leaf.zero_point}"

    def least(self, probability: float, output: Scaling) -> float:
        """Return the smallest output whose sigmoid reaches a probability, or one below it."""
        inner = min(max(probability, 1e-6), 1 - 1e-6)
        value = math.log(inner / (1 - inner)) / self.leaf.scale + self.leaf.zero_point
        if output.ends.real:
            return value - 1e-3
        return min(max(math.floor(value - 1e-3), output.ends.low), output.ends.high)


@dataclass(frozen=True)
class Map:
    """Cells of one stride, and their parts: box, objectness, classes."""

    rows: int
    columns: int
    stride: int
    parts: tuple[Part, Part, Part]


def maps_of(ends: Ends) -> list[Map]:
    """Return the maps of a file that gives boxes.

    Raises:
        UserError: an output that holds no whole kind of values of a map.
    """
    return list(_maps(ends))


def _maps(ends: Ends) -> Iterator[Map]:
    height, width, _ = ends.shape
    cells = max(leaf.at[0] + leaf.shape[0] for leaf in ends.leaves)
    first = 0
    for stride in strides_of((height, width), cells):
        rows, columns = -(-height // stride), -(-width // stride)
        counts = ((column, n or len(ends.labels)) for column, n in KINDS)
        box, objectness, classes = (
            _part(ends, (first, column), (rows * columns, n)) for column, n in counts
        )
        yield Map(rows, columns, stride, (box, objectness, classes))
        first += rows * columns


def _part(ends: Ends, at: tuple[int, int], shape: tuple[int, int]) -> Part:
    for number, leaf in enumerate(ends.leaves):
        before = [mine - its for mine, its in zip(at, leaf.at, strict=True)]
        after = [its - n - mine for its, n, mine in zip(leaf.shape, shape, before, strict=True)]
        if min(*before, *after) >= 0:
            pitch = leaf.shape[1]
            return Part(number, before[0] * pitch + before[1], pitch, leaf)
    raise UserError(
        f"No output of {ends.file} holds values {at[1]} to {at[1] + shape[1] - 1} of cells "
        f"{at[0]} to {at[0] + shape[0] - 1} together. Expected the boxes, the objectness and the "
        "classes of a map each in one output."
    )


def of_boxes(ends: Ends) -> dict[str, Any]:
    """Return what templates of boxes are filled with."""
    maps, kind = maps_of(ends), _kind(ends)
    cpp, kotlin = [], []
    for one in maps:
        _, objectness, classes = one.parts
        size = f"{one.rows}, {one.columns}, {one.stride}"
        least = f"{objectness.least(min(ends.thresholds), ends.output)}{kind}"
        parts = ",\n     ".join(f"{{{part.listed}}}" for part in one.parts)
        each = _leasts(classes, ends)
        cpp.append(f"\n    {{{size},\n     {parts},\n     {least}, {{{each}}}}}")
        made = ", ".join(f"Part({part.listed})" for part in one.parts)
        kotlin.append(f"            Cells({size}, {made}, {least})")
    return _limits(ends) | {
        "maps": ",".join(cpp),
        "kotlin_maps": ",\n".join(kotlin),
        "map_count": len(maps),
        "strides": ", ".join(str(one.stride) for one in maps),
        "parts": "".join(f"    {(one.name, one.at, one.shape)!r},\n" for one in ends.leaves),
        "cells": sum(one.rows * one.columns for one in maps),
        "iou": f"{NMS_IOU}f",
        "python_iou": NMS_IOU,
        "largest": int(LARGEST),
    }


def of_points(ends: Ends) -> dict[str, Any]:
    """Return what templates of points are filled with."""
    (leaf,), (height, width, _) = ends.leaves, ends.shape
    cells = math.prod(leaf.own) // len(ends.labels)
    (stride,) = strides_of((height, width), cells)
    return _limits(ends) | {
        "rows": -(-height // stride),
        "columns": -(-width // stride),
        "strides": stride,
        "one_scale": f"{leaf.scale!r}f",
        "one_zero_point": leaf.zero_point,
        "least": _leasts(Part(0, 0, len(ends.labels), leaf), ends),
    }


def _limits(ends: Ends) -> dict[str, Any]:
    return {
        "thresholds": ", ".join(f"{t!r}f" for t in ends.thresholds),
        "python_thresholds": numbers(ends.thresholds),
        "candidates": CANDIDATES,
        "most": MOST,
    }


def _leasts(classes: Part, ends: Ends) -> str:
    return ", ".join(f"{classes.least(t, ends.output)}{_kind(ends)}" for t in ends.thresholds)


def _kind(ends: Ends) -> str:
    """Return what makes a number a float in C++ and Kotlin."""
    return "f" if ends.output.ends.real else ""
