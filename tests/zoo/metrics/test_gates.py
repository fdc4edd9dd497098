"""Gates of a verdict: what must fail, what must pass, and what so few rows cannot tell."""

from collections.abc import Callable

import numpy as np
import pytest

from zoo.metrics.gates import FAILED, NOT_SHOWN, PASSED, Gate
from zoo.tasks import Classification, Multilabel, Regression, Task

Case = tuple[np.ndarray, np.ndarray, np.ndarray]  # y, of float, of int8


def of_gates(found: list[Gate]) -> str:
    """Return the verdict of gates: the worst of their states."""
    states = {one.state for one in found}
    return next(state for state in (FAILED, NOT_SHOWN, PASSED) if state in states)


def logits(answers: np.ndarray, classes: int = 2, sure: float = 5.0) -> np.ndarray:
    return sure * np.eye(classes, dtype=np.float32)[answers]


def swapped(y: np.ndarray, places: slice) -> np.ndarray:
    """Return answers that are wrong in these places, of two classes."""
    found = y.copy()
    found[places] = 1 - found[places]
    return found


def halves(rows: int) -> np.ndarray:
    return np.arange(rows) % 2


def at_chance() -> Case:
    rng = np.random.default_rng(0)
    y, first, second = rng.integers(0, 2, (3, 400))
    return y, logits(first), logits(second)


def rare_class_lost() -> Case:
    y = np.zeros(1000, int)
    y[:5] = 1
    return y, logits(y), logits(np.zeros(1000, int))


def probabilities_off() -> Case:
    y = halves(500)
    return y, logits(y, sure=7), logits(y, sure=0.9)


def changed(rows: int, wrong: int) -> Case:
    y = halves(rows)
    return y, logits(y), logits(swapped(y, slice(wrong)))


def some_rows_changed_both_ways() -> Case:
    y = halves(300)
    first = swapped(y, slice(0, 10))
    return y, logits(first), logits(swapped(first, slice(0, 20)))


CLASSES: dict[str, tuple[Callable[[], Case], str]] = {
    "another class on half of the rows, both at chance": (at_chance, FAILED),
    "another class on 27 % of the rows": (lambda: changed(400, 108), FAILED),
    "a rare class lost": (rare_class_lost, FAILED),
    "the same classes, other probabilities": (probabilities_off, FAILED),
    "one row, lost": (lambda: changed(1, 1), FAILED),
    "one row, the same": (lambda: changed(1, 0), NOT_SHOWN),
    "five rows, one lost": (lambda: changed(5, 1), NOT_SHOWN),
    "five rows, the same": (lambda: changed(5, 0), NOT_SHOWN),
    "20 rows, the same": (lambda: changed(20, 0), NOT_SHOWN),
    "30 rows, the same": (lambda: changed(30, 0), PASSED),
    "36 rows, one lost": (lambda: changed(36, 1), PASSED),
    "300 rows, two lost": (lambda: changed(300, 2), NOT_SHOWN),
    "300 rows, one lost": (lambda: changed(300, 1), PASSED),
    "10,000 rows, one in 300 lost": (lambda: changed(10_000, 33), PASSED),
    "10,000 rows, 2 % lost": (lambda: changed(10_000, 200), FAILED),
    "20 of 300 rows changed, as many won as lost": (some_rows_changed_both_ways, NOT_SHOWN),
}


@pytest.mark.parametrize("name", CLASSES)
def test_gates_of_classes(name: str) -> None:
    make, expected = CLASSES[name]
    y, first, second = make()
    found = Classification(("a", "b")).gates(y, first, second, 0.5)
    assert of_gates(found) == expected, [one.sentence for one in found]


def test_a_class_of_many_may_lose_a_row_but_not_itself() -> None:
    """A hundred classes of ten rows: that five rows change somewhere says nothing of any class."""
    task = Classification(tuple(map(str, range(100))))
    y, first = np.arange(1000) % 100, logits(np.arange(1000) % 100, 100)
    some = np.random.default_rng(0).choice(1000, 5, replace=False)
    second = first.copy()
    second[some] = np.roll(second[some], 1, axis=1)
    assert of_gates(task.gates(y, first, second, 0.5)) == PASSED
    second = first.copy()
    second[y == 7] = np.roll(second[y == 7], 1, axis=1)
    found = task.gates(y, first, second, 5.0)
    assert of_gates(found) == FAILED
    assert any("loss of recall of '7'" in one.sentence for one in found)


def test_a_class_of_one_row_that_is_lost_is_not_shown() -> None:
    y = (np.arange(2000) == 3).astype(np.int64)
    first, second = 5.0 * np.eye(2)[y], 5.0 * np.eye(2)[np.zeros(2000, int)]
    found = Classification(("no", "yes")).gates(y, first, second, 0.5)
    assert of_gates(found) == NOT_SHOWN
    assert any("1 rows cannot tell: loss of recall of 'yes'" in one.sentence for one in found)


def numbers(rows: int, spread: float, noise: float, level: float = 0.0, error: float = 0.3) -> Case:
    rng = np.random.default_rng(0)
    truth = rng.normal(level, spread, (rows, 1))
    of_float = truth + rng.normal(0, error * spread, (rows, 1))
    return truth, of_float, of_float + rng.normal(0, noise * spread, (rows, 1))


