"""The test rows on which the int8 file is most wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo import Data
from zoo.metrics.classes import probabilities

MOST = 12


@dataclass(frozen=True)
class Mistake:
    """A test row, what is true of it, and what was answered."""

    row: int  # of the test rows
    truth: str
    probability: float | None  # that int8 gave its answer; None for regression
    wrong: bool  # a class other than the true one; numbers are never quite right
    int8: str
    float: str  # last: within the class the name now means this field


def worst(data: Data, of_float: np.ndarray, of_int8: np.ndarray) -> tuple[Mistake, ...]:
    """Return the worst answers, the worst first.

    For classes those that gave the true one the least probability; where fewer than twelve rows
    are wrong, right ones that were closest to wrong make up the number. For numbers those with the
    largest error, in standard deviations of their target.

    Args:
        data: its test part.
        of_float: logits or predictions of the test rows, (rows, outputs).
        of_int8: the same of the int8 file.
    """
    if data.task == "regression":
        return _numbers(data, of_float, of_int8)
    p, y = probabilities(of_int8), data.y_test
    answers, floats = p.argmax(axis=1), of_float.argmax(axis=1)
    order = np.lexsort((p[np.arange(len(y)), y], answers == y))[:MOST]
    names = data.class_names
    return tuple(
        Mistake(
            row=int(row),
            truth=names[y[row]],
            int8=names[answers[row]],
            float=names[floats[row]],
            probability=float(p[row, answers[row]]),
            wrong=bool(answers[row] != y[row]),
        )
        for row in order
    )


def _numbers(data: Data, of_float: np.ndarray, of_int8: np.ndarray) -> tuple[Mistake, ...]:
    spread = np.maximum(data.y_test.std(axis=0), np.finfo(np.float32).tiny)
    errors = np.max(np.abs(of_int8 - data.y_test) / spread, axis=1)
    order = np.argsort(-errors, kind="stable")[:MOST]
    truth, int8, of = (_text(values) for values in (data.y_test, of_int8, of_float))
    return tuple(Mistake(int(row), truth[row], None, True, int8[row], of[row]) for row in order)


def _text(values: np.ndarray) -> list[str]:
    return [", ".join(f"{value:.4g}" for value in row) for row in np.asarray(values)]


def described(mistakes: tuple[Mistake, ...]) -> list[dict[str, Any]]:
    """Return their part of `report.json`."""
    return [vars(one) for one in mistakes]
