"""Figures of masks, each as a function of the weights of the images.

Pixels of all images count together: a figure is that of the sums of what each image's pixels are.
Everywhere y holds class numbers, (images, height, width), `chosen` those that were answered, and a
negative class is a pixel that does not count.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from zoo.metrics.weighted import Measure, Weighted

BLOCK = 2**22  # pixels that are counted together
TOLERANCE = 0.0075  # of the diagonal: Csurka et al. 2013 (BMVC), section 3.2; at least a pixel


@dataclass(frozen=True, eq=False)
class Counts:
    """Things of each image by class, (images, classes): found and there, there, found.

    Pixels, where a figure is of areas; pixels of outlines, where it is of boundaries, and those
    found that are near a true one count in `hits`, the true ones near a found one in `near`.
    """

    hits: np.ndarray
    true: np.ndarray
    said: np.ndarray
    near: np.ndarray


def pixels(y: np.ndarray, chosen: np.ndarray, classes: int) -> Counts:
    """Return the pixels of each image by class."""
    return _by_blocks(_pixels, y, chosen, classes)


def _blocks(y: np.ndarray) -> Iterator[slice]:
    each = max(1, BLOCK // max(1, int(np.prod(y.shape[1:]))))
    for start in range(0, max(1, len(y)), each):
        yield slice(start, start + each)


def _by_blocks(
    count: Callable[[np.ndarray, np.ndarray, int], Counts],
    y: np.ndarray,
    chosen: np.ndarray,
    classes: int,
) -> Counts:
    """Return counts of some images after the others: they take much more memory than masks."""
    parts = [count(y[some], chosen[some], classes) for some in _blocks(y)]
    fields = [(part.hits, part.true, part.said, part.near) for part in parts]
    return Counts(*(np.concatenate(kinds) for kinds in zip(*fields, strict=True)))


def _pixels(y: np.ndarray, chosen: np.ndarray, classes: int) -> Counts:
    known = y >= 0
    hits = by_class(y, known & (y == chosen), classes)
    return Counts(hits, by_class(y, known, classes), by_class(chosen, known, classes), hits)


def by_class(mask: np.ndarray, counted: np.ndarray, classes: int) -> np.ndarray:
    """Return how many of the counted pixels of each image have each class, (images, classes)."""
    images = len(mask)
    numbers = mask.astype(np.int64) + classes * np.arange(images).reshape(-1, 1, 1)
    found = np.bincount(numbers[counted], minlength=images * classes)
    return found.reshape(images, classes)


def confusion(y: np.ndarray, chosen: np.ndarray, classes: int) -> np.ndarray:
    """Return how many pixels of each class (first axis) were taken for each class: integers."""
    found = np.zeros(classes**2, np.int64)
    for some in _blocks(y):
        known = y[some] >= 0
        pairs = y[some][known].astype(np.int64) * classes + chosen[some][known]
        found += np.bincount(pairs, minlength=classes**2)
    return found.reshape(classes, classes)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, NaN where there is no whole."""
    return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan))


def averaged(values: np.ndarray) -> np.ndarray:
    """Return the mean over classes, the last axis, of those that are there; 0 where none is."""
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0).sum(-1) / np.maximum(known.sum(-1), 1))


def ious(counts: Counts, weights: np.ndarray) -> np.ndarray:
    """Return intersection over union of each class, (..., classes); NaN where there is none.

    Args:
        counts: of pixels.
        weights: of the images, (..., images).
    """
    hits, true, said = _summed(counts, weights)[:3]
    return ratio(hits, true + said - hits)


def mean_ious(counts: Counts) -> np.ndarray:
    """Return the mean IoU of each image by itself, (images,)."""
    return averaged(ratio(counts.hits, counts.true + counts.said - counts.hits))


def dices(counts: Counts, weights: np.ndarray) -> np.ndarray:
    """Return the Dice coefficient (F1 of pixels) of each class, as `ious` does."""
    hits, true, said = _summed(counts, weights)[:3]
    return ratio(2 * hits, true + said)


def boundary_f1s(counts: Counts, weights: np.ndarray) -> np.ndarray:
    """Return the F1 of the outlines of each class, as `ious` does."""
    hits, true, said, near = _summed(counts, weights)
    precision, recall = np.nan_to_num(ratio(hits, said)), np.nan_to_num(ratio(near, true))
    both = np.nan_to_num(ratio(2 * precision * recall, precision + recall))
    return np.asarray(np.where(true + said > 0, both, np.nan))


def mean_iou(counts: Counts) -> Measure:
    """Return the mean of IoU over the classes that are there or answered."""
    return Measure(lambda weights: averaged(ious(counts, weights)))


def mean_dice(counts: Counts) -> Measure:
    """Return the mean of the Dice coefficient over the classes that are there or answered."""
    return Measure(lambda weights: averaged(dices(counts, weights)))


def boundary_f1(counts: Counts) -> Measure:
    """Return the mean F1 of outlines over the classes that have one, or were answered with one."""
    return Measure(lambda weights: averaged(boundary_f1s(counts, weights)))


def pixel_accuracy(counts: Counts) -> Measure:
    """Return the share of the pixels that is answered right."""
    return Measure(share(counts.hits.sum(axis=1), counts.true.sum(axis=1)))


def share(part: np.ndarray, whole: np.ndarray) -> Weighted:
    """Return the share that parts of the images make of all, (images,); 0 of nothing."""
    return lambda weights: np.nan_to_num(
        ratio(_double(weights) @ part.astype(np.float64), _double(weights) @ whole.astype(float))
    )


def outlines(y: np.ndarray, chosen: np.ndarray, classes: int) -> Counts:
    """Return the pixels of the outlines of each image by class (Csurka et al. 2013, section 3.2).

    One is near another within a square of 0.75 % of the image's diagonal around it.
    """
    return _by_blocks(_outlines, y, chosen, classes)


def _outlines(y: np.ndarray, chosen: np.ndarray, classes: int) -> Counts:
    reach = max(1, round(TOLERANCE * float(np.hypot(*y.shape[1:]))))
    found = [_outlined(mask) for mask in (y, np.where(y < 0, y, chosen))]
    counts = np.zeros((4, len(y), classes), np.int64)
    for label in range(classes):
        true, said = (edges & (mask == label) for mask, edges in found)
        kinds = (said & _near(true, reach), true, said, true & _near(said, reach))
        counts[:, :, label] = [kind.sum(axis=(1, 2)) for kind in kinds]
    return Counts(*counts)


def _outlined(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a mask, and where a pixel has a neighbor of another class that counts."""
    edges = np.zeros(mask.shape, bool)
    for axis in (1, 2):
        first, last = (np.moveaxis(mask, axis, 0)[part] for part in (slice(-1), slice(1, None)))
        differ = (first != last) & (first >= 0) & (last >= 0)
        moved = np.moveaxis(edges, axis, 0)
        moved[:-1] |= differ
        moved[1:] |= differ
    return mask, edges


def _near(edges: np.ndarray, reach: int) -> np.ndarray:
    from scipy.ndimage import maximum_filter  # a second to import

    side = 2 * reach + 1
    return np.asarray(maximum_filter(edges, (1, side, side), mode="constant"))


def _double(weights: np.ndarray) -> np.ndarray:
    return weights.astype(np.float64)


def _summed(counts: Counts, weights: np.ndarray) -> list[np.ndarray]:
    """Return the sums over images of hits, true, said and near."""
    kinds = (counts.hits, counts.true, counts.said, counts.near)
    return [_double(weights) @ kind.astype(np.float64) for kind in kinds]
