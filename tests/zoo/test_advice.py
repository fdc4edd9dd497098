"""Advice on data: what leaks is found, what does not is left alone."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.advice.choice import RULES, SMALLEST, TREES, candidates, choose
from zoo.advice.photographs import pretrained_for
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT, Kind
from zoo.presets.catalogue import PRESETS, family_of, patterns_for
from zoo.tasks import TASKS


def table(rows: int = 600, features: int = 6, classes: int = 3, seed: int = 0) -> dict[str, object]:
    """Return arrays of an honest set: half the answer is in the features, linearly."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features)).astype(np.float32)
    y = (x[:, :classes] + rng.normal(0, 1, (rows, classes))).argmax(axis=1)
    cut = rows * 3 // 4
    return {"x_train": x[:cut], "y_train": y[:cut], "x_test": x[cut:], "y_test": y[cut:]}


def advised(folder: Path, arrays: dict[str, object]) -> zoo.advice.Advice:
    np.savez(folder / "set.npz", **arrays)  # type: ignore[arg-type]
    return zoo.advise(zoo.load_data(folder / "set.npz"))


def test_an_honest_table(tmp_path: Path) -> None:
    advice = advised(tmp_path, table())
    (only,) = advice.warnings()
    assert only.startswith("Fewer than 100 validation rows: intervals are wide")
    assert advice.rows == {"train": 360, "validation": 90, "test": 150}
    assert (advice.kind, advice.task) == ("table", "classification")
    assert sum(advice.classes.values()) == 360
    assert (advice.repeats.training, advice.repeats.validation, advice.repeats.test) == (0, 0, 0)
    trivial, linear = (one.figures["accuracy"] for one in advice.baselines)
    assert trivial.ci95[1] < linear.ci95[0]
    assert advice.baselines[0].figures["balanced_accuracy"].value == pytest.approx(1 / 3)
    assert (advice.choice.first, advice.choice.then) == ("trees", "mlp_tabm_small")
    assert json.loads(advice.to_json())["warnings"] == advice.warnings()


@pytest.mark.parametrize("bent", [False, True], ids=["in order", "not in order"])
def test_a_feature_that_gives_the_answer_away(tmp_path: Path, bent: bool) -> None:
    arrays = table()
    for part in ("train", "test"):
        y = np.asarray(arrays[f"y_{part}"])
        arrays[f"x_{part}"][:, 4] = np.array([2, 0, 1])[y] if bent else y  # type: ignore[index]
    advice = advised(tmp_path, arrays)
    assert advice.telling[0].feature == "Feature 4"
    assert advice.telling[0].information > 0.99
    assert any("Feature 4 alone predicts the class (AUC 1.000)" in one for one in advice.warnings())
    assert all(one.information < 0.5 for one in advice.telling[1:])


def test_repeated_and_nearly_repeated_rows(tmp_path: Path) -> None:
    arrays = table()
    x, y = np.asarray(arrays["x_train"]).copy(), np.asarray(arrays["y_train"]).copy()
    x[1], y[1] = x[0], (y[0] + 1) % 3
    rng = np.random.default_rng(1)
    test = np.asarray(arrays["x_test"]).copy()
    test[:20] = x[50:70]
    test[20:60] = x[70:110] + rng.normal(0, 1e-3, (40, 6))
    arrays |= {"x_train": x, "y_train": y, "x_test": test}
    arrays |= {"x_val": table(seed=5)["x_test"], "y_val": table(seed=5)["y_test"]}
    with pytest.warns(UserWarning, match="20 of 150 test rows are also training rows"):
        advice = advised(tmp_path, arrays)
    found = advice.repeats
    assert (found.training, found.contradicting, found.validation, found.test) == (1, 1, 0, 20)
    assert (found.near_validation, found.near_test) == (0, 40)
    said = " ".join(advice.warnings())
    assert "Test rows that equal training or validation rows: 20." in said
    assert "40 of 130 sampled test rows are near-copies of training rows" in said
    assert "Training rows that equal another with a different label: 1." in said


def test_a_test_part_that_is_all_training_rows(tmp_path: Path) -> None:
    arrays = table()
    arrays |= {"x_test": arrays["x_train"], "y_test": arrays["y_train"]}
    with pytest.warns(UserWarning, match="450 of 450 test rows are also training rows"):
        advice = advised(tmp_path, arrays)
    assert advice.repeats.test == 450
    assert (advice.repeats.near_test, advice.repeats.looked_at["test"]) == (0, 0)


