"""Scores of whole epochs, by metrics that Keras does not compute."""

import keras
import numpy as np

from tuning.recipe import Recipe
from zoo import Data
from zoo.tasks.outputs import compacted

SCORED = 200  # training rows whose score is shown


def epoch_scores(model: keras.Model, data: Data, recipe: Recipe) -> dict[str, float]:
    """Return the task's score of a model within a training, under the names of Keras' curves.

    Of the validation rows, and of some training rows where the metric is defined for these.
    """
    swap = [keras.callbacks.SwapEMAWeights()] if recipe.ema else []  # the average is scored
    units, task = data.task.units(data.y_train), data.task
    some = _some(data)
    parts = {"": (data.x_train[some], data.y_train[some])}
    if len(data.x_validation):
        parts["val_"] = data.x_validation, data.y_validation

    def outputs(x: np.ndarray) -> np.ndarray:
        return units.restore(np.asarray(model.predict(x, callbacks=swap, verbose=0)))

    scores = {}
    for prefix, (x, y) in parts.items():
        found = compacted(task, x, outputs)
        if task.usual or task.measure(y, found) is not None:
            scores[prefix + data.metric] = task.reached(y, found, units)
    return scores


def _some(data: Data) -> np.ndarray:
    """Return at most 200 training rows, no more than there are validation rows.

    Evenly from all of them: a file may hold a class after the other.
    """
    count = min(SCORED, len(data.x_validation) or SCORED, len(data.x_train))
    if data.task.usual:
        return np.arange(count)
    return np.linspace(0, len(data.x_train) - 1, count).astype(int)
