"""Outputs of a classifier: logits, or probabilities that are turned back into logits."""

from typing import Any

import keras
import numpy as np

from zoo import Data

PROBABILITIES = ("softmax", "sigmoid")
SMALLEST = 1e-7  # probability that is told from zero
HALF_STEP = 1 / 512  # of an int8 probability


def ending(model: keras.Model, data: Data) -> str | None:
    """Return "softmax" or "sigmoid" where a classifier ends in one, else None."""
    if data.task != "classification":
        return None
    last: Any = model.outputs[0]._keras_history.operation
    function = getattr(last, "activation", None)
    name = getattr(function, "__name__", type(last).__name__.lower())
    return name if name in PROBABILITIES else None


def columns_of(model: keras.Model, data: Data) -> int:
    """Return how many outputs a model for the data has: one is enough where it is a chance."""
    if data.task == "classification" and data.num_outputs == 2 and len(model.outputs[0].shape) == 2:
        alone = ending(model, data) == "sigmoid" and model.outputs[0].shape[1] == 1
        return 1 if alone else 2
    return data.num_outputs


def as_logits(outputs: np.ndarray, end: str | None, smallest: float = SMALLEST) -> np.ndarray:
    """Return outputs whose softmax is what the model says, (rows, classes).

    Those of a model that gives logits, or of regression, are returned as they are.

    Args:
        outputs: (rows, classes), or (rows, 1) of a single chance, the second class's.
        end: from `ending`.
        smallest: probability below which one is not told from zero: half a step, for int8.
    """
    if end is None:
        return outputs
    chances = np.clip(np.asarray(outputs, np.float64), 0.0, 1.0)
    if chances.shape[1] == 1:
        chances = np.concatenate([1 - chances, chances], axis=1)
    return np.log(np.maximum(chances, smallest))