def test_rare_and_uneven_classes(tmp_path: Path) -> None:
    arrays = table(2000)
    for part in ("train", "test"):
        y = np.asarray(arrays[f"y_{part}"])
        kept = (y == 0) | (np.arange(len(y)) % 50 == 0)
        arrays |= {f"x_{part}": arrays[f"x_{part}"][kept], f"y_{part}": y[kept]}  # type: ignore[index]
    advice = advised(tmp_path, arrays)
    assert advice.imbalance is not None
    assert advice.imbalance > 20
    said = " ".join(advice.warnings())
    assert "Classes are uneven" in said
    assert "Models are compared by balanced accuracy (see --metric)" in said
    assert "--recipe balance=weights" in said
    assert "Fewer than 10 training rows of class" in said
    assert advice.baselines[0].figures["accuracy"].value > 0.9
    assert advice.baselines[0].figures["balanced_accuracy"].value < 0.5


@pytest.mark.parametrize("times", [12, 19, 20, 30])
def test_classes_are_uneven_where_the_metric_says_so(times: int) -> None:
    y = (np.arange(30 * (times + 1)) % (times + 1) == 0).astype(int)
    x = np.random.default_rng(0).normal(size=(len(y), 3))
    data = zoo.data_from(x, y, x + 1, y, x + 2, y)
    said = any("Classes are uneven" in one for one in zoo.advise(data).warnings())
    assert said == (data.metric == "balanced_accuracy") == (times >= 20)


def test_an_easy_set_needs_no_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(2000) % 2
    x = rng.normal(size=(2000, 5)) + 1.6 * np.outer(2 * y - 1, np.ones(5))
    advice = advised(
        tmp_path, {"x_train": x[:1500], "y_train": y[:1500], "x_test": x[1500:], "y_test": y[1500:]}
    )
    assert advice.choice.first == "mlp_tiny"
    assert "A linear model is nearly perfect" in advice.choice.why
    assert advice.warnings() == []


def test_shared_groups_and_times_out_of_order(tmp_path: Path) -> None:
    days = np.datetime64("2024-01-01") + np.arange(600)
    arrays = table()
    beside = {
        "groups_train": np.array([f"patient {n % 90}" for n in range(450)]),
        "groups_test": np.array([f"patient {n + 60}" for n in range(150)]),
        "time_train": days[:450],
        "time_test": days[440:590],
    }
    advice = advised(tmp_path, arrays | beside)
    assert advice.leaks.groups_test == 30
    assert advice.leaks.time_test == 10
    assert advice.leaks.groups_validation == 90
    said = " ".join(advice.warnings())
    assert "30 test rows belong to groups that also have training rows" in said
    assert "10 test rows are not later than the newest training row" in said


def test_regression(tmp_path: Path) -> None:
    diabetes = zoo.advise(zoo.load_data("diabetes"))
    assert diabetes.telling[0].feature in ("Feature 2", "Feature 8")  # bmi, s5
    assert diabetes.telling[0].score is not None
    assert 0.1 < diabetes.telling[0].score < 0.6
    trivial, linear = (one.figures["rmse"].value for one in diabetes.baselines)
    assert linear < 0.9 * trivial
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 4))
    arrays = {"x_train": x[:600], "y_train": 3 * x[:600, 2] ** 3, "x_test": x[600:]}
    advice = advised(tmp_path, arrays | {"y_test": 3 * x[600:, 2] ** 3})
    assert advice.telling[0].feature == "Feature 2"
    assert advice.telling[0].information > 0.95
    assert advice.classes == {}
    assert advice.imbalance is None


@pytest.mark.parametrize(
    ("name", "kind", "first"),
    [("digits", "image", "cnn_small"), ("digits_rows", "sequence", "lite_small")],
)
def test_other_kinds_of_rows(name: str, kind: str, first: str) -> None:
    advice = zoo.advise(zoo.load_data(name))
    assert (advice.kind, advice.choice.first) == (kind, first)
    assert advice.telling[0].feature.startswith("Value (")
    assert advice.constant_features > 0
    assert not any("tells" in one or "nearly" in one for one in advice.warnings())


@pytest.mark.parametrize("rows", [16, 40])
def test_tiny_sets(tmp_path: Path, rows: int) -> None:
    for classes, features in ((2, 1), (3, 6)):
        arrays = table(rows, max(features, classes), classes)
        for part in ("train", "test"):
            arrays[f"x_{part}"] = arrays[f"x_{part}"][:, :features]  # type: ignore[index]
        assert advised(tmp_path, arrays).choice.first


def test_without_validation_rows(wine: zoo.Data) -> None:
    with pytest.raises(zoo.UserError, match="wine has no validation rows to measure baselines on"):
        zoo.advise(wine.merged())


def test_labels_of_test_rows_are_not_looked_at(tmp_path: Path) -> None:
    arrays = table()
    one = json.loads(advised(tmp_path, arrays).to_json())
    other = json.loads(advised(tmp_path, arrays | {"y_test": (np.arange(150) % 3)}).to_json())
    for advice in (one, other):
        del advice["seconds"], advice["hash"]
    assert one == other


