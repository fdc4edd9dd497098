"""The cells of a detector: their strides and places, from the shape of the image alone.

Cells are listed from the finest map to the coarsest, each map row by row (y, then x).
"""

from functools import cache

import numpy as np

from zoo.checks import UserError

FINEST = (8, 16, 4, 32, 2, 64, 1)  # strides of the first map, the usual ones first
MAPS = 4  # at most
USUAL = (8, 16)  # strides of most detectors


@cache
def strides_of(shape: tuple[int, ...], cells: int) -> tuple[int, ...]:
    """Return the strides of the maps, consecutive powers of two.

    Args:
        shape: (height, width, ...) of the image, in pixels.
        cells: of all maps; a map of stride s has as many as squares of s pixels touch the image.

    Raises:
        UserError: no maps have so many cells.

    Examples:
        >>> strides_of((96, 96, 3), 180)
        (8, 16)
    """
    for finest in FINEST:
        strides: tuple[int, ...] = ()
        for number in range(MAPS):
            strides = (*strides, finest << number)
            if cells_of(shape, strides) == cells:
                return strides
    raise UserError(
        f"{cells} cells are those of no maps of an image of {shape[0]}x{shape[1]} pixels. Expected "
        "maps of strides that double, such as 8 and 16."
    )


def places(shape: tuple[int, ...], cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the cells' centres are, (cells, 2) as x and y in pixels, and strides (cells,).

    Both are float32.
    """
    centres, steps = [], []
    for stride in strides_of(tuple(shape[:2]), cells):
        rows, columns = (-(-size // stride) for size in shape[:2])
        y, x = np.mgrid[:rows, :columns]
        centres.append((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride)
        steps.append(np.full(rows * columns, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(steps).astype(np.float32)


def cells_of(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return how many cells the maps of an image have."""
    return sum(-(-shape[0] // stride) * -(-shape[1] // stride) for stride in strides)
