"""Overfit test: can this model learn a hundred rows by heart?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from tuning.recipe import METRIC, SQUARED, Recipe
from tuning.training.fitting import fit
from zoo import Data, ModelSpec
from zoo.checks import at_least
from zoo.presets.catalogue import family_of
from zoo.tasks import Task
from zoo.tasks.outputs import portions
from zoo.tasks.units import Units

STEPS = 3000  # at most
STALLED = 500  # steps without a loss that is lower by a hundredth of all there is
SETTLING = 200  # steps at least: the statistics of BatchNorm follow the weights
FALL = 0.95
REGULARIZERS = ("dropout", "drop_path")


@dataclass(frozen=True)
class Overfit:
    """How well training rows were learned by heart.

    Attributes:
        rows: how many.
        metric: "accuracy" or "rmse"; `score` is the model's, as it predicts, on those rows.
        before: loss of an answer that does not look at the row: the entropy of the classes, or 1
            (squared error in units of the targets' variance).
        after: loss of the trained model, without smoothing.
        epochs: trained.
        right: whether every answer that can be right is; true of numbers.

    Examples:
        >>> found = tuning.Overfit(10, "accuracy", 1.0, before=1, after=0.01, epochs=80, right=True)
        >>> found.fall, found.learned
        (0.99, True)
    """

    rows: int
    metric: str
    score: float
    before: float
    after: float
    epochs: int
    right: bool

    @property
    def fall(self) -> float:
        """Share of the loss that is gone."""
        return 1 - self.after / max(self.before, 1e-12)

    @property
    def learned(self) -> bool:
        """The loss fell by more than 95 %, and every row's class is right."""
        return self.fall > FALL and self.right


def overfit(
    preset: str,
    data: Data,
    rows: int = 100,
    *,
    recipe: Recipe | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Overfit:
    """Train a preset on a few training rows, without regularization, until it knows them.

    Whatever fails here (a rate that is far off, a wrong loss, rows that say nothing of their
    targets or contradict each other) will fail on all rows too.

    Args:
        preset: a name from `zoo.list_models()`.
        data: from `zoo.load_data`.
        rows: training rows, drawn by the recipe's seed; all, where there are fewer.
        recipe: batch size, learning rate, clipping and seed are used.
        overrides: factory arguments.

    Raises:
        UserError: as `tuning.fit` and `zoo.create_model`.

    Examples:
        >>> found = tuning.overfit("mlp_tiny", data, rows=10)
        >>> found.rows, found.score, found.learned
        (10, 1.0, True)
    """
    at_least("overfit", rows, 2)
    recipe = recipe or Recipe()
    few = _some(data, rows, recipe.seed)
    data = replace(data, task=few.task)
    per_epoch = -(-len(few.x_train) // recipe.batch_size)
    plain = Recipe(
        epochs=-(-STEPS // per_epoch),
        batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        weight_decay=0.0,
        label_smoothing=0.0,
        loss=SQUARED if few.task.numbers else METRIC,  # what `ignorance` is of
        patience=0,
        clip_norm=recipe.clip_norm,
        seed=recipe.seed,
    )
    keras.utils.set_random_seed(recipe.seed)
    calm = {name: 0.0 for name in REGULARIZERS if name in family_of(preset).arguments}
    spec = ModelSpec.of(preset, data, {**(overrides or {}), **calm})
    model = spec.build()
    task = data.task
    before = task.ignorance(few.y_train)
    best, better_at = math.inf, 0

    def on_epoch(epoch: int, curves: Mapping[str, float]) -> bool:
        nonlocal best, better_at
        done, loss = (epoch + 1) * per_epoch, curves["loss"]
        if loss < best - 0.01 * before:
            best, better_at = loss, done
        right = _all_right(task, curves[data.metric])
        known = right and loss < (1 - FALL) / 5 * before and done >= SETTLING
        return not known and done - better_at < STALLED

    result = fit(model, few, plain, on_epoch=on_epoch)
    score, after = _learned(model, few)
    right = _all_right(task, score)
    return Overfit(len(few.x_train), data.metric, score, before, after, result.epochs, right)


def _learned(model: keras.Model, few: Data) -> tuple[float, float]:
    """Return the score and the loss of the training rows, taken a portion at a time."""
    task, y, loss, parts = few.task, few.y_train, 0.0, []
    for rows in portions(task, few.x_train):
        outputs = np.asarray(model.predict(few.x_train[rows], verbose=0))
        loss += task.plain_loss(y[rows], outputs, task.units(y)) * (len(outputs) / len(y))
        parts.append(task.compact(outputs))
    return task.score(y, np.concatenate(parts), Units()), loss


def _all_right(task: Task, score: float) -> bool:
    return task.numbers or score == 1.0


def _some(data: Data, rows: int, seed: int) -> Data:
    chosen = np.sort(np.random.default_rng(seed).permutation(len(data.x_train))[:rows])
    return replace(
        data,
        task=data.task.with_metric(""),  # by which all can be right
        x_train=data.x_train[chosen],
        y_train=data.y_train[chosen],
        x_validation=data.x_validation[:0],
        y_validation=data.y_validation[:0],
    )
