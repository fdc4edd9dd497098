"""Fitness for use: what speaks against the model itself, however well its int8 file copies it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np

from export.proof.answers import SMALLEST, Outputs
from export.proof.baselines import Comparison, beside
from export.proof.finding import Finding
from export.proof.quality import Quality
from zoo import Data
from zoo.advice.repeats import find_leaks
from zoo.baselines.quick import answers
from zoo.data.splits import count_shared_rows
from zoo.metrics.intervals import Estimate
from zoo.tasks import Task, worded
from zoo.tasks.outputs import compacted
from zoo.tasks.tagging.label_table import LabelTable

FEWEST = 5  # rows of a class that is named
FOUND = 0.5  # share of a class's rows that should be found
APART = 0.05  # between validation and test rows, as a share of the metric, beside its interval
REPEATED, VARIES = 0.01, 0.05  # shares of the test rows: repeated ones; that a target varies in
COMPARED = 2000  # validation rows
FEATURES = "Look at the features, the labels and the recipe; pocketzoo advise shows what they hold."


@dataclass(frozen=True)
class Fitness:
    """What speaks against using a model.

    Attributes:
        doubts: each by itself.
        but: what a verdict that the file passed must say in the same breath, where the model is not
            surely better than an answer that looks at no row; else empty.
    """

    doubts: tuple[Finding, ...]
    but: str = ""

    @property
    def sentence(self) -> str:
        """The second sentence of a verdict."""
        if not self.doubts:
            return "Fit for use: nothing found against it."
        return "Fit for use: in doubt."

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        found = {"sentence": self.sentence, "doubts": [asdict(one) for one in self.doubts]}
        return {"fit_for_use": found}


def fitness(
    model: keras.Model,
    data: Data,
    outputs: Outputs,
    estimates: tuple[Estimate, Estimate],
    quality: Quality,
    baselines: tuple[Comparison, ...],
) -> Fitness:
    """Look for what speaks against a model.

    Args:
        model: its answers to the validation rows are compared with those to the test rows.
        data: its test part, beside which a constant and a linear model are fitted.
        outputs: for the test rows.
        estimates: the metric on the test rows, of float and int8.
        quality: of the answers to the test rows.
        baselines: fitted already; where there are none, quick ones are.
    """
    found = baselines or _quick(data, outputs)
    doubts = [
        *_beaten(data.task, estimates[1], found),
        *_targets(data, outputs.of_int8),
        *_classes(quality),
        *_apart(model, data, estimates[0]),
        *_repeated(data),
        *(Finding(*one) for one in find_leaks(data).findings()),
    ]
    return Fitness(tuple(doubts), _but(data.task, found))


def _quick(data: Data, outputs: Outputs) -> tuple[Comparison, ...]:
    """Fit a constant and, of values, a linear model, on a sample of many rows."""
    of_int8 = outputs.of_int8
    constant = data.task.constant(data.y_train, (1, *outputs.shape[1:]))
    if constant is not None:
        one = data.task.compact(constant)
        every = np.broadcast_to(one, (outputs.shape[0], *one.shape[1:]))
        return (beside(data, of_int8, "constant", False, every, 0.0),)
    asked = replace(data, x_validation=data.x_test, y_validation=data.y_test)
    return tuple(
        beside(data, of_int8, name, False, found, 0.0) for name, found in answers(asked).items()
    )


def _always(task: Task) -> str:
    return f"always answering {task.trivial}"


def _but(task: Task, found: tuple[Comparison, ...]) -> str:
    """Return what follows "passed", of a model that is not surely better than the constant."""
    for one in found:
        if one.name == "constant" and one.winner != "int8":
            beside = "worse" if one.winner == "baseline" else "not shown to be better"
            return f", but {beside} than {_always(task)}"
    return ""


def _beaten(task: Task, int8: Estimate, found: tuple[Comparison, ...]) -> Iterator[Finding]:
    """Name the constant unless int8 is surely better, and a linear model that is no worse."""
    shown = task.metric.shown
    named = {"constant": _always(task), "linear": task.words.linear}
    for one in found:
        surely = one.winner == "baseline"
        doubtful = one.winner != "int8" if one.name == "constant" else one.ahead.value >= 0
        if one.name in named and doubtful:
            said = "is better" if surely else "may do as well"
            what, values = named[one.name], f"{shown(one.estimate.value)} against int8's"
            yield Finding(f"{what} {said}: {values} {shown(int8.value)} on test rows", FEATURES)


def _targets(data: Data, of_int8: np.ndarray) -> Iterator[Finding]:
    """Name targets, of several that vary, for which a constant of the training rows is no worse."""
    if not data.task.numbers or data.y_test.shape[1] < 2:
        return
    errors = data.task.parts(data.y_train)[0].errors
    y, known = data.y_test.astype(np.float64), errors.constant(data.y_train.astype(np.float64))
    varies = (y != np.median(y, axis=0)).mean(axis=0) > VARIES
    own, constant = (
        np.array([errors.mean(*pair) for pair in zip(y.T, given.T, strict=True)])
        for given in (of_int8, np.broadcast_to(known, y.shape))
    )
    names = [str(n) for n in np.flatnonzero(varies & (own >= constant))]
    if names:
        yield Finding(f"no better than its {errors.statistic}: target {_some(names)}", FEATURES)


def _classes(quality: Quality) -> Iterator[Finding]:
    """Name what is answered for every row, what never, and classes that are seldom found."""
    names, (rows, answered, right) = quality.task.labels, _counts(quality)
    balance = "Weigh the classes (--recipe balance=weights), or add rows of the rare ones."
    single = quality.confusion is not None
    unit = "rows" if quality.task.gives == "values" else "pixels"
    if single and np.count_nonzero(answered) == 1 < np.count_nonzero(rows):
        only = names[int(answered.argmax())]
        yield Finding(f"every test row is answered {only!r}", balance)
        return
    advice = balance if single else "Add rows of the rare labels."
    never = [names[n] for n in np.flatnonzero((answered == 0) & (rows > 0))]
    if never:
        yield Finding(f"never answered: {_some(never)}, though test rows have it", advice)
    seldom = [
        f"{right[n]} of {rows[n]} {unit} of {names[n]!r}"
        for n in np.argsort(right / np.maximum(rows, 1), kind="stable")
        if rows[n] >= FEWEST and answered[n] and right[n] < FOUND * rows[n]
    ]
    if seldom:
        yield Finding(f"found: only {_some(seldom)}", advice)


def _counts(quality: Quality) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each class or label its test rows, answers, and right answers; none for numbers."""
    confusion, table = quality.confusion, quality.details.get("labels")
    if confusion is not None:
        return confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    lines = table.lines if isinstance(table, LabelTable) else ()
    counts = [(one.rows, one.answered, one.hits) for one in lines]
    rows, answered, right = np.array(counts, np.int64).reshape(-1, 3).T
    return rows, answered, right


