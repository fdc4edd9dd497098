"""Temperature scaling: against scikit-learn's, and folded into a model."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

import zoo
from tests.helpers.instances import data_of, fill, rows
from tuning import Recipe, train
from tuning.training.adjusting import fold, measure
from zoo.metrics.classes import calibration_error, probabilities
from zoo.quantization import quantize
from zoo.quantization.calibration import predict
from zoo.quantization.layers.arithmetic import Int8
from zoo.tasks.temperature import best, of_logits


def drawn(sharpness: float, count: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Return classes and logits that are too sure of them by a factor."""
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (count, 4))
    y = (probabilities(honest).cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    return y, sharpness * honest


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_the_temperature_is_found(sharpness: float) -> None:
    y, logits = drawn(sharpness)
    found = of_logits(y, logits)
    assert found.value == pytest.approx(sharpness, rel=0.1)
    assert found.log_loss[1] < found.log_loss[0] + 2e-3
    if sharpness != 1:
        assert found.calibration_error[1] < 0.4 * found.calibration_error[0]
    identity = LogisticRegression()
    identity.classes_, identity.coef_ = np.arange(4), np.eye(4)
    identity.intercept_, identity.n_features_in_ = np.zeros(4), 4
    oracle = CalibratedClassifierCV(FrozenEstimator(identity), method="temperature")
    expected = oracle.fit(logits, y).predict_proba(logits)
    np.testing.assert_allclose(probabilities(logits / best(y, logits)), expected, atol=5e-3)


def test_a_few_right_rows_do_not_ask_for_endless_confidence() -> None:
    y = np.arange(20) % 2
    logits = 3.0 * np.eye(2)[y]
    sure = probabilities(logits / best(y, logits))[np.arange(20), y]
    np.testing.assert_allclose(sure, 21 / 22, atol=1e-3)


def test_no_temperature_where_it_does_not_help() -> None:
    rng = np.random.default_rng(0)
    values = [of_logits(rng.integers(2, size=8), rng.normal(size=(8, 2))).value for _ in range(20)]
    assert 1.0 in values


def test_no_temperature_that_makes_the_calibration_error_worse() -> None:
    """Rows that are nearly all right: the log-loss gains by more confidence, the ECE loses."""
    found, rng = 0, np.random.default_rng(0)
    for _ in range(200):
        y = rng.integers(2, size=40)
        logits = rng.normal(0, 1, (40, 2)) + 1.5 * np.eye(2)[y]
        one = of_logits(y, logits)
        worse = one.calibration_error[1] > one.calibration_error[0]
        found += worse and one.log_loss[1] < one.log_loss[0]
        assert one.value == 1.0 or not worse
    assert found


def test_folded_it_divides_the_logits_and_int8_answers_stay() -> None:
    model = fill("mlp_tiny")
    x = rows("mlp_tiny", 60)
    data = data_of(x, np.arange(60) % 2)
    before = model.predict(x, verbose=0)
    first = quantize(model, data, rows=32)
    int8 = predict(first.twin, first.rows.fed(x), Int8())
    scaled = of_logits(np.arange(60) % 2, 5.0 * before.astype(np.float64))
    assert scaled.value != 1
    fold(model, scaled)
    np.testing.assert_allclose(model.predict(x, verbose=0), before / scaled.value, rtol=1e-4)
    second = quantize(model, data, rows=32)
    np.testing.assert_allclose(
        scaled.value * predict(second.twin, second.rows.fed(x), Int8()), int8, rtol=1e-3, atol=1e-4
    )


def test_a_training_leaves_calibrated(wine: zoo.Data, folder: Path) -> None:
    run, _ = train("mlp_tiny", wine, directory=folder, recipe=Recipe(epochs=20))
    recorded = json.loads((folder / "temperature.json").read_text())
    assert recorded["rows"] == len(wine.x_validation)
    logits = run.load_model().predict(wine.x_validation, verbose=0)
    uncalibrated = calibration_error(wine.y_validation, recorded["value"] * logits)
    assert uncalibrated == pytest.approx(recorded["calibration_error"][0], abs=1e-4)


def test_what_has_no_temperature(wine: zoo.Data) -> None:
    diabetes = zoo.load_data("diabetes")
    assert measure(zoo.create_model("mlp_tiny", (10,), 1), diabetes) is None
    assert measure(zoo.create_model("mlp_tiny", (13,), 3), wine.merged()) is None
