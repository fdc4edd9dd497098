"""Confidence intervals of proportions; they have a width even where all rows agree."""

import numpy as np
from scipy import stats


def wilson(count: int, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, `count` of `rows` (Wilson 1927)."""
    interval = stats.binomtest(count, rows).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def mean_of_shares(counts: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the mean of several shares, from Wilson's of each.

    Zou & Donner 2008 (Statistics in Medicine 27:1693): the distances from each share to its ends
    add up as squares.

    Args:
        counts: of each share, (shares,), for example right answers to the rows of each class.
        rows: of each share, (shares,), at least 1.
    """
    shares = counts / rows
    ends = np.array([wilson(int(count), int(of)) for count, of in zip(counts, rows, strict=True)])
    below, above = np.linalg.norm(ends - shares[:, None], axis=0) / len(shares)
    mean = float(shares.mean())
    return max(0.0, mean - float(below)), min(1.0, mean + float(above))
