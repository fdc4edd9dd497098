"""Colors of classes: in palettes of masks, and in pictures of what was found."""

import numpy as np


def colors(count: int) -> np.ndarray:
    """Return a color for each of so many classes, uint8 (count, 3); the first is black.

    They are those of PASCAL VOC (Everingham et al. 2010): the bits of the class's number are dealt
    out to red, green and blue, from the highest bit of each down.
    """
    numbers = np.arange(count)
    found = np.zeros((count, 3), int)
    for level in range(8):
        for channel in range(3):
            found[:, channel] |= (numbers >> (3 * level + channel) & 1) << (7 - level)
    return found.astype(np.uint8)
