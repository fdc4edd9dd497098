"""Damaged tables."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

import zoo
from tests.damage.content import text
from tests.helpers.made import rows_of_table, write_csv
from zoo.readers import frame


def column(name: str, value: Callable[[int], object], target: bool = False) -> bytes:
    """Return a good table with one more column, or another target."""
    rows = [row | {name: value(number)} for number, row in enumerate(rows_of_table(40))]
    names = [one for one in rows[0] if not (target and one == "price")]
    return "\n".join(
        [",".join(names), *(",".join(str(r[n]) for n in names) for r in rows)]
    ).encode()


def parquet_of(**columns: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


GOOD_PARQUET = parquet_of(a=list(range(40)), price=[0.5 * n * n for n in range(40)])


PNG = io.BytesIO()
Image.fromarray(np.zeros((8, 8), np.uint8)).save(PNG, "PNG")


TABLES: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "empty": ("t.csv", b"", {}, "is empty. Expected a line of names"),
    "blank lines": ("t.csv", b"\n\n\n", {}, "cannot be read|no rows"),
    "names only": ("t.csv", b"a,b,price\n", {}, "holds no rows, only the names of 3 columns"),
    "short row": ("t.csv", text("1,x"), {}, "cannot be read: .*Expected 3 columns, got 2"),
    "long row": ("t.csv", text("1,x,2,3"), {}, "cannot be read: .*Expected 3 columns, got 4"),
    "same names": ("t.csv", b"a,a,price\n1,2,3\n", {}, "has several columns named 'a'"),
    "no names": ("t.csv", b"1,2,3\n4,5,6\n", {}, "first line of .* holds numbers, not names"),
    "one column": ("t.csv", b"price\n1\n2\n", {}, "has one column only, 'price': nothing to"),
    "no target": ("t.csv", text(), {"target": None}, "is to be predicted. Give --target NAME. It"),
    "typo": ("t.csv", text(), {"target": "prize"}, "There is no column 'prize' .--target.. Did"),
    "two targets": (
        *("t.csv", column("y", lambda n: "xy"[n % 2]), {"target": "y, id"}),
        "The target 'y' holds texts, such as 'x'; a regression needs numbers",
    ),
    "target twice": ("t.csv", text(), {"target": "a,a"}, "'a,a' names a column twice. Name each"),
    "second is a typo": ("t.csv", text(), {"target": "a,prize"}, "There is no column 'prize'"),
    "separated numbers": (
        *("t.csv", text(), {"separator": ";"}),
        "No cell of 'price' holds two tags with ';' between them. Give the right --separator; or",
    ),
    "no separator": ("t.csv", text(), {"separator": ""}, "separator must be a character or more"),
    "empty target": ("t.csv", b"a,price\n1,\n2,\n", {}, "'price' is empty in all rows"),
    "same target": ("t.csv", b"a,price\n1,5\n2,5\n", {}, "'price' is the same in all rows"),
    "one row": ("t.csv", b"a,price\n1,5\n", {}, "is the same in all rows"),
    "two rows": ("t.csv", b"a,price\n1,5\n2,7\n", {}, "training rows are too few|single training"),
    "zeros": ("t.csv", b"a,price\n1,\0\n", {}, "is not a text file: it holds NUL bytes"),
    "a picture": ("t.csv", PNG.getvalue(), {}, "is not a text file: it holds NUL bytes"),
    "half a character": (
        *("t.csv", "a,price\n1,2".encode("utf-16")[:-1], {}),
        "cannot be read|is empty in all rows",
    ),
    "only a mark": ("t.csv", b"\xff\xfe", {}, "cannot be read"),
    "open quote": ("t.csv", text('1,"x,2'), {}, "cannot be read"),
    "open at the end": ("t.csv", text('1,x,"2'), {}, "a quote is opened and never closed"),
    "infinity": ("t.csv", text("inf,x,2"), {}, "'a' holds values that are infinite or over 1e.18"),
    "too large": ("t.csv", text("1e300,x,2"), {}, "holds values that are infinite or over"),
    "digits": ("t.csv", text(30 * "9" + ",x,2"), {}, "holds values that are infinite or over"),
    "target too large": ("t.csv", text("1,x,inf"), {}, "'price' holds values over 1e.18. Rescale"),
    "all dropped": ("t.csv", text(), {"drop": ("a", "b")}, "no column is left to learn 'price'"),
    "constants": ("t.csv", column("z", lambda n: 1), {"columns": ("z",)}, "it is the same in all"),
    "no such drop": ("t.csv", text(), {"drop": ("c",)}, "There is no column 'c' .--drop."),
    "no such column": ("t.csv", text(), {"columns": ("c",)}, "There is no column 'c' .--column."),
    "no such group": ("t.csv", text(), {"group": "c"}, "There is no column 'c' .--group."),
    "group is target": ("t.csv", text(), {"group": "price"}, "--group and --target name the same"),
    "time is target": ("t.csv", text(), {"time": "price"}, "name the same column 'price'"),
    "one group": (
        "t.csv",
        column("g", lambda n: "x"),
        {"group": "g"},
        "too few groups for training",
    ),
    "no group": (
        *("t.csv", column("g", lambda n: "xy"[n % 2] if n else ""), {"group": "g"}),
        "1 rows have no value of 'g', so their group is unknown",
    ),
    "time is text": ("t.csv", text(), {"time": "b"}, "--time needs a date or number in every row"),
    "one time": ("t.csv", column("t", lambda n: 5), {"time": "t"}, "1 different times are too few"),
    "a gap in time": (
        *("t.csv", column("t", lambda n: n if n else ""), {"time": "t"}),
        "--time needs a date or number .* missing in 1 rows",
    ),
    "new class": (
        *("t.csv", column("y", lambda n: "xy"[n > 37], True), {"target": "y", "time": "id"}),
        "No training row has the class 'y' of 'y'",
    ),
    "rare class": (
        *("t.csv", column("y", lambda n: "xy"[n == 37], True), {"target": "y"}),
        "Class 1 has a single training row",
    ),
    "dates": (
        *("t.csv", column("y", lambda n: f"2024-01-{n % 28 + 1:02d}", True), {"target": "y"}),
        "'y' must hold numbers or texts; it holds dates",
    ),
    "image size": (
        "t.csv",
        text(),
        {"image_size": 32},
        "--image-size is for images and images with masks or boxes; t.csv is read as",
    ),
    "skip bad": (
        "t.csv",
        text(),
        {"skip_bad": True},
        "--skip-bad is for images, audio, recordings and images",
    ),
    "parquet named csv": ("t.csv", GOOD_PARQUET, {}, "is not a text file"),
    "zip named csv": ("t.csv", zlib.compress(bytes(9)) + bytes(9), {}, "is not a text file"),
    "csv named parquet": ("t.parquet", text(), {}, "cannot be read"),
    "empty parquet": ("t.parquet", b"", {}, "cannot be read"),
    "cut parquet": ("t.parquet", GOOD_PARQUET[:-20], {}, "cannot be read"),
    "parquet's end": ("t.parquet", GOOD_PARQUET[-200:], {}, "cannot be read"),
    "parquet of noise": (
        *("t.parquet", GOOD_PARQUET[:30] + bytes(range(60)) + GOOD_PARQUET[90:], {}),
        "cannot be read",
    ),
    "no parquet rows": (
        *("t.parquet", parquet_of(a=pa.array([], "int64"), price=pa.array([], "int64")), {}),
        "holds no rows",
    ),
    "lists": (
        *(
            "t.parquet",
            parquet_of(a=[[n] for n in range(40)], price=[n / 3 for n in range(40)]),
            {},
        ),
        "a: its values are neither numbers nor texts",
    ),
    "another ending": (
        "t.xlsx",
        b"PK\3\4",
        {},
        "is a workbook, which is not read. Save its sheet as CSV",
    ),
    "no ending": ("t", b"a,price\n", {}, "files ending in '' are not known"),
}


@pytest.mark.parametrize("case", TABLES)
def test_damaged_tables(tmp_path: Path, case: str) -> None:
    name, content, said, message = TABLES[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(tmp_path / name, reading=zoo.Reading(**{"target": "price"} | said))


def test_a_cell_of_20_mb_is_no_category(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(text("1," + 20_000_000 * "x" + ",2"))
    data = zoo.load_data(tmp_path / "t.csv", reading=zoo.Reading(target="price"))
    assert data.schema["columns"][1]["why"].startswith("free text")


def test_tasks_that_a_target_cannot_have(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of_table())
    with pytest.raises(zoo.UserError, match="'city' holds texts, such as .* a regression needs"):
        zoo.load_data(path, task="regression", reading=zoo.Reading(target="city"))
    many = write_csv(tmp_path / "m.csv", [{"a": n % 7, "y": f"n{n}"} for n in range(1500)])
    with pytest.raises(
        zoo.UserError, match="has 1500 different values .* that is too many to be classes"
    ):
        zoo.load_data(many, reading=zoo.Reading(target="y"))


def test_a_parquet_file_that_says_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "MOST_CELLS", 79)
    (tmp_path / "t.parquet").write_bytes(GOOD_PARQUET)
    with pytest.raises(zoo.UserError, match="declares 80 cells; a table may hold 79"):
        zoo.load_data(tmp_path / "t.parquet", reading=zoo.Reading(target="price"))
