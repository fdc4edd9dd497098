"""Lengths of trainings: a short one first where time is limited, few rows first of many."""

import math
from collections.abc import Callable

import optuna

from tuning.recipe import Recipe

MANY, SCREENED, SHARE = 18_000, 2_000, 9  # training rows, the fewest to screen on, or a ninth
STEPS, SECONDS = 300, 15.0  # of the first training under a budget in time
TRAININGS = 5  # full trainings in the time that is left after the first, one at a time
EPOCHS = "epochs"  # of a full training under a budget in time, as the study keeps it


def screened(rows: int) -> int:
    """Return on how many of the training rows a trial is trained first; 0 where they are few."""
    return max(SCREENED, rows // SHARE) if rows >= MANY else 0


def first_seconds(minutes: float | None) -> float:
    """Return the seconds that the first training may take; 0 is no limit."""
    return 0.0 if minutes is None else min(SECONDS, 60 * minutes / 12)


def first_epochs(recipe: Recipe, rows: int) -> int:
    """Return the epochs of the first training, of so many rows: some hundred steps."""
    steps = math.ceil((screened(rows) or rows) / recipe.batch_size)
    return min(recipe.epochs, max(2, math.ceil(STEPS / steps)))


def full_epochs(recipe: Recipe, first: int, pace: float, left: float) -> int:
    """Return the epochs of a full training that leave time for several.

    Args:
        recipe: with the epochs that it would have, were there time.
        first: epochs of the first training; it is never less.
        pace: seconds per epoch.
        left: seconds for everything.
    """
    return max(first, min(recipe.epochs, int(left / TRAININGS / max(pace, 1e-6))))


def paced(study: optuna.Study, recipe: Recipe, first: int) -> Callable[[int], float]:
    """Return how long trial n is trained, in parts of the recipe's epochs."""

    def share(number: int) -> float:
        epochs = first if number == 0 else study.user_attrs.get(EPOCHS, recipe.epochs)
        return float(epochs) / recipe.epochs

    return share
