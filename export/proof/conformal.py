"""Prediction intervals of a regression, with 90 % coverage.

Split-conformal (Lei et al. 2018, arXiv:1604.04173, algorithm 2): as wide as the errors of the int8
file on rows that its weights were not fitted to, which the run folder names (`held_out.json`).
"""

import math
from dataclasses import dataclass

import numpy as np

from zoo import Run, UserError
from zoo.metrics import intervals
from zoo.metrics.intervals import Estimate

LEVEL = 0.9


@dataclass(frozen=True)
class PredictionInterval:
    """The int8 prediction plus or minus `half_width` holds the target with probability `level`."""

    level: float
    half_width: tuple[float, ...]  # per target, in its units
    rows: int  # held-out rows they come from
    coverage: tuple[Estimate, ...]  # per target: the share of test rows within


def held_out(run: Run) -> np.ndarray:
    """Return the indices of the validation rows that a run's weights were not fitted to.

    Empty where the run does not say.
    """
    if not (run.path / "held_out.json").is_file():
        return np.arange(0)
    rows = np.asarray(run.read_json("held_out.json")["validation_rows"], dtype=np.int64)
    count = run.read_json("data.json")["rows"]["validation"]
    if len(rows) and rows.max() >= count:
        raise UserError(
            f"{run.path}/held_out.json names validation row {rows.max()} of {count}. Train the "
            "model again."
        )
    return rows


def half_widths(errors: np.ndarray, level: float = LEVEL) -> tuple[float, ...] | None:
    """Return how far from a prediction its target lies at most, with probability `level`.

    Args:
        errors: of rows that were held out, (rows, targets).

    Returns:
        One per target; None where there are too few rows for any finite width.
    """
    count = len(errors)
    rank = math.ceil((count + 1) * level)  # the new row counts, too
    if not 0 < rank <= count:
        return None
    return tuple(float(width) for width in np.sort(np.abs(errors), axis=0)[rank - 1])


def prediction_interval(errors: np.ndarray, errors_test: np.ndarray) -> PredictionInterval | None:
    """Return the intervals that held-out errors give and their coverage of the test rows.

    Args:
        errors: of the int8 file on rows that were held out, (rows, targets).
        errors_test: on the test rows, (rows, targets).
    """
    widths = half_widths(errors)
    if widths is None:
        return None
    inside = np.abs(errors_test) <= widths
    coverage = tuple(intervals.share(column) for column in inside.T)
    return PredictionInterval(LEVEL, widths, len(errors), coverage)
