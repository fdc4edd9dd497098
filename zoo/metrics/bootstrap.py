"""The bootstrap (Efron 1979): samples of rows drawn anew, as weights of the rows that are there."""

from collections.abc import Iterator

import numpy as np

RESAMPLES = 1000
CHUNK = 2**20  # weights at a time


def resamples(strata: np.ndarray, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield how often each sample holds each row, float32 (some, rows), 1000 samples in all.

    Args:
        strata: numbers (rows,), in order; rows are drawn anew within their stratum.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    rows = len(strata)
    _, first, inverse, sizes = np.unique(
        strata, return_index=True, return_inverse=True, return_counts=True
    )
    start, size = first[inverse], sizes[inverse]
    chunk = max(1, CHUNK // rows)
    for done in range(0, RESAMPLES, chunk):
        count = min(chunk, RESAMPLES - done)
        drawn = start + (rng.random((count, rows)) * size).astype(np.int64)
        drawn += rows * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * rows)
        yield times.reshape(count, rows).astype(np.float32)


def resampled_means(columns: np.ndarray) -> np.ndarray:
    """Return the column means of the samples of all rows: (rows, columns) -> (1000, columns)."""
    whole = np.zeros(len(columns), int)
    parts = [weights.astype(np.float64) @ columns for weights in resamples(whole)]
    return np.concatenate(parts) / len(columns)


def percentiles(samples: np.ndarray) -> tuple[float, float]:
    """Return the middle 95 % of the samples; undefined ones are left out."""
    low, high = np.nanpercentile(samples, [2.5, 97.5])
    return float(low), float(high)


def shifted(value: float, samples: np.ndarray) -> tuple[float, float]:
    """Return percentiles, at least 0, of a figure that resampling raises, the rise taken back.

    A mean of distances grows with each resampling as it has with the sample.
    """
    low, high = percentiles(samples)
    shift = float(value - np.nanmedian(samples))
    return max(0.0, low + shift), high + shift
