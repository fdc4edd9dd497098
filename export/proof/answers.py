"""Outputs of a run's files for given rows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.conversion.job import FLOAT
from export.exported import Export
from export.proof.reported import REPORT
from export.proof.verified import Verified
from export.runtimes.apart import predict_apart
from export.runtimes.litert import load, predict
from export.tflite.audit import audit
from export.tflite.joined import Joined
from export.tflite.metadata import brings
from zoo import Data, Run, UserError
from zoo.metrics.numbers import largest_difference
from zoo.quantization.layers.numerics import Grid
from zoo.tasks.outputs import compacted, portions

FIRST = 64  # test rows whose outputs are kept as they are
SMALLEST = 1e-7  # probability that is told from zero
HALF_STEP = 1 / 512  # of an int8 probability
PATIENCE, LEAST_SECONDS = 50, 120  # times the latency that was measured, for all rows


@dataclass(frozen=True)
class Outputs:
    """Outputs for the test rows of the data.

    Attributes:
        ending: activation that the model ends in, where its outputs are probabilities.
        of_float, of_int8: of the Keras model and of the int8 file, as logits or numbers,
            (rows, outputs), or what the task's `compact` makes of them.
        shape: of these before `compact`.
        plain: of the int8 file, as it gives them, for the first `FIRST` rows.
        spread: between the smallest and the largest of these for all rows.
        float_difference: largest |Keras - float .tflite|, relative to max(1, |Keras|).
    """

    ending: str | None
    of_float: np.ndarray
    of_int8: np.ndarray
    shape: tuple[int, ...]
    plain: np.ndarray
    spread: float
    float_difference: float


def outputs_of(export: Export, data: Data) -> Outputs:
    """Run the model and both files of an export on the test rows, a portion after the other."""
    task, ending = data.task, data.task.ending(export.model)
    of_float_file, of_int8_file = load(export.float_file), load(export.int8_file)
    least = smallest(export.plan.numerics.ends)
    pairs, differences, ends, first = [], [], [], []
    for rows in portions(task, data.x_test):
        x = data.x_test[rows]
        of_keras = np.asarray(export.model.predict(x, verbose=0))
        of_file = predict(of_float_file, x, output=export.float_output)
        plain = predict(of_int8_file, x, export.scaling, export.output)
        logits = task.logits(of_keras, ending, SMALLEST), task.logits(plain, ending, least)
        pairs.append([task.compact(one) for one in logits])
        differences.append(largest_difference(of_file, of_keras))
        ends += [plain.min(), plain.max()]
        first.append(plain[: max(0, FIRST - rows.start)].copy())  # a view would keep all
    of_float, of_int8 = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return Outputs(
        ending=ending,
        of_float=of_float,
        of_int8=of_int8,
        shape=(len(data.x_test), *logits[0].shape[1:]),
        plain=np.concatenate(first),
        spread=float(np.max(ends) - np.min(ends)),
        float_difference=float(np.max(differences)),
    )


def answers(run: Run, x: np.ndarray, *, of_float: bool = False) -> np.ndarray:
    """Return the outputs of a run's int8 file (or its float file): logits, or numbers.

    Those of a file that gives probabilities are put back into logits; where rows have many outputs
    they are what the task's `compact` makes of them.

    Args:
        run: exported and verified: the file is the one whose sha256 the manifest has.
        x: rows as the model takes them, before any scaling.

    Raises:
        UserError: a folder without an export, or whose files have changed or do not run.
    """
    verified = Verified.read(run)
    path = run.file(FLOAT if of_float else verified.file)
    _check(path, verified, of_float)
    task = run.task()
    if not brings(path, task.labels):
        raise UserError(
            f"{run.path}/data.json names other classes than {path} was exported with. Train or "
            "export the run again."
        )
    time = verified.latency_us["float" if of_float else "int8"]
    least = SMALLEST if of_float else smallest(verified.scaling.ends)
    several = verified.output.real() if isinstance(verified.output, Joined) else None

    def logits(some: np.ndarray) -> np.ndarray:
        seconds = LEAST_SECONDS + PATIENCE * len(some) * time * 1e-6
        if of_float:
            outputs = predict_apart(path, some, seconds, several)
        else:
            rows = verified.scaling.quantize(some)
            outputs = predict_apart(path, rows, seconds, verified.output)
        return task.logits(outputs, verified.ending, least)

    return compacted(task, x, logits)


def smallest(ends: Grid) -> float:
    """Return the smallest probability that is told from zero."""
    return HALF_STEP if not ends.real and ends.bytes == 1 else SMALLEST


def _check(path: Path, verified: Verified, of_float: bool) -> None:
    """Raise UserError for a file that was not measured, may not be run, or takes other rows."""
    found = audit(path)
    if not verified.measured(path, found.sha256):
        raise UserError(
            f"{path} is not the file that {REPORT} is about (sha256). Export the run again."
        )
    if found.forbidden:
        raise UserError(
            f"{path} is not run: operators that are not allowed: {', '.join(found.forbidden)}. "
            "Export the run again."
        )
    if not of_float and found.takes_ids != (verified.scaling.words is not None):
        raise UserError(
            f"{path} takes {'ids of tokens' if found.takes_ids else 'numbers'}, and {REPORT} says "
            "otherwise (input.words). Export the run again."
        )
