"""Figures of boxes for weighted images: boxes are matched once, and weights run along their list.

Average precision as pycocotools' COCOeval has it: 101 recalls, the precision made to fall, the mean
over classes that are there.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from zoo.metrics.weighted import Weighted

RECALLS = np.linspace(0, 1, 101)
FALSE_BOXES = 0.1  # an image, at which the recall is told
WHOLE = 2**22  # weights of boxes at a time


class List(Protocol):
    """What is read of `zoo.tasks.boxes.matching.Matched`."""

    @property
    def rows(self) -> np.ndarray: ...
    @property
    def classes(self) -> np.ndarray: ...
    @property
    def scores(self) -> np.ndarray: ...
    @property
    def right(self) -> np.ndarray: ...
    @property
    def ignored(self) -> np.ndarray: ...
    @property
    def truths(self) -> np.ndarray: ...


def average_precision(found: List, area: int = 0, thresholds: slice = slice(None)) -> Weighted:
    """Return the mean average precision over classes and thresholds; NaN without true boxes.

    Args:
        found: boxes with what became of them.
        area: number of the range of areas.
        thresholds: which of those that it was matched at.
    """

    def at(weights: np.ndarray) -> np.ndarray:
        there = weights @ found.truths[area]  # (resamples, classes)
        each = np.full(there.shape, np.nan)
        for kind in np.flatnonzero(found.truths[area].any(axis=0)):
            mine = np.flatnonzero(found.classes == kind)
            right = found.right[area, thresholds][:, mine]
            ignored = found.ignored[area, thresholds][:, mine]
            drawn = weights[:, found.rows[mine]]
            each[:, kind] = _area_below(drawn, right, ignored, there[:, kind])
        return _mean_of_known(each)

    return in_pieces(at, len(found.rows))


def precisions(found: List, kind: int) -> np.ndarray:
    """Return the precision at each of `RECALLS`, made to fall, (101,), for the first threshold."""
    mine = np.flatnonzero(found.classes == kind)
    right = found.right[0, 0, mine]
    said, hits = np.arange(1, len(mine) + 1)[right], np.arange(1, right.sum() + 1)
    falling = np.maximum.accumulate((hits / said)[::-1])[::-1]
    place = np.searchsorted(hits / max(1.0, found.truths[0, :, kind].sum()), RECALLS)
    return np.append(falling, 0.0)[place]


def recall_at(found: List, false_boxes: float = FALSE_BOXES) -> Weighted:
    """Return the share of true boxes found where there are so many false ones an image.

    Of all classes together, at the first threshold of the match; the score to exceed is the lowest
    at which there are no more.
    """

    def at(weights: np.ndarray) -> np.ndarray:
        drawn, right = weights[:, found.rows], found.right[0, 0]
        hits = np.cumsum(drawn * right, axis=1)
        may = np.cumsum(drawn * ~right, axis=1) <= false_boxes * weights.sum(axis=1)[:, None]
        got = np.max(hits * may, axis=1, initial=0)
        return np.asarray(got / np.maximum(_truths(found, weights), 1e-12))

    return in_pieces(at, len(found.rows))


def f1(found: List) -> Weighted:
    """Return F1 of all boxes together, at the first threshold; 1 where nothing is, nor is found."""

    def at(weights: np.ndarray) -> np.ndarray:
        drawn = weights[:, found.rows]
        whole = drawn.sum(axis=1) + _truths(found, weights)
        hits = drawn @ found.right[0, 0]
        return np.where(whole > 0, 2 * hits / np.maximum(whole, 1e-12), 1.0)

    return in_pieces(at, len(found.rows))


def best_f1(found: List) -> Weighted:
    """Return the best F1 that any one score to exceed gives, as `f1`."""

    def at(weights: np.ndarray) -> np.ndarray:
        drawn, there = weights[:, found.rows], _truths(found, weights)[:, None]
        hits = np.cumsum(drawn * found.right[0, 0], axis=1)
        whole = np.maximum(np.cumsum(drawn, axis=1) + there, 1e-12)
        best = np.max(2 * hits / whole, axis=1, initial=0)
        return np.where(drawn.sum(axis=1) + there[:, 0] > 0, best, 1.0)

    return in_pieces(at, len(found.rows))


def in_pieces(at: Callable[[np.ndarray], np.ndarray], boxes: int) -> Weighted:
    """Return a figure that looks at some resamples at a time, in float64."""

    def pieces(weights: np.ndarray) -> np.ndarray:
        size = max(1, WHOLE // max(1, boxes))
        starts = range(0, len(weights), size)
        return np.concatenate([at(weights[n : n + size].astype(np.float64)) for n in starts])

    return pieces


def _truths(found: List, weights: np.ndarray) -> np.ndarray:
    return np.asarray(weights @ found.truths[0].sum(axis=1))


def _area_below(
    drawn: np.ndarray, right: np.ndarray, ignored: np.ndarray, there: np.ndarray
) -> np.ndarray:
    """Return the mean over thresholds of the average precision of a class, (resamples,).

    The precision rises at hits alone, and falls between them: only these are looked at.

    Args:
        drawn: weights of the boxes, (resamples, boxes).
        right, ignored: (thresholds, boxes).
        there: weight of the true boxes, (resamples,).
    """
    found, all_said = np.zeros(len(drawn)), np.cumsum(drawn, axis=1)
    for hit, out in zip(right, ignored, strict=True):
        said = np.cumsum(drawn * ~out, axis=1) if out.any() else all_said
        places = np.flatnonzero(hit & ~out)
        hits = np.cumsum(drawn[:, places], axis=1)
        precision = hits / np.maximum(said[:, places], 1e-12)
        falling = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        recall = hits / np.maximum(there, 1e-12)[:, None]
        reached = np.searchsorted(RECALLS, recall.ravel(), side="right").reshape(recall.shape)
        found += np.sum(falling * np.diff(reached, axis=1, prepend=0), axis=1)
    return np.where(there > 0, found / (len(RECALLS) * len(right)), np.nan)


def _mean_of_known(each: np.ndarray) -> np.ndarray:
    """Return the mean over classes that a resample holds; NaN where it holds none."""
    known = ~np.isnan(each)
    total = np.where(known, each, 0).sum(axis=1)
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
