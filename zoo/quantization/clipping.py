"""Ways to clip the range of observed values."""

from collections.abc import Callable

import numpy as np

from zoo.quantization.layers.numerics import INT8

Clip = Callable[[np.ndarray], tuple[float, float]]


def whole(values: np.ndarray) -> tuple[float, float]:
    """Return the smallest and the largest value."""
    return float(values.min()), float(values.max())


def percentile(values: np.ndarray) -> tuple[float, float]:
    """Return the range that leaves out one value in a thousand at either end."""
    low, high = np.percentile(values, [0.1, 99.9])
    return float(low), float(high)


def least_squares(values: np.ndarray) -> tuple[float, float]:
    """Return the part of the whole range whose rounding and clipping errors are least.

    Choukroun et al. 2019 (arXiv:1902.06822): mean squared error over a grid of ranges.
    """
    low, high = whole(values)
    low, high = min(low, 0.0), max(high, 0.0)

    def error(share: float) -> float:
        step = max(share * (high - low), 1e-12) / INT8.activations.steps
        rounded = np.clip(np.rint(values / step) * step, share * low, share * high)
        return float(np.mean((rounded - values) ** 2))

    best = min(np.linspace(0.3, 1.0, 29), key=error)
    return best * low, best * high


CLIPS: dict[str, Clip] = {"whole": whole, "percentile": percentile, "least_squares": least_squares}
