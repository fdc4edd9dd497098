"""What a training minimizes: targets as the loss wants them, the loss and the optimizer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tuning.recipe import Recipe
from zoo import Data


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
        return np.asarray((y - self.mean) / self.std, np.float32)

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


def compile_for(model: keras.Model, data: Data, recipe: Recipe) -> None:
    """Give a model the loss of the task, and AdamW by the recipe."""
    steps = math.ceil(len(data.x_train) / recipe.batch_size) * recipe.epochs
    warmup = int(recipe.warmup * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else recipe.learning_rate,
        steps - warmup,
        warmup_target=recipe.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=recipe.weight_decay, global_clipnorm=recipe.clip_norm or None
    )
    exempt = ["bias", "gamma", "beta", "embedding"]
    optimizer.exclude_from_weight_decay(var_names=exempt)
    loss: Any = keras.losses.MeanSquaredError()
    metric: Any = keras.metrics.RootMeanSquaredError(name="rmse")
    if data.task == "classification":
        loss = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=recipe.label_smoothing
        )
        metric = keras.metrics.CategoricalAccuracy(name="accuracy")
    model.compile(optimizer, loss, metrics=[metric])
