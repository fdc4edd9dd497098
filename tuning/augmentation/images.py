"""Augmentation of images: flips, zooms, and RandAugment for any number of channels; whole batches.

What moves pixels tells `follow` how, so that masks and boxes move along.

Keras' own RandAugment takes one operation for a whole batch, computes all eleven for it each time,
and differs between backends; here each image has its own two, in NumPy.
"""

from collections.abc import Callable

import numpy as np

from tuning.augmentation.moving import Follow, read_at, still, unmoved

Generator = np.random.Generator

# Largest magnitudes, of AutoAugment (Cubuk et al. 2019, arXiv:1805.09501, table 6).
SHEAR, SHARE, DEGREES, ENHANCE, BITS = 0.3, 0.45, 30.0, 0.9, 4
OPERATIONS = 2  # an image; N of the paper


def flip(rng: Generator, x: np.ndarray, follow: Follow = still) -> np.ndarray:
    """Mirror every second image, by chance, left to right."""
    chosen = rng.random((len(x), 1, 1, 1)) < 0.5
    matrices = unmoved(len(x))
    matrices[chosen.ravel(), 1, 1] = -1
    follow(matrices)
    return np.where(chosen, x[:, :, ::-1], x)


def zoom(rng: Generator, x: np.ndarray, share: float, follow: Follow = still) -> np.ndarray:
    """Enlarge or shrink each image by up to `share`, then crop it or repeat its edges.

    The part that is shown, or the place of the shrunk image, is anywhere.
    """
    scale = (1 + share) ** rng.uniform(-1, 1, len(x))
    matrices = unmoved(len(x)) / scale[:, None, None]
    matrices[:, :, 2] = np.abs(1 - 1 / scale)[:, None] * rng.uniform(-1, 1, (len(x), 2))
    follow(matrices)
    return affine(x, matrices).astype(np.float32)


def randaugment(
    rng: Generator,
    x: np.ndarray,
    magnitude: float,
    low: float,
    high: float,
    follow: Follow = still,
) -> np.ndarray:
    """Apply two operations to each image, of equal chance, all at `magnitude` of their largest.

    They are identity, shear and translation along both axes, rotation, brightness, contrast,
    auto-contrast, solarize and posterize: the paper's without those for colors, equalize and
    sharpness.

    Args:
        rng: source of chance.
        x: (rows, height, width, channels).
        magnitude: in (0, 1).
        low: smallest value of a pixel.
        high: largest value of a pixel.
        follow: told of the motions.
    """
    unit = (x - low) / max(high - low, 1e-12)
    for _ in range(OPERATIONS):
        chosen = rng.integers(0, 1 + len(GEOMETRY) + len(TONES), len(x))
        sign = rng.choice([-1.0, 1.0], len(x))
        moved = np.flatnonzero((chosen > 0) & (chosen <= len(GEOMETRY)))
        matrices = unmoved(len(x))
        for row in moved:
            matrices[row] = GEOMETRY[chosen[row] - 1](magnitude * sign[row])
        if len(moved):
            unit[moved] = affine(unit[moved], matrices[moved])
        follow(matrices)
        for number, tone in enumerate(TONES, 1 + len(GEOMETRY)):
            rows = np.flatnonzero(chosen == number)
            change = (magnitude * sign[rows]).reshape(-1, 1, 1, 1)
            unit[rows] = np.clip(tone(unit[rows], change), 0, 1)
    return np.asarray(low + unit * (high - low), np.float32)


def affine(x: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Read each image at `matrix @ (place, 1)`, bilinear, edges repeated.

    Args:
        x: (rows, height, width, channels).
        matrices: (rows, 2, 3), of places (y, x) from the centre, in half sides.
    """
    return sampled(x, read_at(matrices, x.shape[1:3]), np.arange(len(x))[:, None])


def sampled(x: np.ndarray, read: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Read each pixel of new images somewhere in the old ones, bilinear, edges repeated.

    Args:
        x: (rows, height, width, channels).
        read: place (y, x) of each pixel, in pixels, (images, 2, height * width).
        row: the row that it is read from, (images, height * width) or (images, 1).
    """
    _, height, width, channels = x.shape
    read = np.clip(read, 0, np.array([[height - 1], [width - 1]]))
    first = np.minimum(read.astype(int), np.array([[max(0, height - 2)], [max(0, width - 2)]]))
    part = (read - first)[..., None]
    mixed = np.zeros((len(read), height * width, channels))
    for down in (0, 1):
        for right in (0, 1):
            share = np.abs(1 - down - part[:, 0]) * np.abs(1 - right - part[:, 1])
            at = (
                np.minimum(first[:, 0] + down, height - 1),
                np.minimum(first[:, 1] + right, width - 1),
            )
            mixed += share * x[row, at[0], at[1]]
    return mixed.reshape(-1, height, width, channels)


def _rotation(magnitude: float) -> np.ndarray:
    angle = np.deg2rad(DEGREES * magnitude)
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])


GEOMETRY: tuple[Callable[[float], np.ndarray], ...] = (
    _rotation,
    lambda m: np.array([[1, SHEAR * m, 0], [0, 1, 0]]),
    lambda m: np.array([[1, 0, 0], [SHEAR * m, 1, 0]]),
    lambda m: np.array([[1, 0, 2 * SHARE * m], [0, 1, 0]]),
    lambda m: np.array([[1, 0, 0], [0, 1, 2 * SHARE * m]]),
)


def _contrast(x: np.ndarray, change: np.ndarray) -> np.ndarray:
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    return np.asarray(mean + (x - mean) * (1 + ENHANCE * change))


def _autocontrast(x: np.ndarray, change: np.ndarray) -> np.ndarray:
    low, high = x.min(axis=(1, 2), keepdims=True), x.max(axis=(1, 2), keepdims=True)
    return np.asarray(np.where(high > low, (x - low) / np.maximum(high - low, 1e-12), x))


def _posterize(x: np.ndarray, change: np.ndarray) -> np.ndarray:
    step = 2.0 ** np.round(BITS * np.abs(change))  # of 256 levels
    return np.asarray(np.floor(x * 255 / step + 1e-6) * step / 255)


TONES: tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], ...] = (
    lambda x, change: x * (1 + ENHANCE * change),
    _contrast,
    _autocontrast,
    lambda x, change: np.where(x >= 1 - np.abs(change), 1 - x, x),  # solarize
    _posterize,
)
