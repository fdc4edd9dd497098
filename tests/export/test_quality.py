"""Quality in a report: metrics, mistakes, temperature, groups."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import export
import zoo
from export.proof.quality import assess, groups_of
from tests.helpers.instances import data_of, rows
from zoo.data.groups import name_groups, read_groups
from zoo.files import as_json
from zoo.metrics.classes import calibration_error


def answered() -> tuple[zoo.Data, np.ndarray]:
    """Return 60 test rows, and logits that are right but for class 1 in the first 15 rows."""
    count = 60
    x, y = rows("mlp_tiny", count), np.arange(count) % 3
    data = replace(data_of(x, y), x_test=x, y_test=y)
    return data, 4.0 * np.eye(3)[y + ((y == 1) & (np.arange(count) < 15))]


def test_groups_and_mistakes(tmp_path: Path) -> None:
    data, logits = answered()
    groups = np.where(np.arange(60) < 15, "b", "a")
    found = assess(zoo.Run(tmp_path), data, logits, logits, groups)
    assert [(one.name, one.rows) for one in found.groups] == [("a", 45), ("b", 15)]
    assert [one.int8.value for one in found.groups] == pytest.approx([1, 10 / 15])
    worst = found.worst_group()
    assert worst is not None
    assert worst.name == "b"
    assert worst.int8.ci95[0] < 10 / 15 < worst.int8.ci95[1] < 1
    assert found.worst_mistake() == ("1", "2", 5, 20)
    described = json.loads(as_json(found.described()))
    assert described["worst_group"] == "b"
    assert described["confusion"]["int8"] == [[20, 0, 0], [0, 15, 5], [0, 0, 20]]
    assert described["metrics"]["macro_f1"] == json.loads(
        as_json(asdict(found.metrics["macro_f1"]))
    )
    assert described["temperature"] is None


def test_a_group_of_few_rows_is_not_the_worst(tmp_path: Path) -> None:
    data, logits = answered()
    groups = np.where(np.arange(60) == 1, "one", np.where(np.arange(60) < 15, "b", "a"))
    worst = assess(zoo.Run(tmp_path), data, logits, logits, groups).worst_group()
    assert worst is not None
    assert worst.name == "b"


def test_calibration_before_and_after_the_temperature(tmp_path: Path) -> None:
    data, logits = answered()
    run = zoo.Run(tmp_path)
    run.write({"temperature.json": as_json({"value": 2.5, "rows": 9})})
    found = assess(run, data, logits, logits, None)
    described = json.loads(as_json(found.described()))["temperature"]
    assert described["value"] == 2.5
    before = calibration_error(data.y_test, 2.5 * logits)
    assert described["ece"]["before"]["int8"]["value"] == pytest.approx(before)
    assert described["ece"]["after"] == json.loads(as_json(asdict(found.metrics["ece"])))


def test_regression_has_no_confusion(tmp_path: Path) -> None:
    data = zoo.load_data("diabetes")
    predicted = data.y_test + 30
    groups = name_groups(data.x_test[:, 0], data)
    found = assess(zoo.Run(tmp_path), data, predicted, predicted + 1, groups)
    described = found.described()
    assert described["confusion"] is described["temperature"] is None
    assert set(described["metrics"]) == {"rmse", "mae", "mape", "r2"}
    assert found.metrics["mae"].int8.value == pytest.approx(31, rel=1e-4)
    assert [one.name[0] for one in found.groups] == ["1", "2", "3", "4"]
    assert found.worst_group() in found.groups


def test_groups_in_a_report(exported: export.Export) -> None:
    x, y = rows("mlp_tiny", 40), np.arange(40) % 2
    data = replace(data_of(x, y), x_test=x, y_test=y)
    report = export.verify(exported, data, max_drop=100.0, groups=np.arange(40) // 20)
    written = json.loads((exported.run.path / "report.json").read_text())
    assert [group["name"] for group in written["groups"]] == ["0", "1"]
    assert written["metrics"]["accuracy"]["int8"]["value"] == report.int8_estimate.value
    assert written["metrics"]["accuracy"]["int8"]["ci95"] == list(report.int8_estimate.ci95)
    with pytest.raises(zoo.UserError, match="groups must hold one number or text for each of"):
        export.verify(exported, data, groups=np.arange(39))


def test_names_of_groups(wine: zoo.Data, tmp_path: Path) -> None:
    count = len(wine.x_test)
    assert set(name_groups(np.arange(count) % 2 == 0, wine)) == {"True", "False"}
    assert set(name_groups(np.array([0.5, 1.0] * (count // 2)), wine)) == {"0.5", "1"}
    assert set(name_groups(np.array([b"x", b"y"] * (count // 2)), wine)) == {"x", "y"}
    quarters = name_groups(np.r_[np.nan, np.arange(1.0, count)], wine)
    sizes = dict(zip(*np.unique(quarters, return_counts=True), strict=True))
    assert sizes == {
        "1: up to 9.5": 9,
        "2: 9.5 to 18": 9,
        "3: 18 to 26.5": 8,
        "4: over 26.5": 9,
        "nan": 1,
    }
    column = read_groups("12", wine)
    assert len(np.unique(column)) == 4
    np.save(tmp_path / "groups.npy", np.arange(count) % 3)
    assert set(read_groups(str(tmp_path / "groups.npy"), wine)) == {"0", "1", "2"}


def test_groups_that_cannot_be_used(wine: zoo.Data, digits: zoo.Data, tmp_path: Path) -> None:
    count = len(digits.x_test)
    for call, message in (
        (lambda: read_groups("13", wine), "no column 13 to group by: wine has columns 0 to 12"),
        (lambda: read_groups("1", digits), "to group by: digits has rows of shape"),
        (lambda: read_groups(str(tmp_path / "no.npy"), wine), "groups cannot be read from"),
        (lambda: name_groups(np.arange(3), wine), "groups must hold one number or text for each"),
        (lambda: name_groups(np.arange(count), digits), "groups holds 360 different values"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            call()


def test_groups_that_the_data_name(wine: zoo.Data) -> None:
    count = len(wine.x_test)
    named = replace(wine, columns={"groups_test": np.arange(count) % 2})
    groups = groups_of(named, None)
    assert groups is not None
    assert set(groups) == {"0", "1"}
    assert groups_of(wine, None) is None
    many = np.array([f"patient {n}" for n in range(360)])
    assert groups_of(replace(zoo.load_data("digits"), columns={"groups_test": many}), None) is None
