"""Outputs that look at no image: the mean box, or the mean place, of the truth."""

import numpy as np

from zoo.tasks.boxes.grid import places
from zoo.tasks.boxes.truth import held

STRIDES = (8, 16)  # of the usual maps


def of_boxes(y: np.ndarray, size: tuple[int, int], classes: int) -> np.ndarray:
    """Return the mean box in every cell, as sure as boxes are frequent, (rows, cells, 5 + C)."""
    cells = sum(-(-size[0] // stride) * -(-size[1] // stride) for stride in STRIDES)
    there = y[y[..., 0] >= 0]
    sides = np.log(np.maximum(there[:, 3:] - there[:, 1:3], 1)).mean(axis=0)
    strides = places(size, cells)[1]
    row = np.zeros((cells, 5 + classes), np.float32)
    row[:, 2:4] = sides - np.log(strides)[:, None]
    row[:, 4] = _odds(len(there) / (len(y) * cells))
    row[:, 5:] = _odds(np.bincount(there[:, 0].astype(int), minlength=classes) / len(there))
    return np.broadcast_to(row, (len(y), *row.shape))


def of_places(y: np.ndarray, size: tuple[int, int], classes: int) -> np.ndarray:
    """Return the logit of each class's frequency in every cell, (rows, cells, classes)."""
    cells = -(-size[0] // STRIDES[0]) * -(-size[1] // STRIDES[0])
    row = _odds(held(y, classes).sum(axis=0) / (len(y) * cells))
    return np.broadcast_to(row.astype(np.float32), (len(y), cells, classes))


def _odds(share: np.ndarray | float) -> np.ndarray:
    clipped = np.clip(share, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(clipped / (1 - clipped)))
