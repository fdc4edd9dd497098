"""Mosaic: four images in one, and their boxes.

After YOLOv4 (Bochkovskiy et al. 2020, arXiv:2004.10934, section 3.3) and YOLOX (Ge et al. 2021,
arXiv:2107.08430, section 2.1): objects come smaller, cut, and in other surroundings.
"""

import numpy as np

from tuning.augmentation.images import sampled
from tuning.augmentation.moving import UNUSED, halves, move_boxes, read_at

FOUR = 4
NEAREST = 0.3  # to an edge that the four may meet, as a share of the side
Batch = tuple[np.ndarray, np.ndarray]


def room_for(y: np.ndarray) -> int:
    """Return how many boxes four different images can have together; y is (rows, most, 5)."""
    counts = np.sort((y[..., 0] >= 0).sum(axis=1))
    return max(1, int(counts[-FOUR:].sum()))


def mosaic(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, share: float, room: int
) -> Batch:
    """Make a share of the images of four each: itself, and three others of the batch.

    They meet anywhere but near an edge. Each is shrunk at most so far that it fills its quarter,
    with its aspect kept, and what is shown of it is anywhere.

    Args:
        rng: source of chance.
        x: (rows, height, width, channels); fewer than four rows stay as they are.
        y: boxes, (rows, most, 5), of class and corners x1, y1, x2, y2 in pixels.
        share: chance of each image, in (0, 1].
        room: boxes that a row of the result holds, from `room_for`.
    """
    y = _with_room(y, max(room, y.shape[1]))
    chosen = np.flatnonzero(rng.random(len(x)) < share)
    if len(x) < FOUR or not len(chosen):
        return x, y[:, :room]
    sides = x.shape[1:3]
    order = rng.permutation(len(x))
    at = np.argsort(order)[chosen]  # its own place, then the next three
    sources = [order[(at + number) % len(x)] for number in range(FOUR)]
    meet = np.rint(rng.uniform(NEAREST, 1 - NEAREST, (len(chosen), 2)) * sides).astype(int)
    row = np.zeros((len(chosen), sides[0] * sides[1]), int)  # that each pixel is read from
    read = np.zeros((len(chosen), 2, sides[0] * sides[1]))
    found = []
    for number, source in enumerate(rng.permutation(sources)):
        window = _window(meet, divmod(number, 2), sides)
        matrices = _placed(rng, window, sides)
        shown = _inside(window, sides)
        np.copyto(read, read_at(matrices, sides), where=shown[:, None])
        np.copyto(row, source[:, None], where=shown)
        found.append(move_boxes(y[source], matrices, sides, window))
    x, y = x.copy(), y.copy()
    y[chosen] = _with_room(np.concatenate(found, axis=1), y.shape[1])
    x[chosen] = sampled(x, read, row)
    return x, y[:, :room]


def _with_room(y: np.ndarray, room: int) -> np.ndarray:
    """Return boxes with those that are there first, in so many lines."""
    order = np.argsort(y[..., 0] < 0, axis=1, kind="stable")[:, :room]
    kept = np.take_along_axis(y, order[..., None], axis=1)
    rest = np.full((len(y), max(0, room - y.shape[1]), y.shape[2]), UNUSED, y.dtype)
    return np.concatenate([kept, rest], axis=1)


def _window(meet: np.ndarray, quarter: tuple[int, int], sides: tuple[int, ...]) -> np.ndarray:
    """Return the first and the last corner of a quarter, (images, 2, 2), in pixels."""
    low = np.where(np.array(quarter), meet, 0)
    high = np.where(np.array(quarter), np.array(sides), meet)
    return np.stack([low, high], axis=1)


def _placed(rng: np.random.Generator, window: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """Return motions that show part of an image in a window, one for each image."""
    low, high = np.moveaxis((window - 0.5) / halves(sides) - 1, 1, 0)  # places
    scale = rng.uniform(((high - low) / 2).max(axis=1), 1)[:, None]
    start = -1 + rng.uniform(0, 1, low.shape) * np.maximum(2 - (high - low) / scale, 0)
    matrices = np.eye(2, 3) / scale[..., None]
    matrices[:, :, 2] = start - low / scale
    return np.asarray(matrices)


def _inside(window: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """Return which pixels lie in a window, (images, height * width)."""
    pixels = np.indices(sides).reshape(2, -1).T
    inside = (pixels >= window[:, :1]) & (pixels < window[:, 1:])
    return np.asarray(inside.all(axis=-1))
