"""Quality of the outputs: all metrics, the mistakes, the confidence, and each group of rows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo import Data, Run
from zoo.data.groups import MOST, name_groups
from zoo.metrics.evaluation import Figure, Pair, evaluate
from zoo.tasks import Task
from zoo.tasks.adjustment import Adjustment
from zoo.tasks.answers import Described, Mistake

SMALLEST = 5  # rows of a group that can be named the worst, where any has as many
LARGEST_CONFUSION = 100  # classes


@dataclass(frozen=True)
class Subgroup:
    """A group of test rows and its metric."""

    name: str
    rows: int
    float: Figure
    int8: Figure


@dataclass(frozen=True)
class Adjusted:
    """What the last layer was adjusted by, such as a temperature, and what that did to test rows.

    Attributes:
        kind, task: which adjusts what.
        recorded: what the run folder keeps of it.
        before: the figure that it is to make better, without it.
        details: of int8 without it; see `zoo.tasks.Task.details`.
    """

    kind: type[Adjustment]
    task: Task
    recorded: Mapping[str, Any]
    before: Pair
    details: dict[str, Any]

    @property
    def title(self) -> str:
        """Its name, with its value where that is one number."""
        return self.kind.title(self.recorded)

    @property
    def note(self) -> str:
        """A sentence on what it changes in the answers; empty for nothing."""
        return self.kind.note(self.task, self.recorded)

    def described(self, metrics: Mapping[str, Pair]) -> dict[str, Any]:
        """Return its part of `report.json`; `metrics` are those with it."""
        pair = {"before": asdict(self.before), "after": asdict(metrics[self.kind.figure])}
        return {self.kind.name: {**self.recorded, self.kind.figure: pair}}


@dataclass(frozen=True)
class Quality:
    """What the float and the int8 answers to the test rows are worth."""

    task: Task
    metrics: dict[str, Pair]  # of `zoo.metrics.evaluation.evaluate`
    details: dict[str, Any]  # of int8, by kind: see `zoo.tasks.Task.details`
    adjusted: Adjusted | None
    groups: tuple[Subgroup, ...]  # by number or name
    worst: tuple[Mistake, ...]  # test rows, the worst first

    @property
    def confusion(self) -> np.ndarray | None:
        """Int8: true class x answer, rows; None where rows have no single class."""
        found: np.ndarray | None = self.details.get("confusion")
        return found

    @property
    def shown(self) -> dict[str, Any]:
        """The details that are shown: all but the confusion of very many classes."""
        small = self.confusion is None or len(self.confusion) <= LARGEST_CONFUSION
        return {kind: one for kind, one in self.details.items() if small or kind != "confusion"}

    def rows_of_classes(self) -> list[tuple[str, int]]:
        """Return each class and its test rows; empty where no confusion of rows is shown."""
        confusion = self.shown.get("confusion")
        if confusion is None or self.task.gives != "values":
            return []
        return list(zip(self.task.labels, map(int, confusion.sum(axis=1)), strict=True))

    def worst_group(self) -> Subgroup | None:
        """Return the group with the worst int8 figure, of those that are large enough to tell."""
        large = [group for group in self.groups if group.rows >= SMALLEST] or self.groups
        sign = self.task.metric.better
        return min(large, key=lambda group: (sign * group.int8.value, -group.rows), default=None)

    def worst_mistake(self) -> tuple[str, str, int, int] | None:
        """Return the true class, the wrong answer int8 gives most, how often, and of how many."""
        if self.confusion is None:
            return None
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        truth, answer = np.unravel_index(wrong.argmax(), wrong.shape)
        names = self.task.labels[truth], self.task.labels[answer]
        count, rows = int(wrong[truth, answer]), int(self.confusion[truth].sum())
        return (*names, count, rows) if count else None

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        worst = self.worst_group()
        own = {} if self.adjusted is None else self.adjusted.described(self.metrics)
        for kind, one in self.details.items():
            if isinstance(one, Described):
                own[kind] = one.described()
        held = {
            "metrics": {name: asdict(figures) for name, figures in self.metrics.items()},
            "confusion": self._confusion(),
            "temperature": None,
            "reliability": self._reliability(),
            "groups": [asdict(group) for group in self.groups],
            "worst_group": worst and worst.name,
            "worst": [vars(one) for one in self.worst],
        }
        return held | own

    def _confusion(self) -> dict[str, Any] | None:
        table = self.shown.get("confusion")
        return None if table is None else {"classes": self.task.labels, "int8": table.tolist()}

    def _reliability(self) -> dict[str, Any] | None:
        bins = self.details.get("reliability")
        if bins is None:
            return None
        before = self.adjusted and [asdict(one) for one in self.adjusted.details["reliability"]]
        return {"before": before, "after": [asdict(one) for one in bins]}


def groups_of(data: Data, groups: np.ndarray | None) -> np.ndarray | None:
    """Return the group of each test row as text: those given, or those the data name.

    Raises:
        UserError: given ones that do not fit the test rows.
    """
    if groups is not None:
        return name_groups(groups, data)
    known = data.columns.get("groups_test")
    if known is None or len(np.unique(known)) > MOST:  # single patients, not kinds of them
        return None
    return name_groups(known, data)


def assess(
    run: Run, data: Data, of_float: np.ndarray, of_int8: np.ndarray, groups: np.ndarray | None
) -> Quality:
    """Measure the answers to the test rows.

    Args:
        run: its folder may hold what the last layer was adjusted by.
        data: its test part.
        of_float: logits or predictions of the test rows, (rows, outputs).
        of_int8: the same of the int8 file.
        groups: the name of each row's group, (rows,), if any.
    """
    task, y = data.task, data.y_test
    return Quality(
        task,
        evaluate(task, y, of_float, of_int8),
        task.details(y, of_int8),
        _adjusted(run, data, of_float, of_int8),
        () if groups is None else _subgroups(data, of_float, of_int8, groups),
        tuple(task.worst(y, of_float, of_int8)),
    )


def _adjusted(run: Run, data: Data, of_float: np.ndarray, of_int8: np.ndarray) -> Adjusted | None:
    task, y = data.task, data.y_test
    kind = task.adjusted
    if kind is None or not (run.path / f"{kind.name}.json").is_file():
        return None
    recorded = run.read_json(f"{kind.name}.json")
    plain = [kind.undone(recorded, outputs) for outputs in (of_float, of_int8)]
    before = kind.removed(task)
    found = evaluate(before, y, plain[0], plain[1], only=kind.figure)
    return Adjusted(kind, task, recorded, found[kind.figure], before.details(y, plain[1]))


def _subgroups(
    data: Data, of_float: np.ndarray, of_int8: np.ndarray, groups: np.ndarray
) -> tuple[Subgroup, ...]:
    found = []
    for name, rows in zip(*np.unique(groups, return_counts=True), strict=True):
        mine = groups == name
        y, outputs, outputs_int8 = data.y_test[mine], of_float[mine], of_int8[mine]
        metric = evaluate(data.task, y, outputs, outputs_int8, only=data.metric).get(data.metric)
        if metric is not None:  # undefined, such as a ranking of rows of one class
            found.append(Subgroup(str(name), int(rows), metric.float, metric.int8))
    return tuple(sorted(found, key=_place))


def _place(group: Subgroup) -> tuple[float, str]:
    try:
        return float(group.name), ""
    except ValueError:
        return np.inf, group.name
