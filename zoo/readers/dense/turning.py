"""Boxes that are turned with their picture by its EXIF orientation."""

import numpy as np


def turned(boxes: np.ndarray, orientation: int, size: tuple[int, int]) -> np.ndarray:
    """Return boxes as they lie in the upright picture, float64 (boxes, 4).

    Args:
        boxes: x1, y1, x2, y2 in the picture as stored.
        orientation: of EXIF, 1 to 8.
        size: (height, width) as stored.
    """
    height, width = size
    x1, y1, x2, y2 = boxes.T
    across = width - x2, width - x1
    down = height - y2, height - y1
    corners = {
        1: (x1, y1, x2, y2),
        2: (across[0], y1, across[1], y2),
        3: (across[0], down[0], across[1], down[1]),
        4: (x1, down[0], x2, down[1]),
        5: (y1, x1, y2, x2),
        6: (down[0], x1, down[1], x2),
        7: (down[0], across[0], down[1], across[1]),
        8: (y1, across[0], y2, across[1]),
    }
    return np.stack(corners[orientation], axis=1)
