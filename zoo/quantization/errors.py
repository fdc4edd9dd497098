"""Distance of outputs from exact ones."""

import numpy as np

from zoo.quantization.rows import Rows
from zoo.quantization.twin import Twin


def distance(twin: Twin, found: Rows, exact: Rows) -> float:
    """Return the relative error of outputs in the units of the twin's, where each has its own."""
    return relative_error(twin.in_units(found), twin.in_units(exact))


def relative_error(found: Rows, exact: Rows) -> float:
    """Return the root mean squared difference in standard deviations of what is exact.

    Of several outputs it is the root of the mean of their squares.
    """
    pairs = zip(
        *([one] if isinstance(one, np.ndarray) else one for one in (found, exact)), strict=True
    )
    return float(np.sqrt(np.mean([_relative(*pair) ** 2 for pair in pairs])))


def _relative(found: np.ndarray, exact: np.ndarray) -> float:
    found, exact = np.asarray(found, np.float64), np.asarray(exact, np.float64)
    return float(np.sqrt(np.mean((found - exact) ** 2)) / max(float(exact.std()), 1e-12))
