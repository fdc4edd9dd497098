"""Ends of files that give masks, boxes and centers, and outputs for them."""

from dataclasses import replace

import numpy as np

from export.device.ends import Ends, Leaf
from export.tflite.scaling import Scaling
from zoo.data.letterbox import Letterbox
from zoo.tasks.boxes.decoding import find

SHAPE, LABELS = (64, 48, 3), ("cat", "dog", 'a "b"')
PIXELS = Scaling((1.0,), (-128.0,))  # an int8 file takes v - 128
THRESHOLDS = (0.2, 0.35, 0.5)


def leaves(shape: tuple[int, ...] = SHAPE, strides: tuple[int, ...] = (8, 16)) -> list[Leaf]:
    """Return the outputs of a detector, each with a scale of its own."""
    found, first = [], 0
    kinds = (("box", 0, 4, 0.011, 5), ("objectness", 4, 1, 0.07, 20), ("class", 5, 3, 0.09, -11))
    for stride in strides:
        rows, columns = -(-shape[0] // stride), -(-shape[1] // stride)
        for name, at, n, scale, zero_point in kinds:
            cells, own = (rows * columns, n), (rows, columns, n)
            scale *= 1 + stride / 64
            found.append(Leaf(f"{name}_{stride}", (first, at), cells, own, scale, zero_point))
        first += rows * columns
    return found


def boxes(**changes: object) -> Ends:
    output = Scaling((0.07,), (20.0,))
    made = Ends(
        "m.tflite", SHAPE, PIXELS, output, 8, LABELS, "sigmoid", "boxes",
        leaves=tuple(leaves()), thresholds=THRESHOLDS,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def masks(**changes: object) -> Ends:
    leaf = Leaf("output", (0, 0, 0), SHAPE, SHAPE, 0.1, 3)
    output = Scaling((0.1,), (3.0,))
    made = Ends("m.tflite", SHAPE, PIXELS, output, 3, LABELS, "softmax", "mask", leaves=(leaf,))
    return replace(made, **changes)  # type: ignore[arg-type]


def points(**changes: object) -> Ends:
    leaf = Leaf("output", (0, 0), (48, 3), (8, 6, 3), 0.05, 3)
    output = Scaling((0.05,), (3.0,))
    made = Ends(
        "m.tflite", SHAPE, PIXELS, output, 3, LABELS, "sigmoid", "points",
        leaves=(leaf,), thresholds=THRESHOLDS,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def outputs_of(ends: Ends, seed: int) -> list[np.ndarray]:
    """Return int8 outputs: mostly no object, some of them beside each other."""
    rng = np.random.default_rng(seed)
    values = [rng.integers(-60, 60, leaf.own).astype(np.int8) for leaf in ends.leaves]
    for value in values[1::3]:
        value[rng.random(value.shape) < 0.6] = -100
    return values


def joined(ends: Ends, values: list[np.ndarray]) -> np.ndarray:
    """Return the one array of the model, of real numbers."""
    whole = np.zeros((60, 8), np.float32)
    for leaf, value in zip(ends.leaves, values, strict=True):
        (cell, column), (cells, columns) = leaf.at, leaf.shape
        real = (value.reshape(leaf.shape).astype(np.float32) - leaf.zero_point) * leaf.scale
        whole[cell : cell + cells, column : column + columns] = real
    return whole


def expected(ends: Ends, whole: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return class, score and corners in the picture, as the task and the letterbox have them."""
    found = find(whole[None], SHAPE).above(np.array(ends.thresholds))
    there = found.there[0]
    corners = Letterbox.of(size, SHAPE[:2]).back(found.boxes[0][there])
    return np.column_stack([found.classes[0][there], found.scores[0][there], corners])
