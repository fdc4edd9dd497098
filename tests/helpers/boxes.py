"""Images with boxes: what every preset for boxes and centers is tried on."""

from pathlib import Path

import numpy as np


def boxes_of(count: int, shape: tuple[int, ...], classes: int) -> np.ndarray:
    """Return one box for each image, half as wide and high, (count, 1, 5)."""
    numbers = np.arange(count)
    sides = np.array([shape[1], shape[0]]) // 2
    corner = np.stack([3 * numbers % (sides[0] + 1), 5 * numbers % (sides[1] + 1)], axis=1)
    lines = np.concatenate([numbers[:, None] % classes, corner, corner + sides], axis=1)
    return lines[:, None].astype(np.float32)


def boxed(rng: np.random.Generator, count: int, shape: tuple[int, ...], classes: int) -> np.ndarray:
    """Return noise in which the boxes of `boxes_of` are brighter, by their class."""
    x = rng.normal(0, 0.3, (count, *shape)).astype(np.float32)
    for image, (kind, x1, y1, x2, y2) in zip(x, boxes_of(count, shape, classes)[:, 0], strict=True):
        image[int(y1) : int(y2), int(x1) : int(x2)] += 1 + kind
    return x


def save_boxes(path: Path) -> Path:
    """Save images of 24x24 pixels with one box each, of two classes."""
    arrays = {"class_names": np.array(["dim", "bright"])}
    for seed, (part, count) in enumerate({"train": 600, "test": 200}.items()):
        shape = (24, 24, 1)
        arrays[f"x_{part}"] = boxed(np.random.default_rng(seed), count, shape, 2)
        arrays[f"y_{part}"] = boxes_of(count, shape, 2)
    np.savez(path, **arrays)
    return path