def wild(case: Case, fraction: float = 1.0) -> Case:
    """Return a case with a wild target, which float gives, too; all others times a fraction."""
    truth, of_float, of_int8 = (fraction * one for one in case)
    truth[7] = of_float[7] = 1e6
    of_int8[7] = 0.99e6
    return truth, of_float, of_int8


NUMBERS: dict[str, tuple[Case, str]] = {
    "a hundredth of noise": (numbers(500, 1.0, 0.01), PASSED),
    "half of the spread is noise": (numbers(500, 1.0, 0.5), FAILED),
    "noise beside a level that is large": (numbers(500, 6.0, 0.6, level=1013), FAILED),
    "exact float, int8 within its step": (numbers(500, 1.0, 0.008, error=0.0), PASSED),
    "exact float, int8 far off": (numbers(500, 1.0, 0.2, error=0.0), FAILED),
    "noise that a wild target hides": (wild(numbers(500, 6.0, 0.9, level=1013)), FAILED),
    "a wild target": (wild(numbers(500, 6.0, 0.01, level=1013)), PASSED),
    "a zero in nearly all rows": (wild(numbers(600, 1.0, 0.01), 0.0), PASSED),
    "five rows": (numbers(5, 1.0, 0.001), NOT_SHOWN),
    "one row": (numbers(1, 1.0, 0.0), NOT_SHOWN),
    "a rise that few rows cannot tell": (numbers(60, 1.0, 0.06), NOT_SHOWN),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_gates_of_numbers(name: str) -> None:
    (y, first, second), expected = NUMBERS[name]
    found = Regression().gates(y, first, second, 0.5)
    assert of_gates(found) == expected, [one.sentence for one in found]


def test_a_weak_regression_is_judged_by_its_own_outputs() -> None:
    """Both have the error of the mean, but int8 says something else than float."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(500, 1))
    first, second = 0.1 * rng.normal(size=(2, 500, 1))
    assert abs(Regression().drop(y, first, second).value) < 3
    assert of_gates(Regression().gates(y, first, second, 10.0)) == FAILED
    still = np.full((500, 1), 0.001) + 1e-4 * rng.normal(size=(500, 1))
    assert of_gates(Regression().gates(y, still, still + 1e-3, 0.5)) == PASSED  # nobody would see


def test_of_many_targets_the_mean_decides_and_a_lost_one_counts() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(400, 64))
    first = y + 0.3 * rng.normal(size=y.shape)
    second = first + 0.005 * rng.normal(size=y.shape)
    found = Regression().gates(y, first, second, 0.5)
    assert of_gates(found) == PASSED
    worst = found[-1]
    assert worst.ci95[0] <= worst.value <= worst.ci95[1]
    second[:, 3] = first[:, 3] + 0.4 * rng.normal(size=400)
    sentences = [one.sentence for one in Regression().gates(y, first, second, 5.0)]
    assert any("rise of the error of target 3" in one and "over" in one for one in sentences)


def test_gates_of_labels_leave_out_what_is_absent() -> None:
    """Two rare labels: nearly all decisions are "absent" in both, which is no agreement."""
    rng = np.random.default_rng(0)
    y = (rng.random((2000, 20)) < 0.02).astype(np.uint8)
    task, first = Multilabel(tuple(map(str, range(20)))), np.where(y > 0, 4.0, -4.0)
    assert of_gates(task.gates(y, first, first + 0.01, 0.5)) == PASSED
    second = first.copy()
    second[:, 0] = -4.0
    found = task.gates(y, first, second, 10.0)
    assert any("loss of recall of '0'" in one.sentence and one.state == FAILED for one in found)
    second = np.where(rng.random(y.shape) < 0.2, -first, first)
    assert any("share of labels other" in one.sentence for one in found)
    assert of_gates(task.gates(y, first, second, 10.0)) == FAILED


@pytest.mark.parametrize("task", [Classification(("a", "b")), Regression()], ids=lambda t: t.name)
def test_right_files_do_not_fail(task: Task) -> None:
    """Noise of a fiftieth of the outputs' spread, 200 times on 40 to 2,000 rows: none fails."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        rows = int(rng.integers(40, 2000))
        y, skill = rng.integers(0, 2, rows), rng.uniform(0, 2)
        score = rng.normal(skill * (2 * y - 1), 1.0)
        first = np.stack([-score, score], axis=1)
        if task.numbers:
            y, first = score[:, None] + rng.normal(size=(rows, 1)), score[:, None]
        second = first + 0.02 * first.std() * rng.normal(size=first.shape)
        found = task.gates(y, first, second, 0.5)
        assert of_gates(found) != FAILED, [one.sentence for one in found]


def test_a_sentence_says_figure_interval_and_bound() -> None:
    y, first, second = changed(300, 2)
    gate = Classification(("a", "b")).gates(y, first, second, 0.5)[0]
    assert gate.sentence == (
        "300 rows cannot tell: drop of 0.667 points (-0.459 to 1.78), bound 0.5"
    )
    assert gate.described()["state"] == NOT_SHOWN
    y, first, second = changed(300, 90)
    drop, share = Classification(("a", "b")).gates(y, first, second, 0.5)[:2]
    assert drop.sentence.startswith("drop of 30 points (24.6 to 35) is over the bound of 0.5")
    assert share.sentence.startswith("share of rows with another class than float's of 30 %")
