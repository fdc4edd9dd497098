"""Figures of each label of a multi-label classification."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.metrics.labels import average_precision, columns, f1_of
from zoo.metrics.weighted import once


@dataclass(frozen=True)
class LabelFigures:
    """What answers are worth for one label; None where a figure is undefined."""

    label: str
    rows: int  # that have it
    answered: int
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None

    @property
    def hits(self) -> int:
        """Rows that have it and are answered so."""
        return round((self.recall or 0.0) * self.rows)


@dataclass(frozen=True)
class LabelTable:
    """A line for each label."""

    lines: tuple[LabelFigures, ...]

    def described(self) -> list[dict[str, Any]]:
        """Return the lines as JSON types."""
        return [asdict(line) for line in self.lines]


def label_table(labels: tuple[str, ...], y: np.ndarray, outputs: np.ndarray) -> LabelTable:
    """Return the figures of each label: y 0/1 and logits, both (rows, labels)."""
    truth, said = y > 0, outputs > 0
    sums = columns(truth, said).sum(axis=0)
    hits, answered, rows = (part.astype(int) for part in np.split(sums, 3))
    f1, all_rows = f1_of(sums), once(len(y))
    lines = []
    for n, label in enumerate(labels):
        area = average_precision(truth[:, n], outputs[:, n])(all_rows)[0]
        lines.append(
            LabelFigures(
                label,
                int(rows[n]),
                int(answered[n]),
                _share(hits[n], answered[n]),
                _share(hits[n], rows[n]),
                None if np.isnan(f1[n]) else float(f1[n]),
                None if np.isnan(area) else float(area),
            )
        )
    return LabelTable(tuple(lines))


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
