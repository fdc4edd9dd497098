"""Scores of whole epochs, for tasks that Keras has no metric for."""

import keras
import numpy as np

from tuning.recipe import Recipe
from zoo import Data
from zoo.tasks.outputs import compacted

SCORED = 200  # training rows whose score is shown


def epoch_scores(model: keras.Model, data: Data, recipe: Recipe) -> dict[str, float]:
    """Return the task's score of a model within a training, under the names of Keras' curves.

    Of the validation rows, and of as many training rows, at most 200.
    """
    swap = [keras.callbacks.SwapEMAWeights()] if recipe.ema else []  # the average is scored
    units = data.task.units(data.y_train)
    some = slice(min(SCORED, len(data.x_validation) or SCORED))
    parts = {"": (data.x_train[some], data.y_train[some])}
    if len(data.x_validation):
        parts["val_"] = data.x_validation, data.y_validation

    def outputs(x: np.ndarray) -> np.ndarray:
        return np.asarray(model.predict(x, callbacks=swap, verbose=0))

    return {
        prefix + data.metric: data.task.score(y, compacted(data.task, x, outputs), units)
        for prefix, (x, y) in parts.items()
    }
