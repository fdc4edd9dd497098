"""Losses of a training, and the metric that Keras lacks; the file of tasks that imports Keras."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.metrics.errors import LEAST


def loss_of(activation: str, label_smoothing: float, focal: float) -> keras.losses.Loss:
    """Return the loss for outputs with an activation of `zoo.tasks`; numbers know no other."""
    if activation == "linear":
        return keras.losses.MeanSquaredError()
    shared = {"from_logits": True, "label_smoothing": label_smoothing}
    if activation == "sigmoid":
        if focal:
            return keras.losses.BinaryFocalCrossentropy(gamma=focal, **shared)
        return keras.losses.BinaryCrossentropy(**shared)
    if focal:
        return keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=focal, **shared)
    return keras.losses.CategoricalCrossentropy(**shared)


@keras.saving.register_keras_serializable(package="zoo")
class QuantileLoss(keras.losses.Loss):
    """Mean quantile loss over all targets (Koenker & Bassett 1978); at 0.5 half the absolute error.

    Keras' own MeanAbsolutePercentageError would take standardized targets for the targets.

    Args:
        level: of the quantile, in (0, 1).
        mean, std: of each target, in whose units both are given: then an error counts by what it is
            of the target, and one of a target of usual size as it is. None leaves all errors alike.
    """

    def __init__(
        self,
        level: float,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        name: str = "quantile",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.level, self.mean, self.std = level, mean, std

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row, (rows,), for (rows, targets)."""
        errors = y_true - y_pred
        found = ops.maximum(self.level * errors, (self.level - 1) * errors)
        if self.mean is not None and self.std is not None:
            size = [math.hypot(*pair) for pair in zip(self.mean, self.std, strict=True)]
            mean, std, usual = (
                ops.convert_to_tensor(one, errors.dtype) for one in (self.mean, self.std, size)
            )
            found = found * usual / ops.maximum(ops.abs(y_true * std + mean), LEAST * usual)
        return ops.mean(found, axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {"level": self.level, "mean": self.mean, "std": self.std}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="zoo")
class MacroF1(keras.metrics.Metric):
    """Mean F1 over labels that are true or answered anywhere; 1 where there is none.

    `keras.metrics.F1Score` takes probabilities, and counts labels that no row has as 0.

    Args:
        labels: how many.
        name: of the metric.
    """

    def __init__(self, labels: int, name: str, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.labels = labels
        self.hits, self.said, self.there = (
            self.add_weight(shape=(labels,), initializer="zeros", name=kind)
            for kind in ("hits", "said", "there")
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add rows of aims and logits, (rows, labels); rows count alike."""
        there = ops.cast(ops.convert_to_tensor(y_true) > 0.5, self.dtype)
        said = ops.cast(ops.convert_to_tensor(y_pred) > 0, self.dtype)
        for held, found in ((self.hits, there * said), (self.said, said), (self.there, there)):
            held.assign(held + ops.sum(found, axis=0))

    def result(self) -> Any:
        whole = self.said + self.there
        known = ops.cast(whole > 0, self.dtype)
        count = ops.sum(known)
        mean = ops.sum(2 * self.hits / ops.maximum(whole, 1.0)) / ops.maximum(count, 1.0)
        return ops.where(count > 0, mean, ops.ones_like(mean))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "labels": self.labels}
