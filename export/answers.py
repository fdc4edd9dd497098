"""What the files of a run answer to rows."""

import numpy as np

from export.job import FLOAT, INT8
from export.runtime import Scaling, load, predict
from zoo import Run


def answers(run: Run, x: np.ndarray, *, of_float: bool = False) -> np.ndarray:
    """Return the outputs of a run's int8 file (or its float file), (rows, outputs).

    Args:
        run: exported and verified: the file is the one whose sha256 the manifest has.
        x: rows as the model takes them, before any scaling.

    Raises:
        UserError: a folder without an export, or whose files have changed.
    """
    if of_float:
        return predict(load(run.file(FLOAT)), x)
    scaling = Scaling(**run.read_json("report.json")["input"])
    return predict(load(run.file(INT8)), x, scaling)
