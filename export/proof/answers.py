"""What the files of a run answer to rows."""

import numpy as np

from export.conversion.job import FLOAT, INT8
from export.runtimes.litert import Scaling, load, predict
from zoo import Run

SMALLEST = 1e-7  # probability that is told from zero
HALF_STEP = 1 / 512  # of an int8 probability


def answers(run: Run, x: np.ndarray, *, of_float: bool = False) -> np.ndarray:
    """Return what a run's int8 file (or its float file) says: logits, or targets.

    Those of a file that gives probabilities are put back into logits.

    Args:
        run: exported and verified: the file is the one whose sha256 the manifest has.
        x: rows as the model takes them, before any scaling.

    Raises:
        UserError: a folder without an export, or whose files have changed.
    """
    report = run.read_json("report.json")
    if of_float:
        outputs = predict(load(run.file(FLOAT)), x)
        return run.task().logits(outputs, report["ending"], SMALLEST)
    outputs = predict(load(run.file(INT8)), x, Scaling(**report["input"]))
    return run.task().logits(outputs, report["ending"], HALF_STEP)