def test_large_sets_are_sampled(tmp_path: Path) -> None:
    started = time.monotonic()
    advice = advised(tmp_path, table(30_000, 40, 4))
    assert time.monotonic() - started < 30
    assert (advice.choice.first, advice.choice.then) == ("trees", "mlp_tabm_small")
    assert advice.repeats.looked_at == {"validation": 500, "test": 500, "training": 18_000}


def test_every_preset_that_is_recommended_exists() -> None:
    named = {name for rule in RULES for name in rule.presets} | set(SMALLEST.values())
    assert named <= set(PRESETS)
    assert {rule.kind for rule in RULES} == set(SMALLEST) == {TABLE, IMAGE, SEQUENCE, TEXT}
    for rule in RULES:
        assert {(rule.kind in family_of(n).kinds, family_of(n).gives) for n in rule.presets} == {
            (True, rule.gives)
        }


KINDS_AND_TASKS = [
    (kind, task)
    for kind in (TABLE, SEQUENCE, TEXT, IMAGE)
    for task in TASKS.values()
    if patterns_for(kind, task.gives)
]


@pytest.mark.parametrize(("kind", "task"), KINDS_AND_TASKS)
@pytest.mark.parametrize("rows", [100, 100_000])
def test_candidates_are_all_presets_that_take_such_rows(
    kind: Kind, task: type[zoo.tasks.Task], rows: int
) -> None:
    found = candidates(kind, task, rows)
    families = {name: family_of(name) for name in PRESETS}
    fitting = {n for n, of in families.items() if kind in of.kinds and of.gives == task.gives}
    assert sorted(found) == sorted(fitting)
    choice = choose(kind, task, rows, None)
    assert found[0] == (choice.then if choice.first == TREES else choice.first)
    small = candidates(kind, task, rows, {"bytes": 20_000})
    assert sorted(small) == sorted(found)
    fits = [PRESETS[name].parameters <= 20_000 for name in small]
    assert fits == sorted(fits, reverse=True)


@pytest.mark.parametrize(
    ("kind", "task", "rows", "shape", "suited"),
    [
        (IMAGE, "classification", 100, (64, 96, 3), True),
        (IMAGE, "regression", 10_000, (224, 224, 3), True),
        (IMAGE, "classification", 10_001, (96, 96, 3), False),
        (IMAGE, "classification", 100, (96, 48, 3), False),
        (IMAGE, "classification", 100, (96, 96, 1), False),
        (IMAGE, "classification", 100, (), False),
        (IMAGE, "segmentation", 100, (96, 96, 3), False),
        (SEQUENCE, "classification", 100, (128, 3), False),
    ],
)
def test_pretrained_networks_suit_few_photographs(
    kind: Kind, task: str, rows: int, shape: tuple[int, ...], suited: bool
) -> None:
    here = {"pretrained:efficientnet_lite0": True}  # a package of the tests ships its weights
    assert pretrained_for(kind, TASKS[task], rows, shape) == (here if suited else {})
    found = candidates(kind, TASKS[task], rows, shape=shape)
    assert found[1:2] == (*here,) or not suited
    assert [one for one in found if one in here] == [*here] * suited


def test_candidates_where_none_takes_such_rows() -> None:
    assert candidates(TABLE, TASKS["segmentation"], 100) == ()


def test_a_linear_model_that_answers_the_majority_is_not_nearly_perfect() -> None:
    rng = np.random.default_rng(0)
    y = (np.arange(4000) % 100 == 0).astype(np.int64)
    x = rng.normal(size=(4000, 5)).astype(np.float32)
    data = zoo.data_from(x, y)
    found = zoo.advise(data)
    assert next(iter(found.baselines[0].figures)) == found.metric == "balanced_accuracy"
    asked = zoo.advise(data.judged_by("pr_auc"))
    assert next(iter(asked.baselines[1].figures)) == asked.metric == "pr_auc"
    assert asked.baselines[1].figures["pr_auc"].value < 0.2
    assert "Models are compared by PR-AUC" in " ".join(asked.warnings())
    assert "A threshold is chosen on validation rows" in " ".join(asked.warnings())
    plain = zoo.advise(data.judged_by("accuracy"))
    assert plain.baselines[-1].figures["accuracy"].value > 0.98
    for advice in (found, asked, plain):
        assert advice.baselines[-1].figures["balanced_accuracy"].value < 0.65
        assert "nearly perfect" not in advice.choice.why


@pytest.mark.parametrize(("task", "preset"), [("segmentation", "unet"), ("detection", "detect")])
def test_masks_and_boxes_are_no_single_answers(task: str, preset: str) -> None:
    scenes = zoo.load_data("digits_scenes", task=task)
    with pytest.raises(zoo.UserError, match="compares models of one answer to a row") as raised:
        zoo.advise(scenes)
    assert f"{preset}_*" in str(raised.value)
