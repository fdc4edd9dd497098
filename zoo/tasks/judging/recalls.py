"""Recall of each class, for rows whose classes are uneven."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.metrics.intervals import wilson
from zoo.tasks.judging.choice import is_uneven


@dataclass(frozen=True)
class Recall:
    """A class: its rows, how many are answered right, as which share of them, and its interval."""

    label: str
    rows: int
    right: int
    answered: int  # rows that are answered so, right or wrong
    recall: float
    ci95: tuple[float, float]


@dataclass(frozen=True)
class Recalls:
    """A line for each class that rows have."""

    lines: tuple[Recall, ...]

    @classmethod
    def of(cls, labels: tuple[str, ...], confusion: np.ndarray) -> "Recalls":
        """Return the recall of each class; `confusion` counts rows, true class x answer."""
        lines = []
        for n, label in enumerate(labels):
            rows, right = int(confusion[n].sum()), int(confusion[n, n])
            if rows:
                answered, ends = int(confusion[:, n].sum()), wilson(right, rows)
                lines.append(Recall(label, rows, right, answered, right / rows, ends))
        return cls(tuple(lines))

    def described(self) -> list[dict[str, Any]]:
        """Return the lines as JSON types."""
        return [asdict(line) for line in self.lines]


def recalls_of(labels: tuple[str, ...], confusion: np.ndarray, every: bool) -> dict[str, Recalls]:
    """Return the recalls as a detail of a report; none of even classes, unless `every`."""
    uneven = is_uneven([int(rows) for rows in confusion.sum(axis=1)])
    return {"recalls": Recalls.of(labels, confusion)} if every or uneven else {}
