"""Losses of regressions by metric, beside NumPy, SciPy and scikit-learn."""

import keras
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.datasets import load_diabetes
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_absolute_percentage_error, mean_pinball_loss
from sklearn.preprocessing import StandardScaler

import zoo
from zoo.baselines import quick
from zoo.baselines.fitted import fit_baseline
from zoo.baselines.plain import ridge
from zoo.metrics.errors import SQUARES, Errors
from zoo.tasks import Regression
from zoo.tasks.losses import QuantileLoss
from zoo.tasks.units import Units

X, Y = load_diabetes(return_X_y=True)
X = StandardScaler().fit_transform(X)
BY = {
    "mae": Errors(0.5),
    "pinball:0.9": Errors(0.9),
    "pinball:0.1": Errors(0.1),
    "mape": Errors(0.5, relative=True),
    "rmse": SQUARES,
}


def compared(by: str, y: np.ndarray, predicted: np.ndarray) -> float:
    """Return what scikit-learn's metric is, up to a factor that the targets set."""
    name, _, level = by.partition(":")
    if name == "rmse":
        return float(np.mean((y - predicted) ** 2))
    if name == "mape":
        return float(mean_absolute_percentage_error(y, predicted) / np.mean(1 / y) / 2)
    return float(mean_pinball_loss(y, predicted, alpha=float(level or 0.5)))


@pytest.mark.parametrize("by", BY)
def test_errors_are_the_metric_and_the_constant_is_their_least(by: str) -> None:
    errors = BY[by]
    assert Regression(by=by).errors == errors
    noise = np.random.default_rng(0).normal(size=len(Y)) * 40
    assert errors.mean(Y, Y + noise) == pytest.approx(compared(by, Y, Y + noise))
    two = np.stack([Y, 5 + Y], axis=1)
    for column, answer in zip(two.T, errors.constant(two), strict=True):
        best = minimize_scalar(
            lambda c, y=column: errors.mean(y, np.full(len(y), c)),
            bounds=(0, 400),
            method="bounded",
        )
        assert errors.mean(column, np.full(len(column), answer)) == pytest.approx(
            best.fun, rel=1e-3
        )


@pytest.mark.parametrize("by", BY)
def test_the_loss_is_of_the_metric_in_units_of_the_targets(by: str) -> None:
    y = np.stack([Y, 1000 + 3 * Y], axis=1).astype(np.float32)
    outputs = y + np.random.default_rng(0).normal(size=y.shape).astype(np.float32) * [40, 9]
    units = Units.of(y)
    loss = Regression(by=by).loss(units=units)
    found = float(loss(units.standardize(y), units.standardize(outputs)))
    left = (y - outputs) / units.std
    level = BY[by].level
    each = left**2 if level is None else np.maximum(level * left, (level - 1) * left)
    if BY[by].relative:
        each = each * np.hypot(units.mean, units.std) / y
    assert found == pytest.approx(each.mean(), rel=1e-4)
    again = type(loss).from_config(loss.get_config())
    assert float(again(units.standardize(y), units.standardize(outputs))) == pytest.approx(found)


def test_targets_near_zero_have_an_end() -> None:
    y = np.array([[0.0], [1.0], [1e-9], [-2.0]], np.float32)
    loss = QuantileLoss(0.5, [0.0], [1.0])
    assert np.isfinite(keras.ops.convert_to_numpy(loss(y, y + 1)))
    assert np.isfinite(BY["mape"].weights(y)).all()
    assert (BY["mape"].weights(np.zeros((3, 1))) == 1).all()


@pytest.mark.parametrize("by", ["mae", "pinball:0.9", "pinball:0.1", "mape"])
def test_a_linear_model_of_quantiles_is_scikit_learns(by: str) -> None:
    errors = BY[by]
    counted = errors.weights(Y)
    level = errors.level or 0.0
    reference = QuantileRegressor(quantile=level, alpha=0.0).fit(X, Y, sample_weight=counted)
    predict = ridge(X, Y[:, None], errors, 1e-3)
    least = errors.mean(Y, reference.predict(X))
    assert least <= errors.mean(Y, predict(X)[:, 0]) + 1e-9 <= 1.005 * least + 1e-9
    assert least < errors.mean(Y, ridge(X, Y[:, None], SQUARES, 1e-3)(X)[:, 0])


@pytest.mark.parametrize("name", ["constant", "linear", "hist_gradient_boosting", "lightgbm"])
def test_baselines_are_fitted_to_the_metric(name: str) -> None:
    by = "pinball:0.9"
    data = zoo.load_data("diabetes", metric=by)
    outputs = {
        metric: fit_baseline(name, data.judged_by(metric)).predict(data.x_test)
        for metric in (by, "rmse")
    }
    scores = {m: compared(by, data.y_test, found) for m, found in outputs.items()}
    assert scores[by] < scores["rmse"]
    assert 0.8 < (data.y_test <= outputs[by]).mean() <= 1.0


def test_advice_has_the_quantile_beside_it() -> None:
    data = zoo.load_data("diabetes", metric="pinball:0.9")
    constant = np.unique(quick.answers(data)["constant"])
    assert constant == pytest.approx(np.quantile(data.y_train, 0.9))
    assert quick.measure(data)[0].what == "the 0.9 quantile of the targets"
    assert quick.measure(data.judged_by("mae"))[0].what == "the median of the targets"
    assert quick.measure(data.judged_by("rmse"))[0].what == "the mean target"
