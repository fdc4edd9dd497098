"""Baselines for tables: a constant, a linear model, boosted trees.

On tables of middle size trees are hard to beat (Grinsztajn et al. 2022, arXiv:2207.08815), and
whoever trains a network there should know by how much.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from zoo.baselines.boosting import LIBRARIES, PATIENCE, ROUNDS, UNSTOPPED
from zoo.baselines.growing import Grown, Settings, steady
from zoo.baselines.plain import constant, linear
from zoo.baselines.problem import Predict, Problem, each_target, problems
from zoo.data.dataset import Data
from zoo.tasks.outputs import log_probabilities

Fit = Callable[[Problem, int], Predict]
KNOWN = 2000  # training rows whose outputs say where to decide
# leaves and the rows each needs: scikit-learn's own, and fewer of either for small tables
LEAVES = ({"max_leaf_nodes": 31}, {"max_leaf_nodes": 8, "min_samples_leaf": 5})
GENTLE = {"learning_rate": 0.03, "min_samples_leaf": 50}


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
    return [fit_baseline(name, data, seed) for name in names()]


def names() -> list[str]:
    """Return the baselines that can be fitted here: what is cheap first."""
    return [name for name in KINDS if name not in LIBRARIES or find_spec(name)]


def import_all() -> None:
    """Import what fits would import, for a process that forks for each of them."""
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.pipeline
    import sklearn.preprocessing  # noqa: F401

    for name in names():
        if name in LIBRARIES:
            import_module(name)


def has_trees(name: str) -> bool:
    """Return whether a baseline of this name is boosted trees."""
    return KINDS[name][0]


def fit_baseline(name: str, data: Data, seed: int = 0) -> Baseline:
    """Fit one of `names`; see `fit_baselines`."""
    trees, fit = KINDS[name]
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


def _hist_gradient_boosting(problem: Problem, seed: int) -> Predict:
    return each_target(problem, lambda y, held: _best_leaves(problem, y, held, seed))


def _best_leaves(
    problem: Problem, y: np.ndarray, y_validation: np.ndarray, seed: int
) -> Callable[[np.ndarray], Any]:
    """Grow scikit-learn's trees for classes, or for one target."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    classes = problem.classes > 0
    kind: Any = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor

    aim = aim_of(problem)

    def grown(x: np.ndarray, labels: np.ndarray, rounds: int, settings: Settings) -> Any:
        model = kind(max_iter=rounds, early_stopping=False, random_state=seed, **aim, **settings)
        model.fit(x, labels, problem.weights(labels))
        return model.predict_proba if classes else model.predict

    def grow(settings: Settings) -> Grown:
        model = kind(
            max_iter=ROUNDS,
            early_stopping=True,
            n_iter_no_change=PATIENCE,
            random_state=seed,
            **aim,
            **settings,
        ).fit(
            problem.x,
            y,
            problem.weights(y),
            X_val=problem.x_validation,
            y_val=y_validation,
            sample_weight_val=problem.weights(y_validation),
        )
        scores = model.validation_score_  # the first before any tree; of numbers half the square
        rounds = max(1, int(np.argmax(scores)))
        every = np.concatenate([y, y_validation])
        return Grown(
            -float(np.max(scores)) * (1 if classes or aim else 2),
            lambda: grown(problem.x, y, rounds, settings),
            lambda: grown(problem.x_all, every, rounds, settings),
        )

    if not len(y_validation):
        return grown(problem.x, y, UNSTOPPED, {})  # type: ignore[no-any-return]
    return steady(problem, y, y_validation, grow, LEAVES, GENTLE)


def aim_of(problem: Problem) -> Settings:
    """Return what scikit-learn's trees are to minimize, where it is not what they usually do."""
    level = problem.errors.level
    return {} if level is None else {"loss": "quantile", "quantile": level}


KINDS: dict[str, tuple[bool, Fit]] = {  # whether it is trees, and how it is fitted
    "constant": (False, constant),
    "linear": (False, linear),
    "hist_gradient_boosting": (True, _hist_gradient_boosting),
    **{name: (True, fit) for name, fit in LIBRARIES.items()},
}
