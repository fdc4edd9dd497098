"""Augmentation that cuts part of a row out or blends two rows; NumPy, whole batches.

Every function is given a batch of rows (rows, ...) and a generator, and returns a new batch.
"""

import numpy as np

from tuning.augmentation.moving import Follow, halves, still, unmoved

Generator = np.random.Generator
Batch = tuple[np.ndarray, np.ndarray]


def sides(x: np.ndarray) -> range:
    """Return the axes between the rows and the features: one of a sequence, two of an image."""
    return range(1, x.ndim - 1)


def along(values: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    """Give values for each row and each place of an axis, (rows, places), the shape of a batch."""
    shape = [1] * ndim
    shape[0], shape[axis] = values.shape[0], values.shape[1]
    return values.reshape(shape)


def shift(rng: Generator, x: np.ndarray, share: float, follow: Follow = still) -> np.ndarray:
    """Move each row along its sides by a whole number of places, at most `share` of the side.

    Args:
        follow: told of the motions of images.
    """
    read = [np.arange(len(x)).reshape(-1, *[1] * (x.ndim - 2))]
    moves = []
    for axis in sides(x):
        size = x.shape[axis]
        most = round(share * size)
        offsets = rng.integers(-most, most + 1, (len(x), 1))
        places = np.clip(np.arange(size) + offsets, 0, size - 1)  # edges repeated
        read.append(along(places, axis, x.ndim - 1))
        moves.append(offsets[:, 0])
    if len(moves) == 2:  # an image
        matrices = unmoved(len(x))
        matrices[:, :, 2] = np.stack(moves, axis=1) / halves(x.shape[1:3])
        follow(matrices)
    return x[tuple(read)]


def cutout(rng: Generator, x: np.ndarray, share: float, blank: np.ndarray) -> np.ndarray:
    """Blank a box of `share` of each side, its centre anywhere (DeVries & Taylor, section 3.2).

    Args:
        rng: source of chance.
        x: a batch.
        share: of the side, in (0, 1).
        blank: one value per feature.
    """
    boxes, _ = _boxes(rng, x, np.full(len(x), share))
    return np.where(boxes, blank, x)


def specaugment(rng: Generator, x: np.ndarray, share: float, blank: np.ndarray) -> np.ndarray:
    """Blank a stripe along axis 1 and one along axis 2 (Park et al., section 2, without the warp).

    Each is between 0 and `share` of its axis wide, and whole within it.
    """
    for axis in (1, 2):
        size = x.shape[axis]
        width = rng.uniform(0, share * size, (len(x), 1)).round()
        start = (rng.uniform(0, 1, (len(x), 1)) * (size - width + 1)).astype(int)
        places = np.arange(size)
        inside = (places >= start) & (places < start + width)
        x = np.where(along(inside, axis, x.ndim), blank, x)
    return x


def mixup(rng: Generator, x: np.ndarray, y: np.ndarray, alpha: float) -> Batch:
    """Blend each row and its target with another's, by a share from Beta(alpha, alpha)."""
    share, other = rng.beta(alpha, alpha, len(x)), rng.permutation(len(x))
    return _blend(x, x[other], share), _blend(y, y[other], share)


def cutmix(rng: Generator, x: np.ndarray, y: np.ndarray, alpha: float) -> Batch:
    """Put a box of another row into each, and blend the targets by its area (Yun et al., eq. 1).

    The box would cover a share from Beta(alpha, alpha); what of it lies outside does not count.
    """
    share, other = rng.beta(alpha, alpha, len(x)), rng.permutation(len(x))
    boxes, area = _boxes(rng, x, (1 - share) ** (1 / len(sides(x))))
    return np.where(boxes, x[other], x), _blend(y, y[other], 1 - area)


def _blend(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.astype(np.float32).reshape(-1, *[1] * (one.ndim - 1))
    return np.asarray(share * one + (1 - share) * other, np.float32)


def _boxes(rng: Generator, x: np.ndarray, share: np.ndarray) -> Batch:
    """Return where a box of `share` of each side is, per row, and the share that it covers."""
    boxes = np.ones((len(x), *[1] * (x.ndim - 1)), bool)
    area = np.ones(len(x))
    for axis in sides(x):
        size = x.shape[axis]
        width = (share * size).round().astype(int)[:, None]
        start = rng.integers(0, size, (len(x), 1)) - width // 2
        places = np.arange(size)
        inside = (places >= start) & (places < start + width)
        boxes = boxes & along(inside, axis, x.ndim)
        area *= inside.mean(axis=1)
    return boxes, area
