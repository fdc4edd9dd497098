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
from zoo.baselines.boosting import PATIENCE, ROUNDS, Predict
from zoo.data.dataset import Data

# leaves and the rows each needs: scikit-learn's own, and fewer of either for small tables
LEAVES = ({"max_leaf_nodes": 31}, {"max_leaf_nodes": 8, "min_samples_leaf": 5})


@dataclass(frozen=True)
class Baseline:
    """A model fitted on the training and validation rows."""

    name: str
    trees: bool
    predict: Predict  # rows -> class scores (rows, classes), or values (rows, targets)
    seconds: float  # of fitting


def fit_baselines(data: Data, seed: int = 0) -> list[Baseline]:
    """Fit a constant, a linear model and every boosting library there is; test rows are not used.

    The number of trees, and scikit-learn's leaves, are what the validation rows favour; then the
    trees are grown once more on all rows but the test rows, as a search does with its winner.
    Without validation rows there are 100 trees.

    Args:
        data: table rows, (rows, features).
        seed: of what the libraries draw.
    """
    kinds: dict[str, tuple[bool, Callable[[Data, int], Predict]]] = {
        "constant": (False, _constant),
        "linear": (False, _linear),
        "hist_gradient_boosting": (True, _hist_gradient_boosting),
    }
    for package, fit in boosting.LIBRARIES.items():
        if find_spec(package):
            kinds[package] = True, fit
    return [_fitted(name, trees, fit, data, seed) for name, (trees, fit) in kinds.items()]


def _fitted(
    name: str, trees: bool, fit: Callable[[Data, int], Predict], data: Data, seed: int
) -> Baseline:
    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of steps that did not converge: it is a baseline
        predict = fit(data, seed)
    return Baseline(name, trees, predict, round(time.monotonic() - started, 3))


def _constant(data: Data, seed: int) -> Predict:
    """The classes' shares, or the targets' means."""
    y = data.merged().y_train
    if data.task == "classification":
        y = np.eye(data.num_outputs)[y]
    mean = y.mean(axis=0)
    return lambda x: np.tile(mean, (len(x), 1))


def _linear(data: Data, seed: int) -> Predict:
    """Logistic regression, or ridge regression with its penalty chosen by leaving rows out."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    every = data.merged()
    classes = data.task == "classification"
    last = LogisticRegression(max_iter=1000) if classes else RidgeCV(np.logspace(-3, 3, 13))
    model = make_pipeline(StandardScaler(), last).fit(every.x_train, every.y_train)
    if classes:
        return lambda x: np.asarray(model.predict_proba(x))
    return lambda x: np.asarray(model.predict(x)).reshape(len(x), -1)


def _hist_gradient_boosting(data: Data, seed: int) -> Predict:
    if data.task == "classification":
        return _best_leaves(data, data.y_train, data.y_validation, seed)
    columns = [
        _best_leaves(data, data.y_train[:, i], data.y_validation[:, i], seed)
        for i in range(data.num_outputs)
    ]
    return lambda x: np.concatenate([column(x) for column in columns], axis=1)


def _best_leaves(data: Data, y: np.ndarray, y_validation: np.ndarray, seed: int) -> Predict:
    """Grow scikit-learn's trees for classes, or for one target."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    classes = data.task == "classification"
    kind: Any = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    if not len(y_validation):
        model = kind(random_state=seed, early_stopping=False).fit(data.x_train, y)
        return _predictor(model, classes)
    tried = []
    for leaves in LEAVES:
        model = kind(
            max_iter=ROUNDS,
            early_stopping=True,
            n_iter_no_change=PATIENCE,
            random_state=seed,
            **leaves,
        ).fit(data.x_train, y, X_val=data.x_validation, y_val=y_validation)
        scores = model.validation_score_  # the first before any tree
        tried.append((float(np.max(scores)), max(1, int(np.argmax(scores))), leaves))
    _, rounds, leaves = max(tried, key=lambda one: one[0])
    model = kind(max_iter=rounds, early_stopping=False, random_state=seed, **leaves)
    model.fit(data.merged().x_train, np.concatenate([y, y_validation]))
    return _predictor(model, classes)


def _predictor(model: Any, classes: bool) -> Predict:
    if classes:
        return lambda x: np.asarray(model.predict_proba(x))
    return lambda x: np.asarray(model.predict(x))[:, None]
