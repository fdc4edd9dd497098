"""Two runs on the same test rows: is the new one really better, and what breaks?"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from export import intervals
from export.answers import answers
from export.intervals import Estimate
from zoo import Data, Run, UserError
from zoo.metrics import bound


@dataclass(frozen=True)
class Versus:
    """The int8 files of two runs, A and B, on the same test rows.

    Attributes:
        a, b: accuracy, or RMSE.
        worse: by how much B is worse than A: points, or percent of RMSE; paired.
        agreement: share of rows with the same class; None for regression.
        broken: class -> rows that A has right and B wrong.
        mended: class -> rows that A has wrong and B right.
        bytes: of the two files.
        latency_us: of the two files, as their own reports have it; not measured in one run.
    """

    metric: str
    rows: int
    a: Estimate
    b: Estimate
    worse: Estimate
    agreement: float | None
    broken: dict[str, int]
    mended: dict[str, int]
    bytes: tuple[int, int]
    latency_us: tuple[float, float]

    @property
    def winner(self) -> str:
        """ "a" or "b" where the interval of the difference leaves zero out, else "neither"."""
        low, high = self.worse.ci95
        return "a" if low > 0 else "b" if high < 0 else "neither"

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"winner": self.winner}

    def verdict(self, max_drop: float = 0.5) -> str:
        """Say in a sentence whether B may take A's place.

        Args:
            max_drop: points, or percent of RMSE, that B may lose at most.
        """
        unit = "points" if self.metric == "accuracy" else "% of rmse"
        low, high = self.worse.ci95
        gap = f"{-self.worse.value:+.2g} {unit}, {-high:+.2g} to {-low:+.2g}"
        if self.winner != "neither":
            better = self.winner.upper()
            return f"{better} is better on these {self.rows} rows (B against A: {gap})."
        task = "classification" if self.metric == "accuracy" else "regression"
        if high <= bound(task, max_drop, self.rows):
            return f"Neither is better, and B loses no more than {max_drop:g} {unit} ({gap})."
        return f"{self.rows} rows cannot tell them apart (B against A: {gap})."


def versus(a: Run, b: Run, data: Data | None = None) -> Versus:
    """Compare two exported runs on the same test rows.

    Args:
        a, b: the run in use, and the one to take its place.
        data: whose test rows decide; None takes those both runs were made from.

    Raises:
        UserError: runs of different data where none are given, or whose rows do not fit.
    """
    if data is None:
        hashes = [run.read_json("data.json")["hash"] for run in (a, b)]
        if hashes[0] != hashes[1]:
            raise UserError(
                f"{a.path} and {b.path} were made from different data, so that test rows of one "
                "may be training rows of the other. Give rows that neither has seen: --data DATA."
            )
        data = a.load_data()
    for run in (a, b):
        _check_reading(run, data)
        held = run.read_json("data.json")
        if held["task"] != data.task or held["class_names"] != list(data.class_names):
            raise UserError(
                f"{run.path} tells {held['class_names'] or 'numbers'}; {data.name} holds "
                f"{list(data.class_names) or 'numbers'}."
            )
    return _compared(a, b, data)


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
            f"{data.name} is read in another way than the data of {run.path} ({', '.join(differ)} "
            "differ), so that its rows are other numbers. Give both runs' own data, or an .npz."
        )


def _compared(a: Run, b: Run, data: Data) -> Versus:
    task, y = data.task, data.y_test
    of_a, of_b = answers(a, data.x_test), answers(b, data.x_test)
    reports = [run.read_json("report.json") for run in (a, b)]
    agreement, broken, mended = None, {}, {}
    if task == "classification":
        right_a, right_b = (outputs.argmax(axis=1) == y for outputs in (of_a, of_b))
        agreement = float(np.mean(of_a.argmax(axis=1) == of_b.argmax(axis=1)))
        broken = _by_class(data, right_a & ~right_b)
        mended = _by_class(data, ~right_a & right_b)
    sizes = [report["files"]["model_int8.tflite"]["bytes"] for report in reports]
    times = [report["runtimes"]["litert"]["latency_us"]["int8"] for report in reports]
    return Versus(
        data.metric,
        len(y),
        intervals.measured(task, y, of_a),
        intervals.measured(task, y, of_b),
        intervals.dropped(task, y, of_a, of_b),
        agreement,
        broken,
        mended,
        (sizes[0], sizes[1]),
        (times[0], times[1]),
    )


def _by_class(data: Data, chosen: np.ndarray) -> dict[str, int]:
    counts = np.bincount(data.y_test[chosen], minlength=data.num_outputs)
    return {name: int(n) for name, n in zip(data.class_names, counts, strict=True) if n}
