"""Plans for the columns of a table: fitted on training rows, written as JSON.

A number is one feature, its gaps filled with the median; a category one feature a value, and one
for all others; a date the days since the first. Where training rows have gaps, one more feature
says so.
"""

import re
from typing import Any

import numpy as np

from zoo.checks import LARGEST, UserError
from zoo.data.reading import OTHER
from zoo.readers.frame import Column

MOST_VALUES = 50  # of a category with features of their own
FEW_VALUES = 10  # of a category, which are never too many for its rows
LONGEST_VALUE = 200  # characters
IDENTIFIER = re.compile(
    r"(?i:(.*[_ ])?(id|uuid|guid|index|unnamed: 0)|column 1)|.*[a-z]I[dD]"  # customerId
)
DATE = re.compile(r"\d{1,4}([-/. ])\w{1,9}\1\d{1,4}\b.*")
AMOUNT = re.compile(r"[^\w]{0,2}[\d.,' ]*\d[^\w]{0,2}|[A-Z]{3} ?[\d.,']+|[\d.,']+ ?[A-Z]{3}")

Plan = dict[str, Any]


def fit(name: str, column: Column, rows: np.ndarray) -> Plan:
    """Return the plan for a column, fitted on the training rows `rows`.

    Returns:
        "name", "kind": "number", "date", "category" or "left_out"; and "fill", "origin", "values",
        "missing" or "why" with it.
    """
    why = _useless(name, column, rows)
    if why:
        return {"name": name, "kind": "left_out", "why": why}
    values, missing = column.values[rows], bool(column.missing[rows].any())
    if column.kind == "text":
        return {
            "name": name,
            "kind": "category",
            "values": _frequent(column, values),
            "missing": missing,
        }
    if (np.abs(values[~np.isnan(values)]) >= LARGEST).any():
        raise UserError(
            f"Column {name!r} holds values that are infinite or over {LARGEST:g}. Drop or rescale "
            f"it, or leave it out with --drop {name}."
        )
    plan: Plan = {"name": name, "kind": column.kind, "missing": missing}
    origin = 0.0
    if column.kind == "date":
        origin = plan["origin"] = float(np.floor(np.nanmin(values)))
    return plan | {"fill": float(np.nanmedian(values)) - origin}


def _useless(name: str, column: Column, rows: np.ndarray) -> str:
    """Return why a column is left out, or an empty text."""
    values = column.values[rows]
    present = values[~column.missing[rows]]
    distinct = len(np.unique(present))
    if column.kind == "other":
        return "its values are neither numbers nor texts"
    if distinct == 0:
        return "it is empty in all training rows"
    if distinct == 1 and len(present) == len(values):
        return "it is the same in all training rows"
    if column.kind == "text":
        if max(map(len, column.words)) > LONGEST_VALUE:
            return f"free text (read it with --text {name!r})"
        if distinct > max(FEW_VALUES, len(present) / 2):
            return _guess(name, column.words[0])
    if column.whole and distinct == len(values) and _counts(name, column.values):
        return "it only numbers the rows"
    return ""


def _guess(name: str, word: str) -> str:
    """Return a guess at a column of mostly distinct texts."""
    if DATE.fullmatch(word):
        return f"it looks like dates, {word!r}; write them as 2024-12-31"
    if AMOUNT.fullmatch(word):
        return f"it looks like amounts, {word!r}; write plain numbers"
    return f"nearly every row has a different text (to read it as text, --text {name!r})"


def _counts(name: str, values: np.ndarray) -> bool:
    """Return whether distinct values only number the rows."""
    return bool(IDENTIFIER.fullmatch(name)) or bool((np.diff(values) == 1).all())


def _frequent(column: Column, values: np.ndarray) -> list[str]:
    counts = np.bincount(values[values >= 0], minlength=len(column.words))
    places = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    return sorted(column.words[place] for place in places if counts[place])


def feature_names(plan: Plan) -> list[str]:
    """Return the names of the features that a column becomes."""
    name = plan["name"]
    if plan["kind"] == "left_out":
        return []
    gaps = [f"{name} is missing"] if plan["missing"] else []
    if plan["kind"] == "category":
        return [*(f"{name}={value}" for value in plan["values"]), f"{name}{OTHER}", *gaps]
    return [name, *gaps]


def encode(plan: Plan, column: Column, rows: np.ndarray) -> list[np.ndarray]:
    """Return the features of the rows `rows`, one array each.

    Raises:
        UserError: the column holds something else than it did in the training rows.
    """
    column = as_planned(plan, column)
    values, missing = column.values[rows], column.missing[rows]
    gaps = [missing] if plan["missing"] else []
    if plan["kind"] == "category":
        known = {word: place for place, word in enumerate(column.words)}
        places = [known.get(value, -2) for value in plan["values"]]
        found = [values == place for place in places]
        return [*found, ~(missing | np.isin(values, places)), *gaps]
    filled = np.where(missing, plan["fill"], values - plan.get("origin", 0.0))
    if (np.abs(filled) >= LARGEST).any():
        raise UserError(
            f"Column {plan['name']!r} holds values that are infinite or over {LARGEST:g}."
        )
    return [filled, *gaps]


def as_planned(plan: Plan, column: Column) -> Column:
    """Return a column as the plan expects it. Raises UserError for one of another kind."""
    kind, wanted = column.kind, plan["kind"]
    if column.missing.all():  # whatever its kind
        if wanted == "category":
            return Column("text", np.full(len(column.values), -1))
        return Column(wanted, np.full(len(column.values), np.nan))
    if wanted == "category" and kind in ("number", "boolean"):
        words, places = np.unique(column.texts(), return_inverse=True)
        return Column("text", np.where(column.missing, -1, places), tuple(map(str, words)))
    if kind == {"category": "text"}.get(wanted, wanted) or {kind, wanted} == {"number", "boolean"}:
        return column
    shown = column.words[0][:40] if kind == "text" and column.words else kind
    raise UserError(
        f"Column {plan['name']!r} was read as {wanted} in training; here it holds {kind}s, such "
        f"as {shown!r}. Give the same kind of values."
    )
