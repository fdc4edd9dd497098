"""Comparison of two runs on the same test rows: is the new one really better, and what breaks?"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.proof.answers import answers
from export.proof.verified import Verified
from zoo import Data, Run, UserError, read_labelled
from zoo.metrics.intervals import Estimate
from zoo.tasks import Task
from zoo.tasks.metric import allowed


@dataclass(frozen=True)
class Versus:
    """The int8 files of two runs, A and B, on the same test rows.

    Attributes:
        task: of both.
        a, b: their figures.
        worse: by how much B is worse than A: points, or percent of RMSE; paired.
        agreement: share of rows with the same class; None for regression.
        broken: class -> rows that A has right and B wrong.
        fixed: class -> rows that A has wrong and B right.
        bytes: of the two files.
        latency_us: of the two files, as their own reports have it; not measured in one run.
        least: the drop that one wrong answer makes.

    Examples:
        >>> versus = export.compare(run, zoo.Run(Path("runs/short")))
        >>> versus.metric, versus.rows, versus.winner
        ('accuracy', 36, 'neither')
    """

    task: Task
    rows: int
    a: Estimate
    b: Estimate
    worse: Estimate
    agreement: float | None
    broken: dict[str, int]
    fixed: dict[str, int]
    bytes: tuple[int, int]
    latency_us: tuple[float, float]
    least: float

    @property
    def metric(self) -> str:
        """Name of the figure that the runs are compared by."""
        return self.task.metric.name

    @property
    def winner(self) -> str:
        """ "a" or "b" where the interval of the difference leaves zero out, else "neither"."""
        low, high = self.worse.ci95
        return "a" if low > 0 else "b" if high < 0 else "neither"

    def to_json(self) -> dict[str, Any]:
        apart = ("task", "least")
        measured = {name: value for name, value in asdict(self).items() if name not in apart}
        return {"metric": self.metric, **measured, "winner": self.winner}

    def verdict(self, max_drop: float = 0.5) -> str:
        """Say in a sentence whether B may take A's place.

        Args:
            max_drop: points, or percent of RMSE, that B may lose at most.
        """
        unit = self.task.metric.unit
        low, high = self.worse.ci95
        value, least, most = (0.0 - one for one in (self.worse.value, high, low))  # no "-0"
        gap = f"{value:+.2g} {unit}, {least:+.2g} to {most:+.2g}"
        if self.winner != "neither":
            better = self.winner.upper()
            return f"{better} is better on these {self.rows} rows (B against A: {gap})."
        if high <= allowed(max_drop, self.least):
            return f"Neither is better, and B loses no more than {max_drop:g} {unit} ({gap})."
        return f"{self.rows} rows cannot tell them apart (B against A: {gap})."


def compare(a: Run, b: Run, data: Data | str | Path | None = None) -> Versus:
    """Compare two exported runs on the same rows.

    Args:
        a, b: the run in use, and the one to take its place.
        data: whose test rows decide; or a file or folder of rows that neither has seen, all of
            which do, and which each run reads as it read its own (`zoo.read_labelled`). None takes
            the test rows that both runs were made from.

    Raises:
        UserError: runs of different data where none are given, or whose rows do not fit.

    Examples:
        >>> versus = export.compare(zoo.Run(Path("runs/wine")), zoo.Run(Path("runs/short")))
        >>> versus.winner
        'neither'
    """
    if isinstance(data, str | Path):
        _check_answers(b, a.path, a.task())
        (of_a, y), (of_b, also) = (read_labelled(data, run) for run in (a, b))
        if y.shape != also.shape or not np.array_equal(y, also):
            raise UserError(
                f"{a.path} and {b.path} read different targets from {data}: they were trained on "
                "different columns. Compare runs with the same target."
            )
        return _compared(a, b, (of_a, of_b), y)
    data = _shared(a, b) if data is None else data
    for run in (a, b):
        _check_reading(run, data)
        _check_answers(run, data.name, data.task)
    return _compared(a, b, (data.x_test, data.x_test), data.y_test)


def _shared(a: Run, b: Run) -> Data:
    hashes = [run.read_json("data.json")["hash"] for run in (a, b)]
    if hashes[0] != hashes[1]:
        raise UserError(
            f"{a.path} and {b.path} were made from different data, so test rows of one may be "
            "training rows of the other. Give rows that neither was trained on: --data DATA."
        )
    return a.load_data()


def _check_answers(run: Run, other: object, task: Task) -> None:
    if run.task() != task:
        ours, theirs = (list(one.labels) or "numbers" for one in (run.task(), task))
        raise UserError(
            f"{run.path} predicts {ours}, but {other} has {theirs}. Compare runs with the same "
            "task and classes."
        )


def _check_reading(run: Run, data: Data) -> None:
    """Raise UserError where other numbers stand for the same row: a table's own columns do that."""
    held = run.read_json("data.json").get("schema") or {}
    differ = sorted(
        key
        for key in {*held, *data.schema} - {"notes"}
        if json.dumps(held.get(key)) != json.dumps(data.schema.get(key))
    )
    if differ:
        raise UserError(
            f"{data.name} is not read the way the data of {run.path} are ({', '.join(differ)} "
            "differ), so its rows have other values. Give the data that both runs were made "
            "from, or an .npz file."
        )


def _compared(a: Run, b: Run, rows: tuple[np.ndarray, np.ndarray], y: np.ndarray) -> Versus:
    task = a.task()
    of_a, of_b = answers(a, rows[0]), answers(b, rows[1])
    if task.numbers and not of_a.shape == of_b.shape == y.shape:
        raise UserError(
            f"{a.path} and {b.path} predict numbers of shape {of_a.shape} and {of_b.shape}, but "
            f"the true values have shape {y.shape}."
        )
    verified = [Verified.read(run) for run in (a, b)]
    changes = task.changes(y, of_a, of_b)
    sizes = [one.bytes[one.file] for one in verified]
    times = [one.latency_us["int8"] for one in verified]
    return Versus(
        task,
        len(y),
        task.estimate(y, of_a),
        task.estimate(y, of_b),
        task.drop(y, of_a, of_b),
        task.agreement(of_a, of_b),
        changes.broken,
        changes.fixed,
        (sizes[0], sizes[1]),
        (times[0], times[1]),
        task.least_drop(y),
    )
