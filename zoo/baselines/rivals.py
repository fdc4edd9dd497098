"""Models that are no networks, as rows beside the trials of a search: their score and their bytes.

They are fitted to training rows and scored on validation rows, as trials are. Bytes are those of C
code with tables of numbers: a linear model has a float for each weight; of trees a node inside has
a feature, a threshold and two children (12 bytes), a leaf its value (4 bytes).
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.baselines import quick
from zoo.baselines.boosting import UNSTOPPED
from zoo.baselines.fitted import LEAVES, aim_of
from zoo.baselines.problem import Problem, problems
from zoo.data.dataset import Data
from zoo.data.kinds import TABLE, TEXT
from zoo.tasks.outputs import log_probabilities

NODE, LEAF, FLOAT = 12, 4, 4  # bytes
MOST_ROWS, MOST_VALUES = 20_000, 1_000_000  # that trees are fitted to: some seconds


@dataclass(frozen=True)
class Rival:
    """A model without a network.

    Attributes:
        name: "linear", or of a boosting library.
        trees: whether it is boosted trees.
        score: the task's metric on validation rows, as that of a trial.
        bytes: of its numbers in C code, about.
        seconds: of fitting.
    """

    name: str
    trees: bool
    score: float
    bytes: int
    seconds: float


def measure_rivals(data: Data, seed: int = 0) -> tuple[Rival, ...]:
    """Return a linear model, and boosted trees where rows are those of a table.

    None for texts, and where an answer to a row has places.

    Args:
        data: its training and validation rows; many are sampled.
        seed: of what is drawn.
    """
    if data.kind is TEXT or data.task.moves:
        return ()
    started = time.monotonic()
    linear = quick.answers(data)["linear"]
    numbers = (int(np.prod(data.input_shape)) + 1) * linear.shape[1]
    spent = round(time.monotonic() - started, 3)
    found = [Rival("linear", False, _score(data, linear), FLOAT * numbers, spent)]
    if data.kind is TABLE:
        started = time.monotonic()
        outputs, size = _trees(data, seed)
        spent = round(time.monotonic() - started, 3)
        score = _score(data, outputs)
        found.append(Rival("hist_gradient_boosting", True, score, size, spent))
    return tuple(found)


def _score(data: Data, outputs: np.ndarray) -> float:
    return float(data.task.score(data.y_validation, outputs, data.task.units(data.y_train)))


def _trees(data: Data, seed: int) -> tuple[np.ndarray, int]:
    """Return the outputs of boosted trees for the validation rows, and their bytes."""
    most = min(MOST_ROWS, MOST_VALUES // int(np.prod(data.input_shape)) + 1)
    parts, size = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for problem in problems(data):
            outputs, own = _grown(_sampled(problem, most, seed), seed)
            parts.append(outputs)
            size += own
    joined = data.task.joined(parts)
    return data.task.decided(joined, lambda: joined), size


def _sampled(problem: Problem, most: int, seed: int) -> Problem:
    if len(problem.x) <= most:
        return problem
    chosen = np.sort(np.random.default_rng(seed).choice(len(problem.x), most, replace=False))
    return replace(problem, x=problem.x[chosen], y=problem.y[chosen])


def _grown(problem: Problem, seed: int) -> tuple[np.ndarray, int]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    def fitted(make: Callable[..., Any], y: np.ndarray) -> Any:
        how = {"max_iter": UNSTOPPED, "early_stopping": False, "random_state": seed, **LEAVES[0]}
        return make(**how, **aim_of(problem)).fit(problem.x, y, problem.weights(y))

    held_out = problem.x_validation
    if not problem.classes:
        models = [fitted(HistGradientBoostingRegressor, column) for column in problem.y.T]
        outputs = np.stack([model.predict(held_out) for model in models], axis=1)
        return outputs, sum(_bytes(model) for model in models)
    model = fitted(HistGradientBoostingClassifier, problem.y)
    shares = np.zeros((len(held_out), problem.classes))
    shares[:, model.classes_] = model.predict_proba(held_out)
    return log_probabilities(shares), _bytes(model)


def _bytes(model: Any) -> int:
    """Return the bytes of the trees of a model of scikit-learn's."""
    nodes = [tree.nodes for trees in model._predictors for tree in trees]
    leaves = sum(int(one["is_leaf"].sum()) for one in nodes)
    return NODE * (sum(len(one) for one in nodes) - leaves) + LEAF * leaves
