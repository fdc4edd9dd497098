"""The loss, its targets, and the optimizer."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from tuning.recipe import METRIC, Recipe
from tuning.training.schedules import rate_of
from zoo import Data, UserError
from zoo.quantization.rows import Rows
from zoo.tasks import Task
from zoo.tasks.units import Units


@dataclass(frozen=True)
class Targets:
    """Labels as the loss wants them: one-hot classes, or standardized numbers."""

    task: Task
    units: Units

    @classmethod
    def of(cls, data: Data) -> "Targets":
        return cls(data.task, data.task.units(data.y_train))

    def encode(self, y: np.ndarray) -> np.ndarray:
        return self.units.standardize(self.task.aims(y))

    def in_units(self, logs: Mapping[str, float]) -> dict[str, float]:
        """Return an epoch's logs, errors in the units of the targets: pooled for several."""
        return self.units.restored(logs, self.task.metric.name)


def is_linear(head: keras.layers.Layer) -> bool:
    """Return whether a layer is dense without activation: what can be scaled exactly."""
    return isinstance(head, keras.layers.Dense) and head.activation is keras.activations.linear


def soft(targets: np.ndarray, answers: np.ndarray | None, share: float) -> np.ndarray:
    """Put a teacher's answers into targets, by a share.

    For cross-entropy, and for the gradient of the squared error, that is the weighted sum of the
    two losses (Hinton et al. 2015, arXiv:1503.02531, at temperature 1).

    Raises:
        UserError: a share without answers, or answers of another shape.
    """
    if not share:
        return targets
    if answers is None:
        raise UserError(f"distill={share} needs a teacher. Set it to 0, or give one.")
    if answers.shape != targets.shape:
        raise UserError(
            f"The teacher's outputs must have shape {targets.shape}; got {answers.shape}."
        )
    return np.asarray((1 - share) * targets + share * answers, np.float32)


def class_weights(data: Data, recipe: Recipe) -> np.ndarray | None:
    """Return what a row, or a pixel, of each class counts in the loss, 1 on average over all.

    By sampling, training rows come evenly and count alike; the validation rows are as they are.
    """
    if recipe.balance == "none":
        return None
    counts = np.array(data.task.counts(data.y_train))
    return np.asarray(counts.sum() / (len(counts) * np.maximum(counts, 1)), np.float32)


def compile_for(model: keras.Model, data: Data, recipe: Recipe, views: int = 1) -> None:
    """Give a model the loss of the task, and AdamW by the recipe; see `train_once` for views."""
    steps = math.ceil(len(data.x_train) // views / recipe.batch_size) * recipe.epochs
    optimizer = keras.optimizers.AdamW(
        rate_of(recipe, steps),
        weight_decay=recipe.weight_decay,
        global_clipnorm=recipe.clip_norm or None,
        use_ema=recipe.ema > 0,
        ema_momentum=recipe.ema,
    )
    exempt = ["bias", "gamma", "beta", "embedding"]
    optimizer.exclude_from_weight_decay(var_names=exempt)
    # Keras would put the average into the model at the end
    optimizer.finalize_variable_values = lambda variables: None
    told = data.task if recipe.loss == METRIC else data.task.with_metric("")  # squared errors
    loss = told.loss(recipe.label_smoothing, recipe.focal, told.units(data.y_train))
    shown = data.task.shown()
    model.compile(optimizer, loss, metrics=[] if shown is None else [shown])


def averaged(model: keras.Model) -> list[np.ndarray]:
    """Return the weights of a model, those that are trained as their average over the steps."""
    optimizer = model.optimizer
    pairs = zip(
        optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True
    )
    average = {variable.path: mean for variable, mean in pairs}
    return [
        keras.ops.convert_to_numpy(average.get(weight.path, weight)) for weight in model.weights
    ]


def distances(outputs: Rows, one_scale: bool) -> Any:
    """Return what is minimized for the outputs: a distance, or one for each of a list."""
    if isinstance(outputs, list):
        return [_distance(one, one_scale) for one in outputs]
    return _distance(outputs, one_scale)


def _distance(outputs: np.ndarray, one_scale: bool) -> Callable[[Any, Any], Any]:
    """Return the mean squared error in standard deviations: of all logits, or of each target."""
    spread = outputs.std(axis=None if one_scale else 0, keepdims=True)
    weight = (1 / np.where(spread > 0, spread, 1.0)).astype(np.float32)
    return lambda wanted, found: ops.mean(ops.square(ops.multiply(found - wanted, weight)), axis=-1)
