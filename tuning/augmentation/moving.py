"""Motions of images, and the truth that moves along: masks pixel by pixel, boxes by their corners.

A motion says where each pixel of a new image is read in the old one: `matrix @ (place, 1)`, one
matrix for each image, (images, 2, 3). Places (y, x) run from -1, the middle of the first pixel of a
side, to 1, that of the last.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zoo.tasks.masks.form import IGNORED

Follow = Callable[[np.ndarray], None]  # told of each motion of a batch
LEFT = 0.3  # share of a box that must still be in the image
UNUSED = -1.0  # in all places of a line without a box


def still(matrices: np.ndarray) -> None:
    """Do nothing: the truth about an image as a whole does not move."""


def unmoved(images: int) -> np.ndarray:
    """Return the matrices of images that stay where they are, to be changed."""
    return np.tile(np.eye(2, 3), (images, 1, 1))


def halves(sides: tuple[int, ...]) -> np.ndarray:
    """Return half of the height and of the width in pixels, between the middles of the outer."""
    return np.asarray(np.maximum(np.array(sides) - 1, 1) / 2)


def read_at(matrices: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """Return where each pixel is read, (images, 2, height * width), in pixels."""
    height, width = sides
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    places = np.stack([y, x, np.ones_like(y)]).reshape(3, -1)
    return np.asarray((matrices @ places + 1) * halves(sides)[:, None])


def move_masks(y: np.ndarray, matrices: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """Return moved masks, (images, height, width): the nearest pixel's class, ignored outside."""
    height, width = sides
    read = np.rint(read_at(matrices, sides)).astype(int)
    row, column = np.clip(read[:, 0], 0, height - 1), np.clip(read[:, 1], 0, width - 1)
    inside = (row == read[:, 0]) & (column == read[:, 1])
    found = y[np.arange(len(y))[:, None], row, column]
    return np.where(inside, found, np.asarray(IGNORED, y.dtype)).reshape(y.shape)


def move_boxes(
    y: np.ndarray,
    matrices: np.ndarray,
    sides: tuple[int, ...],
    window: np.ndarray | None = None,
) -> np.ndarray:
    """Return moved boxes, (images, most, 5) of class and corners x1, y1, x2, y2 in pixels.

    A box becomes the smallest that holds its moved corners, cut to the image. One of which less
    than 0.3 is left, or less than a pixel each way, is no longer there.

    Args:
        y: boxes; -1 throughout a line without one.
        matrices: motions of the images.
        sides: height and width of an image.
        window: the part that is shown of each, (images, 2, 2): first and last corner (y, x) in
            pixels; None: all of it.
    """
    half = halves(sides)
    linear, offset = np.linalg.inv(matrices[:, :, :2]), matrices[:, :, 2]
    corners = y[..., [2, 1, 2, 3, 4, 1, 4, 3]].reshape(*y.shape[:2], 4, 2)  # (y, x) of each
    places = (corners - 0.5) / half - 1  # a pixel's middle is at 0.5
    moved = np.einsum("nij,nkcj->nkci", linear, places - offset[:, None, None])
    moved = (moved + 1) * half + 0.5
    low, high = moved.min(axis=2), moved.max(axis=2)
    first, last = np.zeros(2), np.array(sides)
    if window is not None:
        first, last = (corner[:, None] for corner in np.moveaxis(window, 1, 0))
    ends = [np.clip(end, first, last) for end in (low, high)]
    size = ends[1] - ends[0]
    kept = (size.min(axis=-1) >= 1) & (size.prod(axis=-1) >= LEFT * (high - low).prod(axis=-1))
    kept &= y[..., 0] >= 0
    found = np.concatenate([y[..., :1], ends[0][..., ::-1], ends[1][..., ::-1]], axis=-1)
    return np.where(kept[..., None], found, UNUSED).astype(y.dtype)


MOVERS = {"mask": move_masks, "boxes": move_boxes}  # `Task.moves` -> mover


@dataclass(eq=False)
class Moving:
    """The truth of a batch, which follows the motions of its images.

    Attributes:
        y: aims of the batch.
        moves: `Task.moves`.
        sides: height and width of the images.
    """

    y: np.ndarray
    moves: str
    sides: tuple[int, ...]

    def follow(self, matrices: np.ndarray) -> None:
        if self.moves:
            self.y = MOVERS[self.moves](self.y, matrices, self.sides)
