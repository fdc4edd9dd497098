"""Metrics of several labels a row: against scikit-learn, at the edges, and by simulation."""

import numpy as np
import pytest
from sklearn import metrics

from zoo.metrics import labels
from zoo.metrics.bootstrap import resampled_means, resamples
from zoo.metrics.weighted import once


def answers(rows: int, seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return labels that go together, and what was answered."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(rows, 1))
    wanted = rng.normal(size=(rows, 4)) + shared - [0, 0.3, 0.6, 1.5]
    return wanted > 0, wanted + rng.normal(0, noise, (rows, 4)) > 0


def test_labels_that_are_nowhere_do_not_count() -> None:
    y, said = answers(80, 0)
    y[:, 2], said[:, 2] = False, False
    y[:, 3], said[:, 3] = False, np.arange(80) == 5  # answered once, never true
    expected = metrics.f1_score(y, said, average="macro", zero_division=np.nan)
    value = labels.macro_f1(y, said).at(once(80))[0]
    assert value == pytest.approx(expected)
    assert value == pytest.approx(labels.estimate(y, said).value)
    nothing = np.zeros((9, 3), bool)
    assert labels.macro_f1(nothing, nothing).at(once(9)) == [1.0]
    assert labels.micro_f1(nothing, nothing).at(once(9)) == [1.0]
    assert labels.mean_average_precision(nothing, np.zeros((9, 3))) is None


def test_average_precision_with_ties() -> None:
    rng = np.random.default_rng(0)
    for levels in (2, 5, 1000):
        mine, scores = rng.random(60) < 0.3, rng.integers(levels, size=60)
        expected = metrics.average_precision_score(mine, scores)
        assert labels.average_precision(mine, scores)(once(60))[0] == pytest.approx(expected)
    lacking = np.where(mine, 0.0, 1.0)[None]
    assert np.isnan(labels.average_precision(mine, scores)(lacking)[0])


def test_the_interval_of_mean_average_precision_holds_its_value() -> None:
    rng = np.random.default_rng(0)
    for _ in range(8):
        y, scores = rng.random((36, 40)) < 0.2, rng.normal(size=(36, 40))
        measure = labels.mean_average_precision(y, scores)
        assert measure is not None
        value = float(measure.at(once(36))[0])
        samples = np.concatenate([measure.at(w) for w in resamples(np.zeros(36, int))])
        low, high = measure.interval(value, samples)
        assert low < value < high


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_intervals_hold_the_truth(noise: float) -> None:
    """Of 200 intervals of 120 rows at least 90 % hold the figure of 200,000 rows."""
    everything = answers(200_000, 1, noise)
    truth = [
        float(measure(*everything).at(once(200_000))[0])
        for measure in (labels.macro_f1, labels.micro_f1)
    ]
    held = np.zeros(2, int)
    for seed in range(200):
        y, said = answers(120, 1000 + seed, noise)
        samples = labels.pooled_f1(resampled_means(labels.columns(y, said)))
        micro = labels.micro_f1(y, said).interval(0.0, samples)
        ends = (labels.estimate(y, said).ci95, micro)
        held += [low <= value <= high for value, (low, high) in zip(truth, ends, strict=True)]
    assert held.min() >= 180, held


def test_a_drop_of_nothing_keeps_its_width() -> None:
    y, said = answers(100, 0)
    same = labels.drop(y, said, said)
    assert same.value == 0
    assert same.bootstrap95 == (0, 0)
    assert -20 < same.ci95[0] < -1
    assert 1 < same.ci95[1] < 20
    right = labels.estimate(y, y)
    assert right.value == right.ci95[1] == 1
    assert 0.8 < right.ci95[0] < 1
