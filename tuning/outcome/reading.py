"""The ways of reading in the answer of a search: the best trial of each, and which was taken."""

from collections.abc import Mapping, Sequence
from typing import Any

from tuning.auto.finding import Field
from zoo.data.ways import Way
from zoo.tasks.metric import Metric


def read_as(field: Field, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the way of reading of a point as it is noted beside a preset; {} where none varies."""
    option = field.ways[0].option if field.ways else ""
    return {"reading": str(values[option])} if option in values else {}


def readings(
    field: Field, rows: Sequence[Mapping[str, Any]], taken: Mapping[str, Any], metric: Metric
) -> tuple[list[dict[str, Any]], str]:
    """Return the best trial of each way of reading, and a sentence about the one that is taken.

    Args:
        field: what was chosen from.
        rows: finished trials, the best first, with what `read_as` gives, preset and score.
        taken: what `read_as` gives for the trial that is taken.
        metric: of the task.
    """
    best = {way: _best(way, rows) for way in field.ways}
    found = [
        {"option": way.option, "value": way.value, "source": way.source, **best[way]}
        for way in field.ways
    ]
    own = next((way for way in field.ways if way.value == taken.get("reading")), None)
    if own is None:
        return found, ""
    others = [
        f"{way.value} {metric.shown(row['score'])}" if row else f"{way.value} not tried"
        for way, row in best.items()
        if way != own
    ]
    return found, f"Rows are read by {own.spelled} ({own.source}); others: {'; '.join(others)}."


def _best(way: Way, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    row = next((row for row in rows if row.get("reading") == way.value), None)
    return {} if row is None else {name: row[name] for name in ("preset", "number", "score")}