def _repeated(data: Data) -> Iterator[Finding]:
    """Say so where more than a hundredth of the test rows are training or validation rows, too."""
    count = count_shared_rows((data.x_train, data.x_validation), data.x_test)
    if count > REPEATED * len(data.x_test):
        yield Finding(
            f"{count} of {len(data.x_test)} test rows equal training or validation rows: the "
            "figures are too optimistic",
            "Remove them from one part.",
        )


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(texts[:3]) + more


def _apart(model: keras.Model, data: Data, test: Estimate) -> Iterator[Finding]:
    """Say so where the model is surely worse on the test rows than it was on validation rows."""
    task, metric = data.task, data.task.metric
    x, y = data.x_validation[:COMPARED], data.y_validation[:COMPARED]
    if not len(x):
        return
    ending = task.ending(model)

    def logits(rows: np.ndarray) -> np.ndarray:
        return task.logits(np.asarray(model.predict(rows, verbose=0)), ending, SMALLEST)

    held = task.estimate(y, compacted(task, x, logits))
    sign = metric.better
    between = min(sign * end for end in held.ci95) - max(sign * end for end in test.ci95)
    if between > 0 and abs(held.value - test.value) > APART * max(held.value, test.value):
        values = f"{metric.shown(held.value)} on validation rows, {metric.shown(test.value)}"
        yield Finding(
            f"{worded(metric.name)} is {values} on test rows: they are of another kind",
            "Split so that validation rows are as new to the model as test rows (--group, --time).",
        )
