"""Metrics beyond accuracy and RMSE, each with a 95 % interval.

Equal weights of the rows give a figure's value; weights that say how often a bootstrap sample
(Efron 1979) holds each row, drawn within its class, give its interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zoo.metrics.classes import confusion, figures_of, once
from zoo.metrics.intervals import mean_of_shares, wilson

RESAMPLES = 1000
CHUNK = 2**20  # weights at a time


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval."""

    value: float
    ci95: tuple[float, float]


@dataclass(frozen=True)
class Pair:
    """A figure of the float and of the int8 answers to the same rows, and int8 minus float."""

    float: Figure
    int8: Figure
    difference: Figure  # from the same resamples of both


def evaluate(
    task: str,
    y: np.ndarray,
    of_float: np.ndarray,
    of_int8: np.ndarray,
    only: str | None = None,
) -> dict[str, Pair]:
    """Return every figure of a task for float and int8, or the one called `only`.

    Classification: accuracy, balanced_accuracy, macro_f1, roc_auc (mean of one class against the
    rest), log_loss (nats), brier (as scikit-learn scales it), ece (expected calibration error, 15
    bins). Classes that no row has do not count. Regression: rmse and mae in units of the targets,
    mape as a share, r2; of several targets the mean, for rmse over all values. What is undefined
    is left out: roc_auc of one class, mape with a target of 0, r2 of equal targets.

    Args:
        task: "classification" or "regression".
        y: class numbers (rows,), or targets (rows, targets).
        of_float: logits or predictions, (rows, outputs).
        of_int8: the same of the int8 file.
    """
    order = np.argsort(_strata(task, y), kind="stable")
    y, both = y[order], [of_float[order], of_int8[order]]
    figures = [figures_of(task, y, outputs) for outputs in both]
    names = [name for name in figures[0] if only in (name, None)]
    if not names:
        return {}

    def measured(weights: np.ndarray) -> np.ndarray:
        return np.array([[one[name](weights) for name in names] for one in figures])

    values = measured(once(len(y)))[..., 0]  # (float and int8, names)
    resampled = [measured(weights) for weights in _resamples(_strata(task, y))]
    samples = np.concatenate(resampled, axis=-1)  # (float and int8, names, resamples)
    pairs = {}
    for n, name in enumerate(names):
        ends = [
            Figure(float(values[i, n]), _interval(name, values[i, n], samples[i, n], y, outputs))
            for i, outputs in enumerate(both)
        ]
        moved = _percentiles(samples[1, n] - samples[0, n])
        change = Figure(float(values[1, n] - values[0, n]), moved)
        pairs[name] = Pair(ends[0], ends[1], change)
    return pairs


def _strata(task: str, y: np.ndarray) -> np.ndarray:
    return y if task == "classification" else np.zeros(len(y), int)


def _resamples(strata: np.ndarray, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield bootstrap samples as weights, (some, rows): rows are drawn anew within their stratum.

    Args:
        strata: numbers (rows,), in order.
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


def _interval(
    name: str, value: float, samples: np.ndarray, y: np.ndarray, outputs: np.ndarray
) -> tuple[float, float]:
    """Return a figure's interval: percentiles, or a form that keeps its width where none differ."""
    if name in ("accuracy", "balanced_accuracy"):
        table = confusion(y, outputs)
        hits, rows = np.diag(table), table.sum(axis=1)
        if name == "accuracy":
            return wilson(int(hits.sum()), len(y))
        return mean_of_shares(hits[rows > 0], rows[rows > 0])
    low, high = _percentiles(samples)
    if name == "ece":  # a mean of distances: resampling adds to it what it has added to the sample
        shift = float(value - np.median(samples))
        return max(0.0, low + shift), high + shift
    return low, (min(high, 1.0) if name == "roc_auc" else high)


def _percentiles(samples: np.ndarray) -> tuple[float, float]:
    low, high = np.nanpercentile(samples, [2.5, 97.5])
    return float(low), float(high)
