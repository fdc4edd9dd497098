"""Augmentation of sequences, after Um et al. 2017 (arXiv:1706.00527, section 3.3); whole batches.

Rows are (steps, features); `jitter` takes any.
"""

import numpy as np
from scipy.interpolate import CubicSpline

Generator = np.random.Generator
KNOTS = 4  # between the first and the last step, as there
SLOWEST = 0.1  # a spline may overshoot; time does not stand still


def jitter(rng: Generator, x: np.ndarray, spread: float, std: np.ndarray) -> np.ndarray:
    """Add noise of `spread` standard deviations of the feature to every value."""
    return np.asarray(x + rng.normal(0.0, spread, x.shape).astype(np.float32) * std)


def scaling(rng: Generator, x: np.ndarray, spread: float, mean: np.ndarray) -> np.ndarray:
    """Stretch each feature of each row about its mean by a factor from N(1, spread)."""
    factor = rng.normal(1.0, spread, (len(x), 1, x.shape[-1])).astype(np.float32)
    return np.asarray(mean + (x - mean) * factor)


def warp(rng: Generator, x: np.ndarray, spread: float) -> np.ndarray:
    """Read each row at a speed that varies smoothly about 1, from its first step to its last."""
    steps = x.shape[1]
    times = warped_times(rng, len(x), steps, spread)
    before = np.minimum(times.astype(int), max(0, steps - 2))
    part = (times - before)[..., None].astype(np.float32)
    row = np.arange(len(x))[:, None]
    after = np.minimum(before + 1, steps - 1)
    return np.asarray(x[row, before] * (1 - part) + x[row, after] * part, np.float32)


def warped_times(rng: Generator, rows: int, steps: int, spread: float) -> np.ndarray:
    """Return (rows, steps) times in [0, steps - 1], growing from the first to the last."""
    knots = np.linspace(0, max(1, steps - 1), KNOTS + 2)
    speeds = CubicSpline(knots, rng.normal(1.0, spread, (KNOTS + 2, rows)), axis=0)
    passed = np.cumsum(np.maximum(speeds(np.arange(steps)), SLOWEST).T, axis=1)
    passed = passed - passed[:, :1]
    return np.asarray(passed / np.maximum(passed[:, -1:], SLOWEST) * (steps - 1))
