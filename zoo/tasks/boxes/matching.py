"""Boxes that were found, matched once to those that are there, as COCO does.

Lin et al. 2014 (arXiv:1405.0312), in the form of pycocotools' COCOeval: within an image and a class
the surest box first takes the free one that it overlaps most; what is outside a range of areas
neither counts nor harms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.tasks.boxes.decoding import Found, area, iou

IOUS = tuple(float(one) for one in np.linspace(0.5, 0.95, 10))
ALL = (0.0, 1e10)  # square pixels
AREAS = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
NEAR = 8.0  # pixels by which a centre may miss that of a box of less than twice that size

Likeness = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Matched:
    """All boxes that were found in some images, the surest first, and what became of them.

    Attributes:
        rows: image of each, (boxes,).
        classes: class of each, (boxes,).
        scores: of each, (boxes,), descending.
        right: which took a true box, (areas, thresholds, boxes).
        ignored: which do not count, (areas, thresholds, boxes).
        taken: which true boxes were found, (areas, thresholds, rows, most).
        truths: true boxes that count, (areas, rows, classes).
    """

    rows: np.ndarray
    classes: np.ndarray
    scores: np.ndarray
    right: np.ndarray
    ignored: np.ndarray
    taken: np.ndarray
    truths: np.ndarray


def closeness(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return how near points (..., 4) are to the centers of boxes (..., 4): 1 there, -1 too far.

    A point must lie in the box, which counts as at least `NEAR` pixels to each side of its center;
    of several boxes the nearest center is the likest.
    """
    half = np.maximum((truth[..., 2:] - truth[..., :2]) / 2, NEAR)
    away = np.abs((found[..., :2] + found[..., 2:] - truth[..., :2] - truth[..., 2:]) / 2)
    within = (away <= half).all(axis=-1)
    return np.where(within, 1 / (1 + away.max(axis=-1)), -1.0)


def match(
    found: Found,
    y: np.ndarray,
    classes: int,
    thresholds: Sequence[float] = IOUS,
    areas: Sequence[tuple[float, float]] = (ALL,),
    likeness: Likeness = iou,
) -> Matched:
    """Match boxes with the truth.

    Args:
        found: in the images of y.
        y: `class, x1, y1, x2, y2` in pixels or -1, (rows, most, 5).
        classes: how many there are.
        thresholds: of the likeness, which a match must reach.
        areas: ranges of square pixels that are looked at, both ends included.
        likeness: of boxes that were found and true ones; the overlap over the union.
    """
    groups = _Groups.of(found, y, classes)
    limits = np.minimum(thresholds, 1 - 1e-10)[:, None, None]
    ranges = np.array(areas, np.float64)
    out = _outside(area(groups.truth), ranges)  # (areas, groups, most)
    far = _outside(area(groups.boxes), ranges)  # (areas, groups, boxes of a group)
    shape = (len(ranges), len(limits))
    taken = np.zeros((*shape, *groups.there.shape), bool)
    right, ignored = (np.zeros((*shape, *groups.mine.shape), bool) for _ in range(2))
    for place in range(groups.mine.shape[1]):
        some = slice(int(groups.mine[:, place].sum()))  # the fullest groups come first
        like = likeness(groups.boxes[some, place, None], groups.truth[some])
        free = ~taken[:, :, some] & groups.there[some] & (like >= limits)
        counted = free & ~out[:, None, some]
        free = np.where(counted.any(axis=-1, keepdims=True), counted, free)
        hit = free.any(axis=-1)
        best = _last_best(np.where(free, like, -1.0))[..., None]
        one = np.take_along_axis(taken[:, :, some], best, -1) | hit[..., None]
        np.put_along_axis(taken[:, :, some], best, one, -1)
        beside = np.take_along_axis(out[:, None, some] & free, best, -1)[..., 0]
        right[:, :, some, place] = hit
        ignored[:, :, some, place] = np.where(hit, beside, far[:, None, some, place])
    return groups.gathered(right, ignored, taken, ~out & groups.there, y, classes)


def _last_best(values: np.ndarray) -> np.ndarray:
    """Return the place of the largest along the last axis, of equals the last."""
    return np.asarray(values.shape[-1] - 1 - values[..., ::-1].argmax(axis=-1))


def _outside(areas: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    low, high = ranges[:, 0, None, None], ranges[:, 1, None, None]
    return np.asarray((areas < low) | (areas > high))


@dataclass(frozen=True, eq=False)
class _Groups:
    """The boxes of each image and class, padded, those with most boxes found first."""

    boxes: np.ndarray  # found, float64 (groups, most of a group, 4)
    mine: np.ndarray  # which of them are boxes
    truth: np.ndarray  # float64 (groups, most of a group, 4)
    there: np.ndarray
    found_at: tuple[np.ndarray, np.ndarray]  # group and place of each box found
    truth_at: tuple[np.ndarray, np.ndarray]
    source: tuple[np.ndarray, np.ndarray, np.ndarray]  # image, class, score of each box found
    origin: tuple[np.ndarray, np.ndarray]  # image and line of each true box

    @classmethod
    def of(cls, found: Found, y: np.ndarray, classes: int) -> "_Groups":
        rows, lines = np.nonzero(found.there)
        kinds, scores = found.classes[rows, lines], found.scores[rows, lines]
        images, places = np.nonzero(y[..., 0] >= 0)
        of_y = images, places
        keys = rows * classes + kinds
        true_keys = of_y[0] * classes + y[of_y][:, 0].astype(np.int64)
        known, counts = np.unique(np.concatenate([keys, true_keys]), return_counts=True)
        counts = np.bincount(np.searchsorted(known, keys), minlength=len(known))
        rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
        found_at = _placed(rank[np.searchsorted(known, keys)])
        truth_at = _placed(rank[np.searchsorted(known, true_keys)])
        boxes, mine = _padded(found.boxes[rows, lines], found_at, len(known))
        truth, there = _padded(y[of_y][:, 1:], truth_at, len(known))
        source = rows, kinds, scores
        return cls(boxes, mine, truth, there, found_at, truth_at, source, of_y)

    def gathered(
        self,
        right: np.ndarray,
        ignored: np.ndarray,
        taken: np.ndarray,
        counted: np.ndarray,
        y: np.ndarray,
        classes: int,
    ) -> Matched:
        """Return what became of each box, in the order of scores."""
        rows, kinds, scores = self.source
        order = np.argsort(-scores, kind="stable")
        right, ignored = (of[:, :, *self.found_at][..., order] for of in (right, ignored))
        every = np.zeros((*taken.shape[:2], *y.shape[:2]), bool)
        every[:, :, *self.origin] = taken[:, :, *self.truth_at]
        truths = np.zeros((len(counted), len(y), classes))
        kind = y[self.origin][:, 0].astype(np.int64)
        for number, one in enumerate(counted):
            np.add.at(truths[number], (self.origin[0], kind), one[self.truth_at])
        return Matched(rows[order], kinds[order], scores[order], right, ignored, every, truths)


def _placed(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each entry, and its place among those of the group."""
    order = np.argsort(groups, kind="stable")
    start = np.searchsorted(groups[order], groups[order])
    place = np.empty(len(groups), np.int64)
    place[order] = np.arange(len(groups)) - start
    return groups, place


def _padded(
    boxes: np.ndarray, at: tuple[np.ndarray, np.ndarray], groups: int
) -> tuple[np.ndarray, np.ndarray]:
    most = 1 + int(at[1].max(initial=0))
    padded, there = np.zeros((groups, most, 4)), np.zeros((groups, most), bool)
    padded[at], there[at] = boxes, True
    return padded, there
