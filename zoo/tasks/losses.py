"""Losses of a training, and the metric that Keras lacks; the file of tasks that imports Keras."""

from typing import Any

import keras
from keras import ops


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
