"""Masks drawn from COCO's polygons and run lengths."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from zoo.readers.decoding import Broken
from zoo.readers.dense.annotations import Truth


def drawn(truth: Truth, size: tuple[int, int]) -> np.ndarray:
    """Return a mask, uint8 (height, width): 0 for the ground, 1 + class; small things lie on top.

    Args:
        truth: of a picture, with outlines.
        size: its (height, width), as the outlines see it.

    Raises:
        Broken: an outline that cannot be drawn.
    """
    mask = np.zeros(size, np.uint8)
    covered = [_covered(outline, truth, n, size) for n, outline in enumerate(truth.outlines)]
    for place in sorted(range(len(covered)), key=lambda one: -int(covered[one].sum())):
        mask[covered[place]] = 1 + truth.classes[place]
    return mask


def _covered(outline: Any, truth: Truth, place: int, size: tuple[int, int]) -> np.ndarray:
    """Return which pixels a thing covers; one without an outline covers its box."""
    if isinstance(outline, dict):
        return _run_lengths(outline, size)
    image = Image.new("1", (size[1], size[0]))
    draw = ImageDraw.Draw(image)
    scale = np.array([size[1], size[0]]) if truth.shares else np.ones(2)
    if outline is None:
        x1, y1, x2, y2 = truth.boxes[place] * np.tile(scale, 2)
        outline, scale = [[x1, y1, x2, y1, x2, y2, x1, y2]], np.ones(2)
    for polygon in outline if isinstance(outline, list) else [None]:
        draw.polygon(_points(polygon, scale), fill=1)
    return np.asarray(image)


def _points(polygon: Any, scale: np.ndarray) -> list[tuple[float, float]]:
    """Return corners for Pillow, which counts from the centers of pixels."""
    try:
        corners = np.array(polygon, np.float64).reshape(-1, 2) * scale - 0.5
    except (TypeError, ValueError) as error:
        raise Broken("a polygon that is no list of x and y") from error
    if len(corners) < 3 or not (np.abs(corners) < 1e6).all():
        raise Broken("a polygon of fewer than 3 corners, or far outside the picture")
    return [(float(x), float(y)) for x, y in corners]


def _run_lengths(outline: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    """Return COCO's run lengths as pixels: down the columns, the ground first."""
    given = outline.get("counts")
    counts = _unpacked(given) if isinstance(given, str) else given
    usable = isinstance(counts, list) and all(type(run) is int and run >= 0 for run in counts)
    runs = np.array(counts if usable else [], np.int64)
    if outline.get("size") != [*size] or runs.sum() != size[0] * size[1]:
        raise Broken("run lengths that are not of the picture's size")
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return pixels.reshape(size[1], size[0]).T


def _unpacked(text: str) -> list[int]:
    """Return run lengths from COCO's text: 5 bits a character, from the third on differences."""
    runs: list[int] = []
    value, shift = 0, 0
    for char in text:
        bits = ord(char) - 48
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:  # the last character of a number; its highest bit is the sign
            value -= (1 << shift) if bits & 16 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, shift = 0, 0
        if shift > 40:
            raise Broken("run lengths that cannot be unpacked")
    return runs
