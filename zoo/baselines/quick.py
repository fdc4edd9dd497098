"""Baselines without a network: the most frequent class or the mean, and a linear model."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from zoo.baselines.plain import ridge
from zoo.baselines.problem import Problem, problems
from zoo.data.dataset import Data
from zoo.metrics.evaluation import Figure, evaluate

WORK = 60_000_000  # rows x features x classes of the linear model; seconds
STEPS = 100  # of its solver


@dataclass(frozen=True)
class Baseline:
    """A model that costs nothing, and its figures on the validation rows."""

    name: str
    what: str
    rows: int  # training rows it has seen
    figures: dict[str, Figure]


def measure(data: Data) -> tuple[Baseline, ...]:
    """Return the trivial model and the linear one."""
    words, (found, used) = data.task.words, _answered(data)
    constant = data.task.trivial
    return (
        Baseline("trivial", constant, len(data.x_train), _figures(data, found["constant"])),
        Baseline("linear", words.linear, used, _figures(data, found["linear"])),
    )


def answers(data: Data) -> dict[str, np.ndarray]:
    """Return the outputs of "constant" and "linear" for the validation rows, (rows, outputs)."""
    return _answered(data)[0]


def _answered(data: Data) -> tuple[dict[str, np.ndarray], int]:
    """Return the outputs, and how many training rows the linear model is fitted to."""
    task, found = data.task, problems(data)
    classes = max(1, len(data.class_names))
    most = max(1000, WORK // (int(np.prod(data.input_shape)) * classes))
    chosen = _sample(found, len(data.x_train), most)
    constant = task.joined([_trivial(problem) for problem in found])
    linear = task.joined([_linear(problem, chosen) for problem in found])
    outputs = {
        "constant": task.decided(constant, lambda: constant),
        "linear": task.decided(linear, lambda: linear),
    }
    return outputs, len(chosen)


def _trivial(problem: Problem) -> np.ndarray:
    """Return what looks at no row: log-shares (rows, classes), or a constant (rows, targets)."""
    if not problem.classes:
        return np.broadcast_to(problem.errors.constant(problem.y), problem.y_validation.shape)
    shares = np.bincount(problem.y, minlength=problem.classes) / len(problem.y)
    return np.tile(np.log(shares + 1e-9), (len(problem.x_validation), 1))


def _linear(problem: Problem, chosen: np.ndarray) -> np.ndarray:
    return _logistic(problem, chosen) if problem.classes else _ridge(problem, chosen)


def _sample(found: list[Problem], rows: int, most: int) -> np.ndarray:
    """Return the places of about so many rows, one of each class of a problem among them."""
    if rows <= most:
        return np.arange(rows)
    chosen = np.random.default_rng(0).choice(rows, most, replace=False)
    each = [np.unique(one.y, return_index=True)[1] for one in found if one.classes]
    return np.unique(np.concatenate([chosen, *each]))


def _figures(data: Data, outputs: np.ndarray) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    for name in data.task.compared:
        pairs = evaluate(data.task, data.y_validation, outputs, outputs, only=name)
        found |= {name: one.float for name, one in pairs.items()}
    return found


def _logistic(problem: Problem, chosen: np.ndarray) -> np.ndarray:
    """Return log-probabilities of the validation rows, (rows, classes)."""
    x, held_out = _standardized(problem, chosen)
    model = LogisticRegression(max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough for a baseline
        model.fit(x, problem.y[chosen])
    outputs = np.full((len(held_out), problem.classes), -1e3)  # of classes not in the sample
    with np.errstate(divide="ignore"):  # of what cannot be
        outputs[:, model.classes_] = np.maximum(model.predict_log_proba(held_out), -1e3)
    return outputs


def _ridge(problem: Problem, chosen: np.ndarray) -> np.ndarray:
    """Return predictions for the validation rows, (rows, targets)."""
    x, held_out = _standardized(problem, chosen)
    penalty = float(x.shape[1])  # a prior worth a row per feature
    predict = ridge(x, problem.y[chosen], problem.errors, penalty)
    return predict(held_out).reshape(problem.y_validation.shape)


def _standardized(problem: Problem, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = problem.x[chosen].reshape(len(chosen), -1)
    held_out = problem.x_validation.reshape(len(problem.x_validation), -1)
    mean, std = (one(axis=0, dtype=np.float64) for one in (x.mean, x.std))
    std = np.where(std > 1e-6 * np.abs(mean), std, 1)
    parts = [((part - mean) / std).astype(np.float32) for part in (x, held_out)]
    return parts[0], parts[1]
