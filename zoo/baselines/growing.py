"""Trees that stop where the validation loss is least, are grown again on more rows, and are tamed.

With rare classes a step of boosting can be too long: the loss rises from the first trees on, and
trees that are grown again with as many rounds end up anywhere. A linear model shows it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.baselines.plain import linear
from zoo.baselines.problem import Problem

Settings = Mapping[str, Any]
Answer = Callable[[np.ndarray], Any]  # rows -> probabilities, or values (rows,)
LEAST = 1e-15  # probability that counts
MOST_ROWS = 5000  # that the linear model is fitted to, to measure by


@dataclass(frozen=True, eq=False)
class Grown:
    """Trees by some settings, grown when they are asked for.

    Attributes:
        loss: of the stopped ones on the validation rows: log-loss, or the problem's errors.
        stopped: those grown on training rows, up to the best round.
        again: as many, grown on training and validation rows.
    """

    loss: float
    stopped: Callable[[], Answer]
    again: Callable[[], Answer]


def steady(
    problem: Problem,
    y: np.ndarray,
    held_out: np.ndarray,
    grow: Callable[[Settings], Grown],
    usual: Sequence[Settings],
    gentle: Settings,
) -> Answer:
    """Return the trees of the best settings, grown again; by `gentle` ones where those fall behind.

    Behind is what is worse on the validation rows than a linear model, or, grown on these rows too,
    than trees that have not seen them.

    Args:
        problem: its rows; y and held_out are labels of its training and validation rows.
        grow: settings -> trees.
        usual: settings to choose from.
        gentle: with a smaller rate and larger leaves.
    """
    best = min((grow(settings) for settings in usual), key=lambda one: one.loss)
    model = best.again()
    if _loss(problem, model, held_out) <= min(best.loss, _loss_of_line(problem, y, held_out)):
        return model
    calm = grow(gentle)
    if calm.loss < best.loss:
        best, model = calm, calm.again()
    return model if _loss(problem, model, held_out) <= best.loss else best.stopped()


def _loss(problem: Problem, model: Answer, held_out: np.ndarray) -> float:
    return loss(np.asarray(model(problem.x_validation)), held_out, problem)


def loss(outputs: np.ndarray, y: np.ndarray, problem: Problem) -> float:
    """Return the log-loss of probabilities (rows, classes), or the mean error of numbers."""
    if not problem.classes:
        return problem.errors.mean(y, outputs.reshape(len(y)))
    return float(-np.mean(np.log(np.maximum(outputs[np.arange(len(y)), y], LEAST))))


def _loss_of_line(problem: Problem, y: np.ndarray, held_out: np.ndarray) -> float:
    rows = np.arange(len(y))
    if len(rows) > MOST_ROWS:
        rows = np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False)
    x, own = problem.x[rows], y[rows]
    if problem.classes and len(np.unique(own)) < problem.classes:
        return float("inf")  # a class that the sample lacks has no probability
    labels = own if problem.classes else own[:, None]
    part = replace(problem, x=x, y=labels, x_validation=x[:0], y_validation=labels[:0])
    return loss(linear(part, 0)(problem.x_validation), held_out, problem)
