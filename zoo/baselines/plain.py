"""Baselines that take no time: a constant, and a linear model."""

from typing import Any

import numpy as np

from zoo.baselines.problem import Predict, Problem
from zoo.metrics.errors import Errors

STEPS, FINEST = 30, 1e-3  # of quantiles: steps, and the least error, in standard deviations
PENALTIES = np.logspace(-3, 3, 13)


def constant(problem: Problem, seed: int) -> Predict:
    """The classes' shares, or the targets' means or quantiles."""
    y = problem.y_all
    shares = np.eye(problem.classes)[y].mean(axis=0) if problem.classes else None
    answer = problem.errors.constant(y) if shares is None else shares
    return lambda x: np.tile(answer, (len(x), 1))


def linear(problem: Problem, seed: int) -> Predict:
    """Logistic regression, or ridge regression with its penalty chosen by leaving rows out."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    last = LogisticRegression(max_iter=1000) if problem.classes else RidgeCV(PENALTIES)
    model = make_pipeline(StandardScaler(), last).fit(problem.x_all, problem.y_all)
    if problem.classes:
        return lambda x: np.asarray(model.predict_proba(x))
    if problem.errors.level is None:
        return lambda x: np.asarray(model.predict(x)).reshape(len(x), -1)
    scaled = model[0].transform(problem.x_all)
    predict = ridge(scaled, problem.y_all, problem.errors, float(last.alpha_))
    return lambda x: predict(model[0].transform(x))


def ridge(x: np.ndarray, y: np.ndarray, errors: Errors, penalty: float) -> Predict:
    """Return ridge regression for errors; of quantiles by squares that are weighed anew each step.

    Args:
        x, y: (rows, features), and targets, (rows, targets).
        errors: what is minimized.
        penalty: of squared errors, in units of these.
    """
    from sklearn.linear_model import Ridge

    if errors.level is None:
        model = Ridge(alpha=penalty).fit(x, y)
        return lambda rows: np.asarray(model.predict(rows)).reshape(len(rows), -1)
    columns = [_quantile_ridge(x, column, errors, penalty) for column in y.T]
    return lambda rows: np.stack([column.predict(rows) for column in columns], axis=1)


def _quantile_ridge(x: np.ndarray, y: np.ndarray, errors: Errors, penalty: float) -> Any:
    """Fit one target: |e| is e squared over |e|, whose weight comes from the step before."""
    from sklearn.linear_model import Ridge

    level, counted, model = errors.level or 0.0, errors.weights(y), Ridge(alpha=penalty)
    model.fit(x, y, counted)
    for _ in range(STEPS):
        left = y - model.predict(x)
        size = np.maximum(np.abs(left), FINEST * (y.std() or 1.0))
        weights = counted * np.where(left > 0, level, 1 - level) / size
        model.fit(x, y, weights / weights.mean())
    return model
