"""Tasks: what labels are, what is minimized, what outputs mean, how they are judged.

A task joins `TASKS`, and with it the command line, the reports and the tests. Keras is imported
when a loss is asked for: a command reads its data, and refuses them, before.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.checks import one_of
from zoo.tasks.classification import Classification
from zoo.tasks.detection import Centroids, Detection
from zoo.tasks.judging.choice import spelled_name
from zoo.tasks.metric import Metric
from zoo.tasks.multilabel import Multilabel
from zoo.tasks.regression import Regression
from zoo.tasks.segmentation import Segmentation
from zoo.tasks.task import Task
from zoo.tasks.truth import Column

__all__ = [
    "FIGURES",
    "TASKS",
    "Centroids",
    "Classification",
    "Detection",
    "Metric",
    "Multilabel",
    "Regression",
    "Segmentation",
    "Task",
    "check_metric",
    "guess",
    "guess_columns",
    "meant",
    "moving",
    "recorded",
    "worded",
]

TASKS: dict[str, type[Task]] = {
    task.name: task
    for task in (Segmentation, Detection, Centroids, Multilabel, Classification, Regression)
}
# figure -> title, and what it is multiplied by to be shown
FIGURES: dict[str, tuple[str, int]] = {
    name: title for task in TASKS.values() for name, title in task.titles.items()
}


def worded(figure: str) -> str:
    """Return a figure's name as a text has it, without a unit."""
    return FIGURES[figure][0].removesuffix(" %")


def recorded(held: Mapping[str, Any]) -> Task:
    """Return the task that `data.json` names, with its labels and its metric.

    One that names no metric is of a version that knew a task's first one alone.
    """
    one_of("task", held["task"], TASKS)
    task = TASKS[held["task"]].recalled(held)
    return task.with_metric(held.get("metric", ""))


def check_metric(text: str, task: str | None) -> None:
    """Raise UserError for a metric that no task, or the one called `task`, has."""
    if task in TASKS:
        TASKS[task].check_metric(text)
        return
    name = spelled_name(text)
    known = dict.fromkeys(one.name for task in TASKS.values() for one in task.metrics)
    one_of("metric", name, known)


def moving(what: str) -> type[Task]:
    """Return the first task whose truth moves along with a picture as "mask" or as "boxes"."""
    return next(task for task in TASKS.values() if task.moves == what)


def meant(gives: str) -> str | None:
    """Return the task of a family by what it gives; None where several tasks ask for that."""
    found = [name for name, task in TASKS.items() if task.gives == gives]
    return found[0] if len(found) == 1 else None


def guess(y: np.ndarray, name: str) -> type[Task]:
    """Return the task that labels look like: the first of `TASKS` that takes them.

    Warns:
        UserWarning: float targets that look like classes.
    """
    task = next(task for task in TASKS.values() if task.takes(y))
    if task is Regression and np.array_equal(y, np.rint(y)) and len(np.unique(y)) <= 20:
        warnings.warn(
            f"{name}: y_train is {y.dtype} with only whole numbers; taken as regression targets. "
            "For classes pass integers, or task='classification'.",
            stacklevel=4,
        )
    return task


def guess_columns(columns: Mapping[str, Column], separator: str | None) -> type[Task]:
    """Return the task that the target columns of a table look like."""
    return next(task for task in TASKS.values() if task.takes_columns(columns, separator))
