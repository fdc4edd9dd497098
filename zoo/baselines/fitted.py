"""Baselines for tables: a constant, a linear model, boosted trees.

On tables of middle size trees are hard to beat (Grinsztajn et al. 2022, arXiv:2207.08815), and
whoever trains a network there should know by how much.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from zoo.baselines import boosting
from zoo.baselines.boosting import PATIENCE, ROUNDS
from zoo.baselines.problem import Predict, Problem, each_target, problems
from zoo.data.dataset import Data
from zoo.tasks.outputs import log_probabilities

Fit = Callable[[Problem, int], Predict]
KNOWN = 2000  # training rows whose outputs say where to decide
PENALTIES = np.logspace(-3, 3, 13)
# leaves and the rows each needs: scikit-learn's own, and fewer of either for small tables
LEAVES = ({"max_leaf_nodes": 31}, {"max_leaf_nodes": 8, "min_samples_leaf": 5})


@dataclass(frozen=True)
class Baseline:
    """A model fitted on the training and validation rows."""

    name: str
    trees: bool
    predict: Predict  # rows -> outputs, as a model of the task gives them
    seconds: float  # of fitting


def fit_baselines(data: Data, seed: int = 0) -> list[Baseline]:
    """Fit a constant, a linear model and every boosting library there is; test rows are not used.

    The number of trees, and scikit-learn's leaves, are what the validation rows favor; then the
    trees are grown once more on all rows but the test rows, as a search does with its winner.
    Without validation rows there are 100 trees.

    Args:
        data: table rows, (rows, features).
        seed: of what the libraries draw.
    """
    kinds: dict[str, tuple[bool, Fit]] = {
        "constant": (False, _constant),
        "linear": (False, _linear),
        "hist_gradient_boosting": (True, _hist_gradient_boosting),
    }
    for package, fit in boosting.LIBRARIES.items():
        if find_spec(package):
            kinds[package] = True, fit
    return [_fitted(name, trees, fit, data, seed) for name, (trees, fit) in kinds.items()]


def _fitted(name: str, trees: bool, fit: Fit, data: Data, seed: int) -> Baseline:
    started = time.monotonic()
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of steps that did not converge: it is a baseline
        for problem in problems(data):
            predict = fit(problem, seed)
            found.append(_logarithm(predict) if problem.classes else predict)

    def joined(x: np.ndarray) -> np.ndarray:
        return data.task.joined([of(x) for of in found])

    def known() -> np.ndarray:
        return joined(data.x_train[:KNOWN])

    seconds = round(time.monotonic() - started, 3)
    return Baseline(name, trees, lambda x: data.task.decided(joined(x), known), seconds)


def _logarithm(predict: Predict) -> Predict:
    return lambda x: log_probabilities(predict(x))


def _constant(problem: Problem, seed: int) -> Predict:
    """The classes' shares, or the targets' means."""
    y = problem.y_all
    mean = (np.eye(problem.classes)[y] if problem.classes else y).mean(axis=0)
    return lambda x: np.tile(mean, (len(x), 1))


def _linear(problem: Problem, seed: int) -> Predict:
    """Logistic regression, or ridge regression with its penalty chosen by leaving rows out."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    last = LogisticRegression(max_iter=1000) if problem.classes else RidgeCV(PENALTIES)
    model = make_pipeline(StandardScaler(), last).fit(problem.x_all, problem.y_all)
    if problem.classes:
        return lambda x: np.asarray(model.predict_proba(x))
    return lambda x: np.asarray(model.predict(x)).reshape(len(x), -1)


def _hist_gradient_boosting(problem: Problem, seed: int) -> Predict:
    return each_target(problem, lambda y, held: _best_leaves(problem, y, held, seed))


def _best_leaves(
    problem: Problem, y: np.ndarray, y_validation: np.ndarray, seed: int
) -> Callable[[np.ndarray], Any]:
    """Grow scikit-learn's trees for classes, or for one target."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    classes = problem.classes > 0
    kind: Any = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    if not len(y_validation):
        model = kind(random_state=seed, early_stopping=False).fit(problem.x, y)
        return model.predict_proba if classes else model.predict  # type: ignore[no-any-return]
    tried = []
    for leaves in LEAVES:
        model = kind(
            max_iter=ROUNDS,
            early_stopping=True,
            n_iter_no_change=PATIENCE,
            random_state=seed,
            **leaves,
        ).fit(problem.x, y, X_val=problem.x_validation, y_val=y_validation)
        scores = model.validation_score_  # the first before any tree
        tried.append((float(np.max(scores)), max(1, int(np.argmax(scores))), leaves))
    _, rounds, leaves = max(tried, key=lambda one: one[0])
    model = kind(max_iter=rounds, early_stopping=False, random_state=seed, **leaves)
    model.fit(problem.x_all, np.concatenate([y, y_validation]))
    return model.predict_proba if classes else model.predict  # type: ignore[no-any-return]
