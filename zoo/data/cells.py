"""Table front end: lines of a CSV file as rows of a model, in Python and NumPy alone.

The run folder of a model trained on a table has a copy of this file, the reference for checking an
implementation on a device, number by number. A number is one feature, its gaps filled; a category
one feature a value and one for all others; a date the days since the first. A further feature says
that a value is missing, where training rows had gaps.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

# cells that are gaps
MISSING = (
    *("", "?", "NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "-NaN", "-nan", "#NA", "#N/A"),
    *("#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
# beside ISO 8601; not day/month/year: values are tried one by one, and 3/4 would be one of April
DATES = ("%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M")
FLAGS = {"true": 1.0, "false": 0.0}
LARGEST = 1e18
SECONDS = 86_400  # a day


def read_lines(path: str | Path) -> list[dict[str, str]]:
    """Return the lines of a CSV or TSV file: name of the column -> cell.

    The separator is the most frequent of `,;|` and the tabulator in the first line; commas in
    numbers are decimal ones where it is another.
    """
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = "\t" if str(path).endswith(".tsv") else max(",;\t|", key=first.count)
        lines = csv.reader(file, delimiter=delimiter)
        names = [name.strip() for name in next(lines, [])]
        return [dict(zip(names, line, strict=False)) for line in lines if line]


def encoded(
    lines: Sequence[Mapping[str, str]], columns: Sequence[Mapping[str, Any]]
) -> "np.ndarray[Any, Any]":
    """Return lines as rows of the model, float32 (lines, features).

    Args:
        lines: name of the column -> cell; a missing cell is a gap.
        columns: what training has learned of each column, in the order of the features.

    Raises:
        ValueError: a column that no line has, or a cell that is no number or date.
    """
    used = [plan for plan in columns if plan["kind"] != "left_out"]
    for plan in used:
        if lines and not any(plan["name"] in line for line in lines):
            wanted = ", ".join(one["name"] for one in used)
            raise ValueError(f"There is no column {plan['name']!r}. The columns needed: {wanted}.")
    rows = [[v for plan in used for v in _features(plan, line)] for line in lines]
    return np.array(rows, np.float32)


def _features(plan: Mapping[str, Any], line: Mapping[str, str]) -> list[float]:
    raw = line.get(plan["name"], "")
    cell, missing = raw.strip(), raw in MISSING or not raw.strip()
    gaps = [float(missing)] if plan["missing"] else []
    if plan["kind"] == "category":
        values = plan["values"]
        found = cell if cell in values else _plain(cell)
        known = [float(not missing and value == found) for value in values]
        return [*known, float(not missing and not any(known)), *gaps]
    if missing:
        return [plan["fill"], *gaps]
    read = _days if plan["kind"] == "date" else _number
    value = read(cell)
    if value is None or not abs(value) < LARGEST:
        raise ValueError(f"Column {plan['name']!r} must hold {plan['kind']}s; got {cell!r}.")
    return [value - plan.get("origin", 0.0), *gaps]


def _plain(cell: str) -> str:
    """Return a number as training wrote it: 7 for 7.0 and 07."""
    value = _number(cell)
    return cell if value is None else f"{value:.12g}"


def _number(cell: str) -> float | None:
    try:
        return FLAGS[cell.lower()] if cell.lower() in FLAGS else float(cell.replace(",", "."))
    except ValueError:
        return None


def _days(cell: str) -> float | None:
    """Return the days since 1970 of a date or a time, which is UTC if it does not say."""
    found = None
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        for form in DATES:
            try:
                found = datetime.strptime(cell, form)
            except ValueError:
                continue
    if found is None:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return math.floor(found.timestamp()) / SECONDS


def table_snippet(columns: Sequence[Mapping[str, Any]]) -> str:
    """Return this file with the columns of a training; its `rows(path)` reads a CSV file."""
    return f"""{Path(__file__).read_text("utf-8")}

COLUMNS: list[dict[str, Any]] = {list(columns)!r}


def rows(path: str | Path) -> "np.ndarray[Any, Any]":
    return encoded(read_lines(path), COLUMNS)
"""
