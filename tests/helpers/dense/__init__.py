"""Images with masks, and with boxes: what every preset for these is tried on."""

from pathlib import Path
from typing import Any

import numpy as np

SIDE = 16
NAMES = ("ground", "box", "disc")


def blocks(rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return random images of blocks of 4x4 pixels, (count, *shape)."""
    height, width, channels = shape
    small = rng.normal(size=(count, -(-height // 4), -(-width // 4), channels))
    large = np.repeat(np.repeat(small, 4, axis=1), 4, axis=2)
    return large[:, :height, :width].astype(np.float32)


def masks_of(x: np.ndarray) -> np.ndarray:
    """Return masks of two classes, by which blocks are bright, uint8 (rows, height, width)."""
    return (x[..., 0] > 0).astype(np.uint8)


def shapes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy images with a box and a disc, (count, 16, 16, 1), and their masks."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    x, y = rng.normal(0, 5, (count, SIDE, SIDE, 1)), np.zeros((count, SIDE, SIDE), np.uint8)
    for image, mask in zip(x[..., 0], y, strict=True):
        top, left, height, width = rng.integers([0, 0, 6, 6], [8, 8, 12, 12])
        mask[top : top + height, left : left + width] = 1
        middle, radius = rng.integers(3, SIDE - 3, 2), rng.integers(3, 7)
        mask[(rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= radius**2] = 2
        image += np.array([40, 130, 250])[mask]
    return x.astype(np.float32), y


def save_masks(path: Path) -> Path:
    (x_train, y_train), (x_test, y_test) = shapes(600, 0), shapes(200, 1)
    names = np.array(NAMES)
    np.savez(
        path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test, class_names=names
    )
    return path


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
    arrays: dict[str, Any] = {"class_names": np.array(["dim", "bright"])}
    for seed, (part, count) in enumerate({"train": 600, "test": 200}.items()):
        shape = (24, 24, 1)
        arrays[f"x_{part}"] = boxed(np.random.default_rng(seed), count, shape, 2)
        arrays[f"y_{part}"] = boxes_of(count, shape, 2)
    np.savez(path, **arrays)
    return path
