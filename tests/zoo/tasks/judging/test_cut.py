"""The threshold of two classes: best on held-out rows, in the bias, taken back by its record."""

from dataclasses import asdict

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score, recall_score

from zoo.tasks import Classification
from zoo.tasks.judging.cut import cut_of
from zoo.tasks.temperature import Temperature
from zoo.tasks.units import Units

NAMES = ("common", "rare")


def rows(count: int, seed: int, rare: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return classes 30 to 1, and logits of the true probabilities."""
    rng = np.random.default_rng(seed)
    y = (np.arange(count) % 31 == 0).astype(np.int64)
    z = 2.0 * y + rng.normal(size=count)
    odds = 2.0 * (z - 1.0) - np.log(30)  # of two normal densities, and the share of each
    logits = np.stack([np.zeros(count), odds], axis=1)
    return (y, logits) if rare else (1 - y, logits[:, ::-1].copy())


def moved(found: Temperature, logits: np.ndarray) -> np.ndarray:
    outputs = logits / found.divisor
    return outputs if found.shift is None else outputs + found.shift


@pytest.mark.parametrize("rare", [1, 0])
@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("balanced_accuracy", balanced_accuracy_score),
        ("macro_f1", lambda y, said: f1_score(y, said, average="macro")),
    ],
)
def test_new_rows_gain_by_it(metric: str, figure: object, rare: int) -> None:
    task = Classification(NAMES).with_metric(metric)
    found = task.adjustment(*rows(3000, 0, rare))
    assert isinstance(found, Temperature)
    y, logits = rows(3000, 1, rare)
    before, after = (figure(y, one.argmax(axis=1)) for one in (logits, moved(found, logits)))  # type: ignore[operator]
    assert after > before + 0.03
    assert (found.threshold < 0.4) == bool(rare)
    assert (found.threshold > 0.6) == (not rare)
    assert found.figure_of_it is not None
    assert found.figure_of_it[0] < found.figure_of_it[1]
    back = Temperature.undone(asdict(found), moved(found, logits))
    np.testing.assert_allclose(back, logits, atol=1e-9)
    note = Temperature.note(task, asdict(found))
    assert f"{NAMES[rare]!r} is predicted from a probability of 0." in note
    assert f"validation rows for {task.metric.worded}" in note


def test_the_best_balanced_threshold_is_that_of_equal_classes() -> None:
    """Of true probabilities it is the share of the class: Elkan 2001."""
    found = Classification(NAMES).with_metric("balanced_accuracy").adjustment(*rows(30_000, 0))
    assert isinstance(found, Temperature)
    assert found.threshold == pytest.approx(1 / 31, rel=0.4)


def test_recall_at_a_precision() -> None:
    task = Classification(NAMES).with_metric("recall_at_precision:0.5:rare")
    y, logits = rows(6000, 0)
    found = task.adjustment(y, logits)
    assert isinstance(found, Temperature)
    said = moved(found, logits).argmax(axis=1)
    assert precision_score(y, said) >= 0.5
    assert recall_score(y, said) == pytest.approx(task.score(y, logits, Units()), abs=1e-9)
    assert recall_score(y, said) > recall_score(y, logits.argmax(axis=1))


@pytest.mark.parametrize(
    ("metric", "labels", "y"),
    [
        ("accuracy", NAMES, rows(3000, 0)[0]),  # half is best, by definition
        ("log_loss", NAMES, rows(3000, 0)[0]),  # it would spoil probabilities
        ("balanced_accuracy", ("a", "b", "c"), np.arange(300) % 3),
        ("balanced_accuracy", NAMES, (np.arange(100) < 4).astype(int)),  # too few to tell
        ("roc_auc", NAMES, np.arange(300) % 2),
    ],
)
def test_none_where_it_has_no_use(metric: str, labels: tuple[str, ...], y: np.ndarray) -> None:
    task = Classification(labels).with_metric(metric)
    logits = np.random.default_rng(0).normal(size=(len(y), len(labels))) + np.eye(len(labels))[y]
    assert cut_of(task.metric, labels, y, logits) is None
    found = task.adjustment(y, logits)
    assert isinstance(found, Temperature)
    assert (found.threshold, found.shift) == (0.5, None)
    assert Temperature.note(task, {"value": 1.2}) == ""


def test_a_ranking_leaves_the_threshold_to_balanced_accuracy_where_classes_are_uneven() -> None:
    y, logits = rows(3000, 0)
    found = cut_of(Classification(NAMES).with_metric("pr_auc:rare").metric, NAMES, y, logits)
    assert found is not None
    assert found.metric == "balanced_accuracy"


def test_noise_gives_no_threshold() -> None:
    y = np.arange(200) % 2
    logits = np.random.default_rng(3).normal(size=(200, 2)) + 4.0 * np.eye(2)[y]
    task = Classification(NAMES).with_metric("balanced_accuracy")
    found = task.adjustment(y, logits)
    assert isinstance(found, Temperature)
    assert found.threshold == 0.5


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_a_baseline_answers_at_the_threshold_that_it_expects_to_be_best(metric: str) -> None:
    """So that no model wins by a threshold alone, which its baseline was not given."""
    task = Classification(NAMES).with_metric(metric)
    (_, known), (y, logits) = rows(6000, 0), rows(6000, 1)
    decided = task.decided(logits, lambda: known)
    found = task.adjustment(*rows(6000, 0))
    assert isinstance(found, Temperature)
    scores = [task.score(y, one, Units()) for one in (logits, decided, moved(found, logits))]
    assert scores[1] > scores[0] + 0.03
    assert scores[1] == pytest.approx(scores[2], abs=0.03)
    np.testing.assert_array_equal(Classification(NAMES).decided(logits, lambda: known), logits)


def test_trainings_are_compared_with_the_threshold_that_they_would_get() -> None:
    task, (y, logits) = Classification(NAMES).with_metric("balanced_accuracy"), rows(3000, 0)
    assert task.reached(y, logits, Units()) > task.score(y, logits, Units()) + 0.05
    usual = Classification(NAMES)
    assert usual.reached(y, logits, Units()) == usual.score(y, logits, Units())
