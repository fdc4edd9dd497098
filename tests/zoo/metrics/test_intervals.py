"""Metrics and their intervals, against the textbook and simulation."""

import numpy as np
import pytest
from scipy import stats

from zoo.metrics import intervals


def test_accuracy_interval_against_the_textbook() -> None:
    got = intervals.share(np.r_[np.ones(81), np.zeros(182)].astype(bool))
    assert got.value == pytest.approx(81 / 263)
    assert got.ci95 == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert intervals.share(np.ones(20, bool)).ci95[1] == 1.0


def test_drop_covers_the_truth_and_keeps_its_width() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        right = rng.random(300) < 0.9
        flipped = rng.random(300) < 0.04
        low, high = intervals.share_drop(right, right ^ flipped).ci95
        covered += low <= 100 * 0.04 * (0.9 - 0.1) <= high
    assert covered / 400 > 0.92
    same = intervals.share_drop(np.ones(360, bool), np.ones(360, bool))
    assert same.value == 0
    assert same.ci95[0] < -0.3 < 0.3 < same.ci95[1]


def test_rmse_and_its_drop_against_numpy() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(500, 1))
    near, far = y + rng.normal(0, 1, y.shape), y + rng.normal(0, 1.1, y.shape)
    got = intervals.error(y, near)
    assert got.value == pytest.approx(np.sqrt(np.mean((y - near) ** 2)))
    chi = stats.chi2(500).ppf([0.025, 0.975])
    assert got.ci95 == pytest.approx(tuple(np.sqrt(chi / 500)), rel=0.08)
    drop = intervals.error_rise(y, near, far)
    assert drop.ci95[0] < drop.value < drop.ci95[1]
    expected = 100 * (intervals.error(y, far).value / got.value - 1)
    assert drop.value == pytest.approx(expected)


def test_one_lost_row_of_a_hundred_is_exactly_one_point() -> None:
    right = np.arange(100) < 91
    assert intervals.share_drop(right, np.arange(100) < 90).value == 1.0


def test_a_drowned_target_is_seen() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal([0, 5000], [2, 1300], (200, 2))
    near = y + rng.normal(0, [1, 300], y.shape)
    drowned = np.stack([np.zeros(200), near[:, 1]], axis=1)
    assert intervals.error_rise(y, near, drowned).value > 40  # the mean of that and of nothing
