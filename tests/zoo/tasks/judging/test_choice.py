"""The choice of a metric: each figure is scikit-learn's, and a mistake is a sentence."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics

import zoo
from zoo.metrics.bootstrap import resamples
from zoo.metrics.classes import probabilities
from zoo.metrics.evaluation import evaluate
from zoo.metrics.weighted import once
from zoo.tasks import TASKS, Classification, Multilabel, Regression, Task, check_metric, recorded
from zoo.tasks.units import Units

ROWS = 300
RNG = np.random.default_rng(0)
TWO = Classification(("common", "rare"))
THREE = Classification(("a", "b", "c"))
Y_TWO = (np.arange(ROWS) >= 270).astype(np.int64)
Y_THREE = np.sort(np.arange(ROWS) % 3).astype(np.int64)
Y_NUMBERS = RNG.normal(20, 3, (ROWS, 2)).astype(np.float32)
Y_LABELS = (RNG.random((ROWS, 4)) < 0.3).astype(np.uint8)
Reference = Callable[[np.ndarray, np.ndarray], float]


def told(classes: int, y: np.ndarray) -> np.ndarray:
    return np.asarray(2.0 * np.eye(classes)[y] + RNG.normal(size=(len(y), classes)), np.float32)


def precise(y: np.ndarray, scores: np.ndarray, level: float) -> float:
    precision, recall, _ = metrics.precision_recall_curve(y, scores)
    return float(recall[precision >= level].max())


def mean_precise(y: np.ndarray, outputs: np.ndarray) -> float:
    p = probabilities(outputs)
    return float(np.mean([precise(y == n, p[:, n], 0.9) for n in range(p.shape[1])]))


def rare(outputs: np.ndarray) -> np.ndarray:
    return probabilities(outputs)[:, 1]


def common(outputs: np.ndarray) -> np.ndarray:
    return probabilities(outputs)[:, 0]


CASES: list[tuple[Task, str, str, np.ndarray, Reference]] = [
    (
        TWO,
        "balanced-accuracy",
        "balanced_accuracy",
        Y_TWO,
        lambda y, o: metrics.balanced_accuracy_score(y, o.argmax(1)),
    ),
    (
        TWO,
        "macro_f1",
        "macro_f1",
        Y_TWO,
        lambda y, o: metrics.f1_score(y, o.argmax(1), average="macro"),
    ),
    (TWO, "roc_auc", "roc_auc", Y_TWO, lambda y, o: metrics.roc_auc_score(y, rare(o))),
    (TWO, "pr_auc", "pr_auc:rare", Y_TWO, lambda y, o: metrics.average_precision_score(y, rare(o))),
    (
        TWO,
        "PR-AUC:common",
        "pr_auc:common",
        Y_TWO,
        lambda y, o: metrics.average_precision_score(1 - y, common(o)),
    ),
    (TWO, "log_loss", "log_loss", Y_TWO, lambda y, o: metrics.log_loss(y, probabilities(o))),
    (
        TWO,
        "recall-at-precision:0.8",
        "recall_at_precision:0.8:rare",
        Y_TWO,
        lambda y, o: precise(y, rare(o), 0.8),
    ),
    (
        THREE,
        "pr_auc",
        "pr_auc",
        Y_THREE,
        lambda y, o: metrics.average_precision_score(
            np.eye(3)[y], probabilities(o), average="macro"
        ),
    ),
    (THREE, "recall_at_precision:0.90", "recall_at_precision:0.9", Y_THREE, mean_precise),
    (
        THREE,
        "recall_at_precision:0.7:b",
        "recall_at_precision:0.7:b",
        Y_THREE,
        lambda y, o: precise(y == 1, probabilities(o)[:, 1], 0.7),
    ),
    (Regression(), "mae", "mae", Y_NUMBERS, metrics.mean_absolute_error),
    (Regression(), "mape", "mape", Y_NUMBERS, metrics.mean_absolute_percentage_error),
    (
        Regression(),
        "pinball:0.9",
        "pinball:0.9",
        Y_NUMBERS,
        lambda y, o: metrics.mean_pinball_loss(y, o, alpha=0.9),
    ),
    (
        Multilabel(tuple("abcd")),
        "micro_f1",
        "micro_f1",
        Y_LABELS,
        lambda y, o: metrics.f1_score(y, o > 0, average="micro"),
    ),
    (
        Multilabel(tuple("abcd")),
        "mean_average_precision",
        "mean_average_precision",
        Y_LABELS,
        lambda y, o: metrics.average_precision_score(y, o, average="macro"),
    ),
    (
        Multilabel(tuple("abcd")),
        "subset_accuracy",
        "subset_accuracy",
        Y_LABELS,
        lambda y, o: metrics.accuracy_score(y, o > 0),
    ),
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0].name}-{case[1]}")
def case(request: pytest.FixtureRequest) -> tuple[Task, str, np.ndarray, Reference]:
    task, asked, spelled, y, reference = request.param
    return task.judged_on(y, asked), spelled, y, reference


def outputs_for(task: Task, y: np.ndarray, noise: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    if task.numbers:
        return np.asarray(y + rng.normal(0, 2 + noise, y.shape), np.float32)
    clean = 2.0 * np.eye(len(task.labels))[y] if y.ndim == 1 else 2.0 * y - 1
    return np.asarray(clean + rng.normal(0, 1 + noise, clean.shape), np.float32)


def test_every_metric_is_that_of_scikit_learn(
    case: tuple[Task, str, np.ndarray, Reference],
) -> None:
    task, spelled, y, reference = case
    outputs = outputs_for(task, y)
    assert task.metric.spelled == task.by == spelled
    assert next(iter(task.figures(y, outputs))) == task.metric.name
    assert task.score(y, outputs, Units()) == pytest.approx(reference(y, outputs), rel=1e-5)
    measure = task.measure(y, outputs)
    assert measure is not None
    strata = task.strata(y)
    drawn = next(resamples(np.zeros(len(y), int) if strata is None else np.sort(strata)))[:3]
    order = np.arange(len(y)) if strata is None else np.argsort(strata, kind="stable")
    measure = task.measure(y[order], outputs[order])
    assert measure is not None
    for weights in [once(len(y))[0], *drawn]:
        rows = order[np.repeat(np.arange(len(y)), weights.astype(int))]
        found = measure.at(weights[None].astype(np.float64))[0]
        tolerance = 2e-2 if task.metric.name == "roc_auc" else 1e-5  # linear to first order
        assert found == pytest.approx(reference(y[rows], outputs[rows]), rel=tolerance)


def test_intervals_and_drops_go_by_the_metric(
    case: tuple[Task, str, np.ndarray, Reference],
) -> None:
    task, _, y, _ = case
    first, second = outputs_for(task, y), outputs_for(task, y, noise=1.0)
    held = task.estimate(y, first)
    assert held.ci95[0] <= held.value <= held.ci95[1]
    assert held.value == pytest.approx(task.score(y, first, Units()))
    same = task.drop(y, first, first)
    assert same.value == task.lost(y, first, first) == 0
    assert same.bootstrap95 == (0, 0)
    assert same.ci95[0] <= 0 <= same.ci95[1]
    worse = task.drop(y, first, second)
    assert worse.ci95[0] < worse.value < worse.ci95[1]
    assert worse.value > 0
    before, after = (task.score(y, outputs, Units()) for outputs in (first, second))
    share = 100 * task.metric.better * (before - after)
    expected = 100 * (after / before - 1) if task.numbers else share
    assert worse.value == pytest.approx(expected, rel=1e-4)
    assert task.bound(0.5, y) >= 0.5
    assert task.gates(y, first, first, 0.5)[0].state == "passed"
    assert next(iter(evaluate(task, y, first, second))) == task.metric.name
    names = list(task.labels)
    held_json = {"task": task.name, "class_names": names, "metric": task.metric.spelled}
    assert recorded(held_json).metric == task.metric


def test_a_lost_row_of_the_rare_class_is_its_share() -> None:
    task = TWO.with_metric("balanced_accuracy")
    right = 5 * np.eye(2, dtype=np.float32)[Y_TWO]
    one_less = right.copy()
    one_less[-1] = one_less[-1, ::-1]
    assert task.lost(Y_TWO, right, one_less) == pytest.approx(100 / 30 / 2)
    assert task.least_drop(Y_TWO) == pytest.approx(100 / 30 / 2)
    assert task.drop(Y_TWO, right, right).ci95[1] > 3  # of points, where none of 30 rows differs
    assert TWO.lost(Y_TWO, right, one_less) == pytest.approx(100 / 300)


def test_small_errors_are_the_steps_of_an_integer_file() -> None:
    task = Regression().with_metric("mae")
    first, second = Y_NUMBERS + 0.001, Y_NUMBERS + 0.01
    assert task.lost(Y_NUMBERS, first, second) == 0
    assert task.lost(Y_NUMBERS, Y_NUMBERS + 1, Y_NUMBERS + 1.5) == pytest.approx(50, rel=1e-3)


def test_uneven_classes_are_judged_by_each_class_alike() -> None:
    y = (np.arange(420) >= 400).astype(np.int64)
    x = np.random.default_rng(0).normal(size=(420, 3)).astype(np.float32)
    assert zoo.data_from(x, y).metric == "balanced_accuracy"
    assert zoo.data_from(x, y, metric="accuracy").metric == "accuracy"
    even = np.arange(420) % 2
    assert zoo.data_from(x, even).metric == "accuracy"
    assert zoo.data_from(x, even).judged_by("roc-auc").metric == "roc_auc"
    assert recorded({"task": "classification", "class_names": ["a", "b"]}).metric.name == "accuracy"


@pytest.mark.parametrize(
    ("task", "asked", "message"),
    [
        (TWO, "rmse", r"classification has no metric 'rmse'. It has accuracy \(the first\), bal"),
        (Regression(), "accuracy", r"It has rmse \(the first\), mae, mape, pinball:QUANTILE"),
        (TASKS["detection"](), "accuracy", r"It has map \(the first\): choose one"),
        (TWO, "recall_at_precision", "needs a number between 0 and 1 after a colon"),
        (TWO, "recall_at_precision:7", "needs a number between 0 and 1 after a colon"),
        (TWO, "pr_auc:rar", "looks at a class, and there is no 'rar'. Did you mean 'rare'"),
        (TWO, "macro_f1:rare", "macro_f1 takes nothing more; got 'macro_f1:rare'"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(task: Task, asked: str, message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        task.with_metric(asked)


def test_a_name_is_checked_before_data_are_read() -> None:
    check_metric("macro-f1", None)
    check_metric("pinball:0.5", "regression")
    with pytest.raises(zoo.UserError, match="metric='acuracy' is not known. Did you mean"):
        check_metric("acuracy", None)
    with pytest.raises(zoo.UserError, match="The task regression has no metric 'macro_f1'"):
        check_metric("macro_f1", "regression")


def test_a_metric_that_the_rows_leave_undefined_is_refused() -> None:
    x = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    numbers = np.linspace(0, 1, 100)
    with pytest.raises(zoo.UserError, match="needs targets that are not 0, which the") as raised:
        zoo.data_from(x[5:], numbers[5:], x[:5], numbers[:5], metric="mape")
    assert "test rows of data" in str(raised.value)
    assert "such as rmse or mae, or split them otherwise" in str(raised.value)
    y = np.arange(100) % 2
    with pytest.raises(zoo.UserError, match="ROC-AUC needs rows of two classes"):
        zoo.data_from(x[5:], y[5:], x[:5], np.zeros(5, int), metric="roc_auc")
