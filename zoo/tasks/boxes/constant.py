"""Outputs that look at no image: the mean box, or the mean place, of the truth."""

import numpy as np

from zoo.tasks.boxes.grid import places
from zoo.tasks.boxes.truth import held


def of_boxes(y: np.ndarray, size: tuple[int, int], shape: tuple[int, ...]) -> np.ndarray:
    """Return the mean box in every cell, as sure as boxes are frequent.

    Args:
        y: true boxes, (rows, most, 5).
        size: (height, width) of the images.
        shape: of the outputs, (any, cells, 5 + classes).
    """
    _, cells, columns = shape
    there = y[y[..., 0] >= 0]
    sides = np.log(np.maximum(there[:, 3:] - there[:, 1:3], 1)).mean(axis=0)
    row = np.zeros((cells, columns), np.float32)
    row[:, 2:4] = sides - np.log(places(size, cells)[1])[:, None]
    row[:, 4] = _odds(len(there) / (len(y) * cells))
    counts = np.bincount(there[:, 0].astype(int), minlength=columns - 5)
    row[:, 5:] = _odds(counts / len(there))
    return np.broadcast_to(row, shape)


def of_places(y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the logit of each class's frequency in every cell, (any, cells, classes)."""
    _, cells, classes = shape
    row = _odds(held(y, classes).sum(axis=0) / (len(y) * cells))
    return np.broadcast_to(row.astype(np.float32), shape)


def _odds(share: np.ndarray | float) -> np.ndarray:
    clipped = np.clip(share, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(clipped / (1 - clipped)))
