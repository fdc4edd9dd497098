"""The loss, its targets, and the optimizer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tuning.recipe import Recipe
from tuning.training.schedules import rate_of
from zoo import Data, UserError


@dataclass(frozen=True)
class Targets:
    """Targets as the loss wants them: one-hot classes, or standardized values."""

    classes: int
    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, data: Data) -> "Targets":
        if data.task == "classification":
            return cls(data.num_outputs, np.zeros(1), np.ones(1))
        std = data.y_train.std(axis=0)
        return cls(0, data.y_train.mean(axis=0), np.where(std > 0, std, 1.0))

    def encode(self, y: np.ndarray) -> np.ndarray:
        if self.classes:
            return np.asarray(np.eye(self.classes)[y], np.float32)
        return self.standardize(y)

    def standardize(self, values: np.ndarray) -> np.ndarray:
        """Return values in the units of the targets as the loss wants them; shares stay."""
        return np.asarray((values - self.mean) / self.std, np.float32)

    def in_units(self, logs: Mapping[str, float]) -> dict[str, float]:
        """Return an epoch's logs, errors in the units of the targets: pooled for several."""
        unit = float(np.sqrt(np.mean(np.square(self.std))))
        return {k: float(v) * (unit if k.endswith("rmse") else 1.0) for k, v in logs.items()}

    def restore_units(self, model: keras.Model) -> None:
        """Fold `* std + mean` into the last dense layer, which is exact and costs nothing."""
        if self.classes:
            return
        kernel, bias = model.layers[-1].get_weights()
        model.layers[-1].set_weights([kernel * self.std, bias * self.std + self.mean])

    def remove_units(self, model: keras.Model) -> None:
        """Take back what `restore_units` did, for a model that is trained on."""
        if self.classes:
            return
        kernel, bias = model.layers[-1].get_weights()
        model.layers[-1].set_weights([kernel / self.std, (bias - self.mean) / self.std])


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
            f"The teacher's answers must have shape {targets.shape}; got {answers.shape}."
        )
    return np.asarray((1 - share) * targets + share * answers, np.float32)


def class_weights(data: Data, recipe: Recipe) -> np.ndarray | None:
    """Return what a row of each class counts in the loss, 1 on average over the training rows.

    By sampling, training rows come evenly and count alike; the validation rows are as they are.
    """
    if recipe.balance == "none":
        return None
    counts = np.bincount(data.y_train, minlength=data.num_outputs)
    return np.asarray(len(data.y_train) / (data.num_outputs * np.maximum(counts, 1)), np.float32)


def compile_for(model: keras.Model, data: Data, recipe: Recipe) -> None:
    """Give a model the loss of the task, and AdamW by the recipe."""
    steps = math.ceil(len(data.x_train) / recipe.batch_size) * recipe.epochs
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
    loss: Any = keras.losses.MeanSquaredError()
    metric: Any = keras.metrics.RootMeanSquaredError(name="rmse")
    if data.task == "classification":
        loss = _cross_entropy(recipe)
        metric = keras.metrics.CategoricalAccuracy(name="accuracy")
    model.compile(optimizer, loss, metrics=[metric])


def _cross_entropy(recipe: Recipe) -> keras.losses.Loss:
    if recipe.focal:
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0,
            gamma=recipe.focal,
            from_logits=True,
            label_smoothing=recipe.label_smoothing,
        )
    return keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=recipe.label_smoothing
    )


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
