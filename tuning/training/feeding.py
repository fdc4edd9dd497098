"""Batches for `model.fit`: the training rows, unchanged or augmented."""

import math
from dataclasses import dataclass

import keras
import numpy as np

from tuning.augmentation.apply import Augmentation, changes_rows
from tuning.recipe import Recipe
from tuning.training.losses import Targets, class_weights, soft
from zoo import Data
from zoo.tasks import Task


@dataclass(frozen=True, eq=False)
class Feed:
    """Rows and targets of a training.

    Attributes:
        x, y: training rows, targets as the loss wants them.
        task: that the targets are of.
        weights: of the loss, per class; None where all count alike.
        validation: `model.fit`'s argument of that name; None without validation rows.
        recipe: of the training.
        augment: what changes the rows; None for rows as they are.
        views: how often the rows come, one set after the other; an epoch takes one set.
    """

    x: np.ndarray
    y: np.ndarray
    task: Task
    weights: np.ndarray | None
    validation: tuple[np.ndarray, ...] | None
    recipe: Recipe
    augment: Augmentation | None
    views: int = 1

    @property
    def rows(self) -> int:
        """Rows of an epoch."""
        return len(self.x) // self.views

    @classmethod
    def of(
        cls,
        data: Data,
        targets: Targets,
        recipe: Recipe,
        teacher: np.ndarray | None = None,
        views: int = 1,
    ) -> "Feed":
        """Prepare the rows of `data` for a recipe that goes with them: see `check_augmentation`."""
        answers = None if teacher is None else targets.units.standardize(teacher)
        y = soft(targets.encode(data.y_train), answers, recipe.distill)
        weights, validation = class_weights(data, recipe), None
        if len(data.x_validation):
            aims = targets.encode(data.y_validation)
            validation = (
                data.x_validation,
                aims,
                *([] if weights is None else [data.task.weigh(aims, weights)]),
            )
        augment = None
        if changes_rows(recipe):
            augment = Augmentation.of(recipe, data.x_train, data.task.moves, y)
        return cls(data.x_train, y, data.task, weights, validation, recipe, augment, views)


class Batches(keras.utils.PyDataset):
    """Endless batches of rows, the epochs one after the other.

    Batch i depends on the seed, its epoch and its place there alone: it is the same whenever it is
    asked for, also when a training is taken up again. Endless, because Keras looks at batches
    before the training and ahead of it, so that its own epochs say nothing of what is drawn.

    Args:
        feed: rows, targets, recipe.
        start: the epoch that batch 0 begins.
    """

    def __init__(self, feed: Feed, start: int) -> None:
        super().__init__()
        self._feed, self._start = feed, start
        self._chances: np.ndarray | None = None
        if feed.recipe.balance == "sampling" and feed.weights is not None:
            counted = feed.task.weigh(feed.y[: feed.rows], feed.weights).reshape(feed.rows, -1)
            chances = counted.mean(axis=1, dtype=np.float64)
            self._chances = chances / chances.sum()
        self.steps = math.ceil(feed.rows / feed.recipe.batch_size)
        self._order: tuple[int, np.ndarray] = (-1, np.zeros(0, int))

    @property
    def num_batches(self) -> None:
        """None says that there is no end."""

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        epoch, step = divmod(number, self.steps)
        epoch += self._start
        feed, size = self._feed, self._feed.recipe.batch_size
        rows = self._rows(epoch)[step * size : (step + 1) * size]
        x, y = feed.x[rows], feed.y[rows]
        if feed.augment is not None:
            x, y = feed.augment(np.random.default_rng([feed.recipe.seed, epoch, 1 + step]), x, y)
        if feed.weights is None or self._chances is not None:
            return x, y
        return x, y, feed.task.weigh(y, feed.weights)

    def _rows(self, epoch: int) -> np.ndarray:
        """Return the rows of an epoch in their order: each once, or drawn by chance."""
        known, order = self._order
        if known != epoch:
            rng = np.random.default_rng([self._feed.recipe.seed, epoch, 0])
            count = self._feed.rows
            order = rng.permutation(count)
            if self._chances is not None:
                order = rng.choice(count, count, p=self._chances)
            order = order + count * (epoch % self._feed.views)
            self._order = epoch, order
        return order
