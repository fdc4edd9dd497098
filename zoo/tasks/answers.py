"""Results of a task for its callers: answers, mistakes, effects, parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from zoo.metrics.errors import SQUARES, Errors

MOST = 12  # mistakes of a report
Widths = Sequence[float] | None  # of prediction intervals, one for each target


@dataclass(frozen=True)
class Answers:
    """Answers as a table of text: a header, and a line per row as long as it."""

    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]

    def named(self, title: str, names: Iterable[object]) -> "Answers":
        """Return them with the names of the rows as the first column."""
        lines = ((str(name), *line) for name, line in zip(names, self.lines, strict=True))
        return Answers((title, *self.header), tuple(lines))

    def titled(self, targets: Sequence[str]) -> "Answers":
        """Return them with the names of several numbers in place of "answer 0" and so on."""
        names = {f"answer {n}": name for n, name in enumerate(targets)}
        return Answers(tuple(names.get(title, title) for title in self.header), self.lines)


def of_classes(p: np.ndarray, labels: Sequence[str], every: bool) -> Answers:
    """Return the likeliest class of each row; with `every` the probabilities of all.

    Args:
        p: probabilities, (rows, classes).
        labels: of the classes.
        every: as of `Task.answers`.
    """
    header, best = ("row", "answer", "probability"), p.argmax(axis=1)
    lines = tuple((str(n), labels[of], f"{p[n, of]:.4f}") for n, of in enumerate(best))
    if not every:
        return Answers(header, lines)
    each = (tuple(f"{one:.4f}" for one in row) for row in p)
    both = tuple(line + row for line, row in zip(lines, each, strict=True))
    return Answers((*header, *(f"p {label}" for label in labels)), both)


@dataclass(frozen=True)
class Mistake:
    """A test row, what is true of it, and what was answered."""

    row: int  # of the test rows
    truth: str
    probability: float | None  # that int8 gave its answer; None for numbers
    wrong: bool  # an answer other than the true one; numbers are never quite right
    int8: str
    float: str  # last: within the class the name now means this field


@dataclass(frozen=True)
class Changes:
    """Rows that one model has right and another wrong, counted by label."""

    broken: dict[str, int]
    fixed: dict[str, int]


@dataclass(frozen=True)
class Effect:
    """By how much an answer falls without each part of a row.

    Attributes:
        answer: to the whole row.
        falls: of the answer without each part, (parts,).
        size: what of it counts, (parts,): falls of a probability, changes of a number.
    """

    answer: str
    falls: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class Part:
    """Labels that one model of a baseline learns.

    Attributes:
        y: class numbers, (rows,), or numbers, (rows, targets).
        classes: how many; 0 for numbers.
        errors: of numbers, what is minimized.
    """

    y: np.ndarray
    classes: int
    errors: Errors = SQUARES


@runtime_checkable
class Described(Protocol):
    """A detail of answers that a report keeps as JSON."""

    def described(self) -> Any:
        """Return it as JSON types."""
