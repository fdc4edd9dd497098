"""All metrics of a task for float and int8 outputs, with 95 % intervals.

Equal weights of the rows give a figure's value; weights that say how often a bootstrap sample
(Efron 1979) holds each row, drawn within its stratum, give its interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zoo.metrics.weighted import Measure, once, percentiles

RESAMPLES = 1000
CHUNK = 2**20  # weights at a time


class Judge(Protocol):
    """What knows the figures of outputs: a task."""

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """Return what resamples keep the shares of, (rows,); None for nothing."""

    def figures(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Measure]:
        """Return the figures that are defined for these rows."""


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
    task: Judge,
    y: np.ndarray,
    of_float: np.ndarray,
    of_int8: np.ndarray,
    only: str | None = None,
) -> dict[str, Pair]:
    """Return all metrics of a task for float and int8, or only the one called `only`.

    Metrics that are undefined for the rows are left out: see the `figures` of each task.

    Args:
        task: whose figures they are.
        y: labels, an entry per row.
        of_float: outputs of the float model, an entry per row.
        of_int8: the same of the int8 file.
        only: name of a figure.
    """
    strata = task.strata(y)
    strata = np.zeros(len(y), int) if strata is None else strata
    order = np.argsort(strata, kind="stable")
    y, both = y[order], [of_float[order], of_int8[order]]
    measures = [task.figures(y, outputs) for outputs in both]
    names = [name for name in measures[0] if only in (name, None)]
    if not names:
        return {}

    def measured(weights: np.ndarray) -> np.ndarray:
        return np.array([[of[name].at(weights) for name in names] for of in measures])

    values = measured(once(len(y)))[..., 0]  # (float and int8, names)
    resampled = [measured(weights) for weights in _resamples(strata[order])]
    samples = np.concatenate(resampled, axis=-1)  # (float and int8, names, resamples)
    pairs = {}
    for n, name in enumerate(names):
        ends = [
            Figure(float(values[i, n]), of[name].interval(values[i, n], samples[i, n]))
            for i, of in enumerate(measures)
        ]
        moved = float(values[1, n] - values[0, n])
        change = Figure(moved, percentiles(moved, samples[1, n] - samples[0, n]))
        pairs[name] = Pair(ends[0], ends[1], change)
    return pairs


def _resamples(strata: np.ndarray, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield bootstrap samples as weights, (some, rows): rows are drawn anew within their stratum.

    Args:
        strata: numbers (rows,), in order.
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
