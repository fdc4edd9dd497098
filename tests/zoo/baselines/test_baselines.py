"""Baselines of a table, who wins, and how far a regression errs."""

from dataclasses import replace

import numpy as np
import pytest

import zoo
from export.proof import baselines as comparison
from export.proof.baselines import Comparison, compare, verdict
from export.proof.conformal import half_widths, prediction_interval
from export.proof.fitting import Answered
from tests.helpers.instances import data_of
from tuning.training.heldout import held_out_file, held_out_rows
from zoo.baselines.boosting import LIBRARIES
from zoo.baselines.fitted import fit_baselines
from zoo.metrics import intervals
from zoo.metrics.intervals import Estimate
from zoo.tasks import TASKS, Classification, Regression

TREES = ("hist_gradient_boosting", "lightgbm")


def blind(data: zoo.Data) -> zoo.Data:
    """Return data whose test rows cannot be used."""
    return replace(data, x_test=np.full_like(data.x_test, np.nan))


def test_trees_and_line_beat_the_constant(wine: zoo.Data) -> None:
    found = {one.name: one for one in fit_baselines(blind(wine))}
    assert tuple(found)[:4] == ("constant", "linear", *TREES)
    outputs = {name: one.predict(wine.x_test) for name, one in found.items()}
    right = {name: (y.argmax(axis=1) == wine.y_test).mean() for name, y in outputs.items()}
    assert right["constant"] == pytest.approx(np.bincount(wine.y_test).max() / len(wine.y_test))
    assert min(right[name] for name in ("linear", *TREES)) > 0.9
    assert [name for name, one in found.items() if one.trees][:2] == list(TREES)
    for y in outputs.values():
        np.testing.assert_allclose(np.exp(y).sum(axis=1), 1, atol=1e-5)


def two_targets(count: int) -> zoo.Data:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, 4)).astype(np.float32)
    y = np.stack([np.sin(2 * x[:, 0]), 100 * x[:, 1] * x[:, 2]], axis=1).astype(np.float32)
    cut = [int(0.6 * count), int(0.8 * count)]
    parts = [part for pair in zip(np.split(x, cut), np.split(y, cut), strict=True) for part in pair]
    return zoo.Data("two", "two", 0, Regression(), "sha256:0", *parts)


def test_regression_of_two_targets() -> None:
    data = two_targets(600)
    found = {one.name: one.predict(data.x_test) for one in fit_baselines(blind(data))}
    np.testing.assert_allclose(found["constant"][0], data.merged().y_train.mean(axis=0), rtol=1e-5)
    spread = data.y_test.std(axis=0)
    for name in TREES:
        errors = np.sqrt(np.mean((found[name] - data.y_test) ** 2, axis=0))
        assert (errors < 0.8 * spread).all(), name


def test_without_validation_rows_there_are_a_hundred_trees() -> None:
    x = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    data = data_of(x, (x[:, 0] > 0).astype(np.int64))
    for one in fit_baselines(data):
        assert (one.predict(x).argmax(axis=1) == data.y_train).mean() > (0.9 if one.trees else 0.4)


def test_images_have_no_baselines(digits: zoo.Data) -> None:
    assert compare(digits, np.zeros((len(digits.x_test), 10))) == ((), ())


def test_libraries_go_by_the_name_they_are_imported_by() -> None:
    assert list(LIBRARIES) == ["lightgbm", "xgboost", "catboost"]


@pytest.mark.parametrize(
    ("better", "worse", "winner", "said"),
    [
        (40, 0, "baseline", "trees win by 40 points ("),
        (0, 40, "int8", "this model wins by 40 points ("),
        (3, 2, "neither", "no difference that 100 test rows can show (+1 points for the trees"),
    ],
)
def test_who_wins(better: int, worse: int, winner: str, said: str) -> None:
    trees, int8 = np.ones(100, bool), np.ones(100, bool)
    int8[:better] = False
    trees[better : better + worse] = False
    ahead = intervals.share_drop(trees, int8)
    one = Comparison("hist_gradient_boosting", True, intervals.share(trees), ahead, 0.1)
    linear = replace(one, name="linear", trees=False, estimate=Estimate(1.0, (1, 1), (1, 1)))
    assert one.winner == winner == one.to_json()["winner"]
    sentence = verdict((linear, one), Classification().metric, intervals.share(int8), 100)
    assert f"this model {int8.mean():.4g}: {said}" in sentence


def test_the_best_of_the_trees_by_rmse_is_the_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    data = two_targets(200)
    y = data.y_test
    fitted = [
        Answered("worse", y + 100.0),
        Answered("best", y + 25.0),
        Answered("worst", y + 150.0),
    ]
    monkeypatch.setattr(comparison, "answered", lambda data: fitted)
    monkeypatch.setattr(comparison, "has_trees", lambda name: True)
    found, _ = compare(data, y + 50.0)
    assert [one.winner for one in found] == ["int8", "baseline", "int8"]
    assert found[1].ahead.value == pytest.approx(100, rel=1e-3)
    own = intervals.error(y, y + 50.0)
    assert "trees (best) 25, this model 50: trees win by" in verdict(
        found, Regression().metric, own, 40
    )


def test_half_widths_are_the_ranks_of_split_conformal() -> None:
    errors = np.stack([np.arange(1, 20), -np.arange(1, 20) * 10.0], axis=1)  # 19 rows: rank 18
    assert half_widths(errors) == (18.0, 180.0)
    assert half_widths(errors[:8]) is None
    assert half_widths(errors[:9]) == (9.0, 90.0)
    assert prediction_interval(errors[:8], errors) is None


def test_intervals_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(400):
        widths = half_widths(rng.normal(size=(30, 1)))
        assert widths is not None
        shares.append((np.abs(rng.normal(size=100)) <= widths[0]).mean())
    assert 0.89 < np.mean(shares) < 0.92  # 28 of 31


def test_the_coverage_is_that_of_the_test_rows() -> None:
    found = prediction_interval(np.arange(1.0, 20.0)[:, None], np.linspace(-20, 20, 41)[:, None])
    assert found is not None
    assert (found.half_width, found.rows) == ((18.0,), 19)
    assert found.coverage[0].value == pytest.approx(37 / 41)


@pytest.mark.parametrize(
    ("task", "refit", "count", "kept"),
    [
        ("regression", True, 40, 20),
        ("regression", True, 19, 0),
        ("regression", True, 5000, 1000),
        ("regression", False, 40, 40),
        ("classification", True, 40, 0),
    ],
)
def test_rows_that_a_refit_leaves_out(task: str, refit: bool, count: int, kept: int) -> None:
    x = np.arange(count, dtype=np.float32)[:, None]
    parts = (x[:3], x[:3], x, x, x[:3], x[:3])
    data = zoo.Data("rows", "rows", 0, TASKS[task](), "sha256:0", *parts)
    rows = held_out_rows(data, refit)
    assert len(rows) == len({*rows}) == kept
    seen = data.merged(rows)
    assert len(seen.x_train) == 3 + count - kept
    np.testing.assert_array_equal(seen.x_validation[:, 0], rows)
    assert bool(held_out_file(data, rows)) == (task == "regression")
