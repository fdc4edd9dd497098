"""Digits in color: scikit-learn's, in random colors over random textures, for networks that have
seen photographs. Nothing is downloaded."""

import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

import zoo
from zoo.tasks import Classification

CONTRAST = 120.0  # least distance of the colors of digit and background, in 0..255 per channel


def color_digits(
    size: int = 64, train: int = 20, validation: int = 5, test: int = 40, seed: int = 0
) -> zoo.Data:
    """Return ten classes of pictures (size, size, 3), 0..255; the counts are of each class."""
    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    counts, parts, first = (train, validation, test), [], 0
    for count in counts:
        chosen = np.concatenate(
            [order[labels[order] == label][first : first + count] for label in range(10)]
        )
        first += count
        pictures = [colored(images[i].reshape(8, 8) / 16, size, rng) for i in chosen]
        parts += [np.array(pictures, np.float32).reshape(-1, size, size, 3), labels[chosen]]
    names = tuple(str(label) for label in range(10))
    content = f"color digits {size} {counts} {seed}"
    return zoo.Data("color_digits", content, seed, Classification(names), content, *parts)


def colored(digit: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a digit (8, 8), 0..1, somewhere in a picture (size, size, 3) of whole pixels."""
    side = int(size * rng.uniform(0.6, 0.9))
    mask = np.zeros((size, size, 1))
    top, left = rng.integers(0, size - side + 1, 2)
    drawn = zoom(digit, side / 8, order=1)
    mask[top : top + side, left : left + side, 0] = np.clip(drawn[:side, :side], 0, 1)
    while True:
        ink, paper = rng.uniform(0, 255, (2, 3))
        if np.abs(ink - paper).max() > CONTRAST:
            break
    coarse = rng.normal(0, 30, (4, 4, 3))
    texture = zoom(coarse, (size / 4, size / 4, 1), order=1)
    ground = paper + texture + rng.normal(0, 10, (size, size, 3))
    return np.asarray(np.rint(np.clip(ground * (1 - mask) + ink * mask, 0, 255)))
