"""Gates beside the drop, which int8 masks pass to stand for those of float."""

from collections.abc import Sequence

import numpy as np

from zoo.metrics import gates, masks
from zoo.metrics.bootstrap import resamples
from zoo.metrics.gates import Gate
from zoo.metrics.weighted import Measure, once
from zoo.tasks.masks.form import IGNORED, answered


def resampled(measure: Measure, images: int) -> np.ndarray:
    """Return a figure of 1000 samples of the images, drawn anew."""
    return np.concatenate([measure.at(some) for some in resamples(np.zeros(images, int))])


def changed(y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float) -> Gate:
    """Return the gate of pixels that int8 gives another class than float.

    Pixels of an image go together: the interval is of a ratio of sums over images (Cochran 1977,
    Sampling Techniques, equation 6.13), with Student's t. A single image has none.

    Args:
        y: masks, (rows, height, width).
        first, second: logits of float and int8.
        max_drop: points of mean IoU; at least 5 % of the pixels may change.
    """
    from scipy import stats  # a second to import

    counted = y != IGNORED
    other = (counted & (answered(first) != answered(second))).sum(axis=(1, 2))
    whole, rows = counted.sum(axis=(1, 2)), len(y)
    share = other.sum() / max(1, whole.sum())
    ends = (0.0, 1.0)
    if rows > 1:
        spread = np.sqrt(((other - share * whole) ** 2).sum() * rows / (rows - 1))
        reach = stats.t.isf(0.025, rows - 1) * spread / max(1, whole.sum())
        ends = (max(0.0, share - reach), min(1.0, share + reach))
    value, (low, high) = 100 * float(share), (100 * float(end) for end in ends)
    bound = max(gates.SMALLEST, max_drop)
    told = value <= bound and high <= gates.WIDEST * bound
    advice = f"{gates.TRAIN}; {gates.MORE}." if value > bound else gates.ACCEPT
    what = "share of pixels with another class than float's"
    return Gate(what, "%", value, (low, high), bound, told, rows, advice)


def worst_class(
    labels: Sequence[str], before: masks.Counts, after: masks.Counts, max_drop: float
) -> list[Gate]:
    """Return the gate of the class whose IoU falls the most; none where no pixel has a class.

    Normal intervals from images drawn anew, at Bonferroni's level for so many classes.

    Args:
        labels: names of the classes.
        before, after: pixels of float and of int8.
        max_drop: points; at least 5 may be lost.
    """
    from scipy import stats  # a second to import

    images, there = len(before.true), before.true.sum(axis=0) > 0
    if not there.any():
        return []

    def falls(weights: np.ndarray) -> np.ndarray:
        fallen = masks.ious(before, weights) - masks.ious(after, weights)
        return np.asarray(100 * np.nan_to_num(fallen))

    samples = np.concatenate([falls(some) for some in resamples(np.zeros(images, int))])
    reach = stats.norm.isf(0.025 / there.sum()) * samples.std(axis=0)
    values = np.where(there, falls(once(images))[0], -np.inf)
    worst, bound = int(values.argmax()), max(gates.SMALLEST, max_drop)
    value = float(values[worst])
    ends = (value - float(reach[worst]), value + float(reach[worst]))
    advice = f"Weigh {labels[worst]!r} (--recipe balance=weights). {gates.TRAIN}."
    what = f"loss of IoU of {labels[worst]!r}"
    return [Gate(what, "points", value, ends, bound, value <= bound, images, advice)]
