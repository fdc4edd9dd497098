"""Files of tables: spellings of the same rows, texts, and new rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import zoo
from tests.helpers.made import rows_of_table, write_csv
from tests.zoo.readers.tables import load, plan_of
from zoo.readers.table import read_table


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", lambda path, rows: write_csv(path, rows, "utf-8-sig")),
        ("t.csv", lambda path, rows: write_csv(path, rows, "latin-1")),
        ("t.csv", lambda path, rows: write_csv(path, rows, "utf-16")),
        ("t.csv", lambda path, rows: write_csv(path, rows, delimiter=";", quoting=1)),
        ("t.tsv", lambda path, rows: write_csv(path, rows, delimiter="\t")),
        (
            "t.csv",
            lambda path, rows: write_csv(
                path,
                [
                    row | {k: str(row[k]).replace(".", ",") for k in ("age", "price", "size")}
                    for row in rows
                ],
                delimiter=";",
            ),
        ),
        (
            "t.csv",
            lambda path, rows: write_csv(
                path,
                [
                    row | {"since": "{2}.{1}.{0}".format(*row["since"].split("-")), "city": city}
                    for row in rows
                    for city in [f" {row['city']} "]
                ],
            ),
        ),
        (
            "t.parquet",
            lambda path, rows: parquet.write_table(
                pa.Table.from_pylist(
                    [
                        row | {"age": row["age"] or None, "member": row["member"] == "true"}
                        for row in rows
                    ]
                ),
                path,
            ),
        ),
    ],
    ids=["bom", "latin-1", "utf-16", "quoted", "tsv", "commas", "dates", "parquet"],
)
def test_files_that_say_the_same_give_the_same(
    tmp_path: Path, table: Path, name: str, write: Callable[[Path, Any], object]
) -> None:
    write(tmp_path / name, rows_of_table())
    said = {"columns": ("age", "city", "member", "kind", "size")}
    if "parquet" not in name:  # there the dates are texts
        said["columns"] += ("since",)
    assert load(tmp_path / name, **said).hash == load(table, **said).hash


def test_cells_that_are_formulas_are_text(tmp_path: Path) -> None:
    cells = ("=cmd|' /C calc'!A0", "@SUM(A1)", "+1+1")
    rows = [row | {"city": cells[number % 3]} for number, row in enumerate(rows_of_table())]
    data = load(write_csv(tmp_path / "t.csv", rows))
    assert plan_of(data, "city")["values"] == sorted(cells)


def test_a_cell_may_hold_a_line_break(tmp_path: Path) -> None:
    rows = [
        row | {"city": ("a\nb", 'c"d')[number % 2]} for number, row in enumerate(rows_of_table())
    ]
    data = load(write_csv(tmp_path / "t.csv", rows))
    assert plan_of(data, "city")["values"] == ["a\nb", 'c"d']


def test_texts_are_handed_on_as_they_are(table: Path) -> None:
    found = read_table(table, zoo.Reading(target="kind", text="name"), 0, None)
    x = found.arrays["x_train"]
    assert (x.dtype.kind, x.ndim) == ("U", 1)
    assert all(text.startswith("person ") for text in x)
    assert found.schema["text"] == "name"
    assert list(zoo.read_rows(table, found.schema)[:2]) == ["person 0", "person 1"]
    with pytest.warns(UserWarning, match="test rows are also training rows"):
        data = load(table, "kind", text="city")
    assert data.of_texts
    ids = zoo.read_rows(table, data.schema)
    assert (len(ids), ids.shape[1:], ids.dtype) == (60, data.input_shape, np.int32)
    assert {row.tobytes() for row in data.x_train} <= {row.tobytes() for row in ids}


def test_new_rows_are_read_as_the_training_rows_were(table: Path, tmp_path: Path) -> None:
    data = load(table)
    x = zoo.read_rows(table, data.schema)
    assert (len(x), x.dtype) == (60, np.float32)
    known = {row.tobytes() for row in x}
    for part in (data.x_train, data.x_validation, data.x_test):
        assert {row.tobytes() for row in part} <= known
    bare = {"since": "", "city": 7, "kind": "z", "house": "h1", "member": 1, "rooms": 2}
    bare |= {"age": "", "size": 50}
    row = zoo.read_rows(write_csv(tmp_path / "new.csv", [bare]), data.schema)[0]
    said = dict(zip(data.schema["features"], row.tolist(), strict=True))
    assert (said["city=other"], said["kind=other"], said["house=h1"]) == (1, 1, 1)
    assert (said["member"], said["rooms"], said["age is missing"]) == (1, 2, 1)
    assert said["age"] == pytest.approx(plan_of(data, "age")["fill"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": "old"}, "Column 'age' was read as number in training; here it holds texts"),
        ({"since": "5"}, "Column 'since' was read as date in training; here it holds numbers"),
        ({"age": "1e30"}, "Column 'age' holds values that are infinite or over 1e.18"),
        ({"age": None}, "There is no column 'age' .needed.. Did you mean"),
    ],
)
def test_new_rows_of_another_kind(
    table: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    data = load(table)
    rows = [
        {key: value for key, value in (row | change).items() if value is not None}
        for row in rows_of_table()
    ]
    if change == {"age": None}:
        rows = [row | {"ages": 1} for row in rows]
    with pytest.raises(zoo.UserError, match=message):
        zoo.read_rows(write_csv(tmp_path / "new.csv", rows), data.schema)
