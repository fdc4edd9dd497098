"""Synthetic scenes: scikit-learn's 8x8 digits pasted at several sizes on textured ground.

Scenes of a part hold digits that no scene of another part holds.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from zoo.data.arrays import Arrays

SIDE = 64  # of a scene, in pixels
MOST = 4  # digits in a scene, 1 at least
SIZES = (14, 28)  # of the square that a digit fills, in pixels
SCENES = {"train": 800, "val": 200, "test": 250}
SHARES = (0.64, 0.8)  # of the digits: where those of validation, and of the test part begin
TRIES = 20  # to find a free place
GROUND = "background"


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture with what is in it.

    Attributes:
        pixels: uint8 (SIDE, SIDE).
        mask: uint8 (SIDE, SIDE), 0 for the ground, 1 + digit for ink.
        boxes: float32 (MOST, 5): digit, x1, y1, x2, y2 of the ink in pixels; else -1.
    """

    pixels: np.ndarray
    mask: np.ndarray
    boxes: np.ndarray


def scenes(seed: int, masks: bool) -> Arrays:
    """Return scenes in three parts.

    Args:
        seed: draws which digits are of which part, and the scenes.
        masks: y is the masks, uint8 (scenes, SIDE, SIDE), of 11 classes; else boxes, float32
            (scenes, MOST, 5), of 10.

    Returns:
        `x_*`: float32 (scenes, SIDE, SIDE, 1), 0 to 255; `y_*`; `class_names`.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    random = np.random.default_rng(seed)
    order = random.permutation(len(digits.target))
    pools = np.split(order, [int(share * len(order)) for share in SHARES])
    arrays: Arrays = {}
    for (part, count), pool in zip(SCENES.items(), pools, strict=True):
        drawn = [_scene(random, digits.images, digits.target, pool) for _ in range(count)]
        x = np.stack([scene.pixels for scene in drawn])[..., None]
        arrays[f"x_{part}"] = x.astype(np.float32)
        arrays[f"y_{part}"] = np.stack([scene.mask if masks else scene.boxes for scene in drawn])
    names = [str(name) for name in digits.target_names]
    return arrays | {"class_names": np.array([GROUND, *names] if masks else names)}


def _scene(
    random: np.random.Generator, images: np.ndarray, target: np.ndarray, pool: np.ndarray
) -> Scene:
    pixels = _ground(random)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    boxes = np.full((MOST, 5), -1, np.float32)
    taken = np.zeros((SIDE, SIDE), bool)
    count = 0
    for one in random.choice(pool, random.integers(1, MOST + 1), replace=False):
        alpha = _enlarged(images[one], int(random.integers(SIZES[0], SIZES[1] + 1)))
        place = _free(random, taken, len(alpha))
        if place is None:
            continue
        pixels[place] += alpha * (random.uniform(170, 250) - pixels[place])
        ink = alpha > 0.5
        mask[place][ink] = 1 + target[one]
        rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
        top, left = place[0].start, place[1].start
        corners = (columns[0] + left, rows[0] + top, columns[-1] + 1 + left, rows[-1] + 1 + top)
        boxes[count] = (target[one], *corners)
        taken[place] = True
        count += 1
    noisy = pixels + random.normal(0, 6, pixels.shape)
    return Scene(noisy.clip(0, 255).astype(np.uint8), mask, boxes)


def _enlarged(digit: np.ndarray, size: int) -> np.ndarray:
    """Return how much ink covers each pixel, (size, size), 0 to 1, with crisp edges."""
    image = Image.fromarray(digit.astype(np.float32) / 16)
    smooth = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))
    return ((smooth - 0.3) / 0.3).clip(0, 1)


def _ground(random: np.random.Generator) -> np.ndarray:
    """Return a texture, (SIDE, SIDE): blobs of several sizes, and a slope."""
    ground = np.full((SIDE, SIDE), random.uniform(30, 90))
    for cells, strength in ((3, 25), (8, 15), (24, 8)):
        blobs = Image.fromarray(random.normal(0, strength, (cells, cells)).astype(np.float32))
        ground += np.asarray(blobs.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return ground


def _free(random: np.random.Generator, taken: np.ndarray, size: int) -> tuple[slice, slice] | None:
    """Return a square that nothing has taken; None if none was found."""
    for _ in range(TRIES):
        top, left = (int(start) for start in random.integers(0, SIDE - size + 1, 2))
        place = slice(top, top + size), slice(left, left + size)
        if not taken[place].any():
            return place
    return None
