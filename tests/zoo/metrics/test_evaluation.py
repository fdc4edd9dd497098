"""Every figure against scikit-learn, on all rows and on resamples; intervals by simulation."""

import numpy as np
import pytest
from sklearn import metrics

from zoo.metrics.bootstrap import resamples
from zoo.metrics.classes import calibration_error, confusion, probabilities
from zoo.metrics.evaluation import evaluate
from zoo.metrics.intervals import mean_of_shares, wilson
from zoo.metrics.weighted import once
from zoo.tasks import Classification, Regression


def answers(classes: int, rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return classes in order, and logits that know something of them, with ties."""
    rng = np.random.default_rng(seed)
    y = np.sort(np.minimum(rng.integers(classes, size=rows), rng.integers(classes, size=rows)))
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), y] += 1
    return y, np.round(4 * logits) / 4


def of_scikit_learn(y: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    p, chosen = probabilities(logits), logits.argmax(axis=1)
    score = p[:, 1] if p.shape[1] == 2 else p
    labels = np.arange(p.shape[1])
    return {
        "accuracy": metrics.accuracy_score(y, chosen),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, chosen),
        "macro_f1": metrics.f1_score(y, chosen, average="macro"),
        "roc_auc": metrics.roc_auc_score(y, score, multi_class="ovr"),
        "log_loss": metrics.log_loss(y, p, labels=labels),
        "brier": metrics.brier_score_loss(y, score, labels=labels),
    }


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_figures_of_classes_against_scikit_learn(classes: int) -> None:
    y, logits = answers(classes)
    figures = Classification().figures(y, logits)
    assert set(figures) == {*of_scikit_learn(y, logits), "ece"}
    for name, expected in of_scikit_learn(y, logits).items():
        assert figures[name].at(once(len(y)))[0] == pytest.approx(expected), name
    weights = next(resamples(y))[:3]
    for row in weights.astype(int):
        drawn = np.repeat(np.arange(len(y)), row)
        np.testing.assert_array_equal(y[drawn], y)  # within each class
        for name, expected in of_scikit_learn(y[drawn], logits[drawn]).items():
            tolerance = 5e-3 if name == "roc_auc" else 1e-5  # an area is linear to first order
            got = figures[name].at(row[None].astype(np.float32))[0]
            assert got == pytest.approx(expected, abs=tolerance), name


@pytest.mark.parametrize("targets", [1, 2])
def test_figures_of_regression_against_scikit_learn(targets: int) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(5, 1, (300, targets)) * [1, 10][:targets]
    predicted = y + rng.normal(0, 0.5, y.shape)
    figures = Regression().figures(y, predicted)
    for row in [np.ones(300, int), *next(resamples(np.zeros(300, int)))[:3].astype(int)]:
        drawn = np.repeat(np.arange(300), row)
        pair = y[drawn], predicted[drawn]
        for name, expected in {
            "rmse": np.sqrt(metrics.mean_squared_error(*pair)),
            "mae": metrics.mean_absolute_error(*pair),
            "mape": metrics.mean_absolute_percentage_error(*pair),
            "r2": metrics.r2_score(*pair),
        }.items():
            assert figures[name].at(row[None] * 1.0)[0] == pytest.approx(expected), name


def test_calibration_error_and_confusion() -> None:
    y = np.repeat([0, 1], [60, 40])  # right in 60 % of rows, sure to 80 %
    logits = np.tile(np.log([0.8, 0.2]), (100, 1))
    assert calibration_error(y, logits) == pytest.approx(0.2)
    y, logits = answers(4)
    expected = metrics.confusion_matrix(y, logits.argmax(axis=1), labels=range(4))
    np.testing.assert_array_equal(confusion(y, logits), expected)


def test_intervals_cover_fresh_samples() -> None:
    """Of samples of one source, few have a truth outside their interval."""
    truth = {name: one.float.value for name, one in compared(*answers(3, 20_000, 1)).items()}
    outside = dict.fromkeys(truth, 0)
    for seed in range(60):
        for name, one in compared(*answers(3, 300, 100 + seed)).items():
            outside[name] += not one.float.ci95[0] <= truth[name] <= one.float.ci95[1]
    assert all(count <= 9 for name, count in outside.items() if name != "ece"), outside


def compared(y: np.ndarray, logits: np.ndarray) -> dict[str, object]:
    return evaluate(Classification(), y, logits, logits)


def test_int8_beside_float() -> None:
    y, logits = answers(3)
    coarse = np.round(logits)
    found = evaluate(Classification(), y, logits, coarse)
    same = evaluate(Classification(), y, logits, logits)
    for name, one in found.items():
        assert one.difference.value == pytest.approx(one.int8.value - one.float.value)
        assert one.difference.ci95[0] <= one.difference.value <= one.difference.ci95[1]
        assert same[name].difference.ci95 == (0, 0)
        assert one.float == same[name].float
        assert one.float.ci95[0] <= one.float.value <= one.float.ci95[1]
    shuffled = np.random.default_rng(0).permutation(len(y))
    again = evaluate(Classification(), y[shuffled], logits[shuffled], coarse[shuffled])
    for name, one in again.items():
        assert one.int8.value == pytest.approx(found[name].int8.value)
    assert list(evaluate(Classification(), y, logits, coarse, only="ece")) == ["ece"]


def test_intervals_of_shares_keep_their_width() -> None:
    y = np.arange(30) % 3
    found = evaluate(Classification(), y, 9.0 * np.eye(3)[y], 9.0 * np.eye(3)[y])
    for name in ("accuracy", "balanced_accuracy"):
        assert found[name].int8.value == pytest.approx(1)
        assert 0.7 < found[name].int8.ci95[0] < 0.95
        assert found[name].int8.ci95[1] == 1
    low, high = mean_of_shares(np.array([45, 3]), np.array([50, 10]))
    ends = np.array([wilson(45, 50), wilson(3, 10)])
    assert 0.6 - low == pytest.approx(np.hypot(0.9 - ends[0, 0], 0.3 - ends[1, 0]) / 2)
    assert high - 0.6 == pytest.approx(np.hypot(ends[0, 1] - 0.9, ends[1, 1] - 0.3) / 2)


def test_what_is_undefined_is_left_out() -> None:
    logits = np.random.default_rng(0).normal(size=(12, 3))
    absent = evaluate(Classification(), np.arange(12) % 2, logits, logits)  # no row of class 2
    assert np.isfinite([one.float.value for one in absent.values()]).all()
    assert "roc_auc" not in evaluate(Classification(), np.ones(12, int), logits, logits)
    one_row = evaluate(Classification(), np.ones(1, int), logits[:1], logits[:1])
    assert one_row["log_loss"].float.value > 0
    y = np.zeros((12, 1))
    assert set(evaluate(Regression(), y, y + 1, y + 1)) == {"rmse", "mae"}
    assert "mape" not in evaluate(Regression(), np.arange(12.0)[:, None], y, y)
