"""Metrics of several labels a row, each as a function of row weights.

Everywhere y and `said` are booleans, (rows, labels): which labels a row has, and which were
answered. scikit-learn is what the tests compare with.
"""

import numpy as np

from zoo.metrics.bootstrap import percentiles, resampled_means, shifted
from zoo.metrics.intervals import Estimate, Z, mean_of_intervals, wilson
from zoo.metrics.weighted import Interval, Measure, Weighted, mean

TINY = float(np.finfo(np.float32).tiny)


def columns(y: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Return hits, answers and truths of each label side by side, (rows, 3 * labels)."""
    return np.concatenate([y & said, said, y], axis=1).astype(np.float64)


def f1_of(sums: np.ndarray) -> np.ndarray:
    """Return F1 of each label; NaN where it is neither true nor answered.

    Args:
        sums: of `columns` over rows, or means, (..., 3 * labels).
    """
    hits, said, there = np.split(sums, 3, axis=-1)
    whole = said + there
    return np.where(whole > 0, 2 * hits / np.maximum(whole, TINY), np.nan)


def mean_f1(sums: np.ndarray) -> np.ndarray:
    """Return the mean F1 over labels that are true or answered anywhere, (...); 1 for none."""
    shares = f1_of(sums)
    return _mean_of_known(shares, axis=-1, without=1.0)


def pooled_f1(sums: np.ndarray) -> np.ndarray:
    """Return F1 over all labels together, (...); 1 where nothing is true and nothing answered."""
    hits, said, there = (part.sum(axis=-1) for part in np.split(sums, 3, axis=-1))
    whole = said + there
    return np.where(whole > 0, 2 * hits / np.maximum(whole, TINY), 1.0)


def losses(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of each label, (rows, labels), in nats."""
    logits = logits.astype(np.float64)
    return np.asarray(np.logaddexp(0, logits) - y * logits)


def macro_f1(y: np.ndarray, said: np.ndarray) -> Measure:
    """Return the mean F1 over labels that are true or answered anywhere."""
    held = columns(y, said)
    interval = _outermost(*_f1_ends(held.sum(axis=0)))
    return Measure(lambda weights: mean_f1(weights @ held.astype(weights.dtype)), interval)


def micro_f1(y: np.ndarray, said: np.ndarray) -> Measure:
    """Return F1 over all labels together."""
    held = columns(y, said)
    pooled = np.array([part.sum() for part in np.split(held, 3, axis=1)])
    interval = _outermost(*_f1_ends(pooled))
    return Measure(lambda weights: pooled_f1(weights @ held.astype(weights.dtype)), interval)


def subset_accuracy(y: np.ndarray, said: np.ndarray) -> Measure:
    """Return the share of rows whose labels are all right, with Wilson's interval."""
    right = (y == said).all(axis=1)
    return Measure(mean(right), lambda value, samples: wilson(int(right.sum()), len(y)))


def mean_average_precision(y: np.ndarray, scores: np.ndarray) -> Measure | None:
    """Return the mean over labels of the average precision; None where no row has a label.

    Args:
        y: booleans, (rows, labels); labels that no row has do not count.
        scores: the higher the likelier, (rows, labels).
    """
    parts = [average_precision(y[:, n], scores[:, n]) for n in np.flatnonzero(y.any(axis=0))]
    if not parts:
        return None

    def figure(weights: np.ndarray) -> np.ndarray:
        values = np.stack([part(weights) for part in parts])
        return _mean_of_known(values, axis=0, without=np.nan)  # of labels that a resample has

    return Measure(figure, unbiased)


def average_precision(mine: np.ndarray, scores: np.ndarray) -> Weighted:
    """Return the average precision of one label; NaN for weights that hold none of its rows.

    Rows of equal scores, of which an int8 file gives many, are taken together.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hit = scores[order], mine[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))

    def figure(weights: np.ndarray) -> np.ndarray:
        moved = weights[:, order]
        found = np.add.reduceat(moved * hit, first, axis=1)
        answered = np.cumsum(np.add.reduceat(moved, first, axis=1), axis=1)
        precision = np.cumsum(found, axis=1) / np.maximum(answered, TINY)
        whole = found.sum(axis=1)
        value = (found * precision).sum(axis=1) / np.maximum(whole, TINY)
        return np.where(whole > 0, value, np.nan)

    return figure


def estimate(y: np.ndarray, said: np.ndarray) -> Estimate:
    """Return the macro F1 with its intervals."""
    held = columns(y, said)
    value = float(mean_f1(held.sum(axis=0)))
    ends = percentiles(mean_f1(resampled_means(held)))
    return Estimate(value, _outermost(*_f1_ends(held.sum(axis=0)))(value, np.array(ends)), ends)


def drop(y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
    """Return by how much the second macro F1 is less, paired, in points (hundredths).

    `ci95` is never narrower than one answer of each label makes it, so that it keeps its width
    where no answer differs, as Agresti & Min's does for shares (see `intervals.share_drop`).
    """
    both = [columns(y, said) for said in (first, second)]
    value = lost(y, first, second)
    resampled = resampled_means(np.concatenate(both, axis=1))
    of_first, of_second = (mean_f1(half) for half in np.split(resampled, 2, axis=1))
    ends = percentiles(100 * (of_first - of_second))
    rows = np.maximum(y.sum(axis=0)[y.any(axis=0)], 1)
    one = 100 * Z * float(np.sqrt(np.sum(1.0 / rows**2))) / max(1, len(rows))
    low, high = (float(np.hypot(value - end, one)) for end in ends)
    return Estimate(value, (value - low, value + high), ends)


def lost(y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Return by how many points the second macro F1 is less."""
    values = [float(mean_f1(columns(y, said).sum(axis=0))) for said in (first, second)]
    return 100 * (values[0] - values[1])


def _mean_of_known(values: np.ndarray, axis: int, without: float) -> np.ndarray:
    """Return the mean along an axis of what is no NaN; `without` where all is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=axis)
    return np.where(known.any(axis=axis), total / np.maximum(known.sum(axis=axis), 1), without)


def unbiased(value: float, samples: np.ndarray) -> tuple[float, float]:
    """Return percentiles without the rise of a precision where a row held twice backs itself."""
    low, high = shifted(value, samples)
    return low, min(1.0, high)


def _f1_ends(sums: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the mean F1 of labels, as if they were independent.

    Of the rows where a label is true or answered, hits are a share J with Wilson's interval; F1 is
    2 J / (1 + J), which grows with it. The means' distances add up as squares (Zou & Donner 2008).
    """
    hits, said, there = np.split(sums.astype(int), 3)
    either = said + there - hits
    shares = [_f1_of_share(*pair) for pair in zip(hits, either, strict=True) if pair[1]]
    if not shares:
        return 0.0, 1.0
    found = np.array(shares)
    return mean_of_intervals(found[:, 0], found[:, 1:])


def _f1_of_share(hits: int, either: int) -> tuple[float, ...]:
    shares = (hits / either, *wilson(int(hits), int(either)))
    return tuple(2 * share / (1 + share) for share in shares)


def _outermost(low: float, high: float) -> Interval:
    """Return the wider of an interval and the percentiles: labels of a row go together."""

    def ends(value: float, samples: np.ndarray) -> tuple[float, float]:
        below, above = percentiles(samples)
        return min(low, below), max(high, above)

    return ends
