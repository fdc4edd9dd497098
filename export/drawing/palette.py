"""Colors of classes: in palettes of masks, and in pictures of what was found."""

import colorsys

import numpy as np

SECTION = 0.618  # of the circle of hues: the golden section, so that neighbors differ most
SATURATION = 0.85
VALUES = (1.0, 0.72)  # in turns


def colors(count: int) -> np.ndarray:
    """Return a color for each of so many classes, uint8 (count, 3); the first is black."""
    shades = [
        colorsys.hsv_to_rgb(n * SECTION % 1, SATURATION, VALUES[n // 5 % len(VALUES)])
        for n in range(count - 1)
    ]
    return np.rint(np.array([(0, 0, 0), *shades][:count]).reshape(-1, 3) * 255).astype(np.uint8)
