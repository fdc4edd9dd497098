"""Printed summary of a data set: its columns, and the assumptions made in reading it."""

from typing import Any

from rich.console import Console
from rich.table import Table

from pocketzoo.printing.console import print_table
from zoo.data.dataset import Data

MOST = 200  # columns that are listed
VALUES = 8  # of a category that are named


def print_columns(console: Console, data: Data) -> None:
    """List the columns of a table: what each was taken for, and the features it became."""
    plans = data.schema.get("columns", ())
    if not plans:
        return
    table = Table("column", "read as", "in the model")
    for plan in plans[:MOST]:
        table.add_row(plan["name"], *_use(plan))
    print_table(console, table)
    if len(plans) > MOST:
        console.print(f"... and {len(plans) - MOST} more columns.")
    console.print(f"{len(plans)} columns became {len(data.schema['features'])} features.")


def _use(plan: dict[str, Any]) -> tuple[str, str]:
    gaps = ", and whether it is missing" if plan.get("missing") else ""
    if plan["kind"] == "left_out":
        return "left out", plan["why"]
    if plan["kind"] == "category":
        values = plan["values"]
        more = f", {len(values) - VALUES} more" if len(values) > VALUES else ""
        return "category", f"one of {', '.join(values[:VALUES])}{more}, other{gaps}"
    if plan["kind"] == "date":
        return "date", f"days since the first{gaps}"
    filled = f", gaps filled with {plan['fill']:.6g}" if gaps else ""
    return plan["kind"], f"its value{filled}{gaps}"


def print_notes(console: Console, data: Data) -> None:
    """Say what was taken for granted, and what was left out."""
    left_out = [plan for plan in data.schema.get("columns", ()) if plan["kind"] == "left_out"]
    notes = [*data.schema.get("notes", ()), *data.task.notes(data.y_train)]
    notes += [f"Column {plan['name']!r} is left out: {plan['why']}." for plan in left_out[:MOST]]
    for sentence in notes:
        console.print(f"Note: {sentence}", style="yellow", soft_wrap=True)
