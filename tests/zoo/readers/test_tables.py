"""Tables: what each column is taken for, what is fitted on which rows, and the splits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zoo
from tests.helpers.made import CITIES, rows_of_table, write_csv
from tests.zoo.readers.tables import column_of, load, plan_of
from zoo.advice.features import count_constants
from zoo.data.groups import read_groups


def test_columns_are_told_apart(table: Path) -> None:
    data = load(table)
    kinds = {plan["name"]: plan["kind"] for plan in data.schema["columns"]}
    assert kinds == {
        "id": "left_out",
        "age": "number",
        "size": "number",
        "rooms": "number",
        "city": "category",
        "name": "left_out",
        "member": "boolean",
        "since": "date",
        "country": "left_out",
        "house": "category",
        "kind": "category",
    }
    assert data.input_shape == (len(data.schema["features"]),)
    assert (data.task.name, len(data.x_train), len(data.x_validation)) == ("regression", 38, 10)
    assert plan_of(data, "id")["why"] == "it only numbers the rows"
    assert plan_of(data, "country")["why"] == "it is the same in all training rows"
    assert "nearly every row has a different text" in plan_of(data, "name")["why"]
    assert plan_of(data, "city")["values"] == list(CITIES)
    assert set(np.unique(column_of(data, "city=Bern"))) == {0, 1}
    assert set(np.unique(column_of(data, "member"))) == {0, 1}
    assert column_of(data, "since").min() == 0
    days = np.datetime64("2021-12-11") - np.datetime64("2010-01-11")
    assert column_of(data, "since").max() == days.astype(int)
    assert data.reading.target == "price"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("customerId", lambda n: 7 * n, "it only numbers the rows"),
        ("row", lambda n: n, "it only numbers the rows"),
        ("when", lambda n: f"{13 + n % 15}/02/{1960 + n}", "it looks like dates, '13/02/1960'"),
        ("pay", lambda n: f"$1,{n:03d}", "it looks like amounts, '$1,000'; write plain numbers"),
        ("pay", lambda n: f"CHF {n}.50", "it looks like amounts, 'CHF 0.50'"),
        (
            "note",
            lambda n: f"said {n}",
            "nearly every row has a different text (to read it as text",
        ),
        ("note", lambda n: n % 2 * 300 * "x" + str(n), "free text (read it with --text 'note')"),
    ],
)
def test_columns_that_are_left_out(
    tmp_path: Path, name: str, value: Callable[[int], Any], why: str
) -> None:
    rows = [row | {name: value(number)} for number, row in enumerate(rows_of_table())]
    data = load(write_csv(tmp_path / "t.csv", rows))
    assert plan_of(data, name)["why"].startswith(why)


def test_gaps_are_filled_with_the_median_of_training_rows(table: Path) -> None:
    data = load(table)
    gaps, ages = column_of(data, "age is missing"), column_of(data, "age")
    assert 0 < gaps.sum() < len(gaps)
    median = np.median(ages[gaps == 0])
    assert plan_of(data, "age")["fill"] == pytest.approx(median)
    np.testing.assert_allclose(ages[gaps == 1], median)
    of_test = column_of(data, "age is missing", "test") == 1
    np.testing.assert_allclose(column_of(data, "age", "test")[of_test], median)


def test_values_that_training_rows_lack_are_other(tmp_path: Path) -> None:
    rows = [
        row | {"when": number, "city": "Uri" if number > 50 else row["city"]}
        for number, row in enumerate(rows_of_table())
    ]
    data = load(write_csv(tmp_path / "t.csv", rows), time="when")
    assert plan_of(data, "city")["values"] == list(CITIES)
    assert column_of(data, "city=other").sum() == 0
    assert column_of(data, "city=other", "test").sum() == 9
    assert count_constants(data) == 0  # that place is no constant feature
    assert "when" not in data.schema["features"]


@pytest.mark.parametrize(
    ("values", "task", "expected", "names"),
    [
        (lambda n: "yes" if n % 2 else "no", None, "classification", ("no", "yes")),
        (lambda n: n % 3, None, "classification", ("0", "1", "2")),
        (lambda n: 10 * (n % 3), None, "classification", ("0", "10", "20")),
        (lambda n: "true" if n % 2 else "false", None, "classification", ("false", "true")),
        (lambda n: n, None, "regression", ()),
        (lambda n: n % 3, "regression", "regression", ()),
        (lambda n: n % 2 + 0.5, None, "regression", ()),
        (lambda n: n % 2 + 0.5, "classification", "classification", ("0.5", "1.5")),
    ],
)
def test_the_task_is_read_off_the_target(
    tmp_path: Path,
    values: Callable[[int], Any],
    task: str | None,
    expected: str,
    names: tuple[str, ...],
) -> None:
    rows = [row | {"y": values(number)} for number, row in enumerate(rows_of_table())]
    path = write_csv(tmp_path / "t.csv", rows)
    data = zoo.load_data(path, task=task, reading=zoo.Reading(target="y"))
    assert (data.task.name, data.class_names) == (expected, names)


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    rows = rows_of_table()
    rows[3]["price"] = rows[9]["price"] = ""
    data = load(write_csv(tmp_path / "t.csv", rows))
    assert len(data.x_train) + len(data.x_validation) + len(data.x_test) == 58
    assert data.schema["notes"] == ["2 rows without a value of 'price' were left out."]


@pytest.mark.parametrize("target", ["price", "kind"])
@pytest.mark.parametrize("time", [None, "since"])
def test_groups_stay_together(table: Path, target: str, time: str | None) -> None:
    data = load(table, target, group="house", time=time)
    parts = [set(data.columns[f"groups_{part}"]) for part in ("train", "validation", "test")]
    assert all(parts)
    assert len(parts[0] | parts[1] | parts[2]) == sum(map(len, parts)) == 15
    assert not any(feature.startswith("house") for feature in data.schema["features"])
    leaks = zoo.advise(data).leaks if time is None else None
    assert leaks is None or (leaks.groups_validation, leaks.groups_test) == (0, 0)


def test_the_latest_rows_are_test_rows(table: Path) -> None:
    data = load(table, time="since")
    train, validation, test = (
        data.columns[f"time_{part}"] for part in ("train", "validation", "test")
    )
    assert train.dtype.kind == "M"
    assert train.max() < validation.min() <= validation.max() < test.min()
    assert len(test) == pytest.approx(0.2 * 60, abs=4)


def test_columns_and_drop_choose(table: Path) -> None:
    chosen = load(table, columns=("age", "size"))
    assert chosen.schema["features"] == ["age", "age is missing", "size"]
    features = load(table, drop=("city", "house")).schema["features"]
    assert not any(name.startswith(("city", "house")) for name in features)


def test_groups_of_a_report_by_the_name_of_a_column(table: Path) -> None:
    data = load(table)
    by_city = read_groups("city", data)
    assert set(by_city) <= {*CITIES, "other"}
    assert ((by_city == "Bern") == (column_of(data, "city=Bern", "test") == 1)).all()
    assert set(read_groups("member", data)) == {"0", "1"}
