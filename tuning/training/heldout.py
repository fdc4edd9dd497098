"""Validation rows kept out of the refit, for a regression's prediction intervals."""

import numpy as np

from zoo import Data
from zoo.files import as_json

FEWEST = 20  # validation rows, below which all of them are worth more as training rows
MOST = 1000  # rows that are held out of a refit


def held_out_rows(data: Data, refit: bool) -> list[int]:
    """Return the validation rows that the last training is not to see.

    Without a refit that is all of them. A refit takes them all for classification; for regression
    it leaves half of them, at most 1000, for the prediction intervals, which would be too narrow
    if they came from rows that were trained on.
    """
    count = len(data.x_validation)
    if not refit:
        return list(range(count))
    if not data.task.numbers or count < FEWEST:
        return []
    order = np.random.default_rng(data.seed).permutation(count)
    return sorted(int(row) for row in order[: min(count // 2, MOST)])


def held_out_file(data: Data, rows: list[int]) -> dict[str, str]:
    """Return the file of a run that names them, for a regression."""
    if not data.task.numbers:
        return {}
    return {"held_out.json": as_json({"validation_rows": rows})}
