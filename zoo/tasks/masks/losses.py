"""The loss of masks; imports Keras."""

from typing import Any

import keras
from keras import ops

from zoo.tasks.masks.form import LEAST


@keras.saving.register_keras_serializable(package="zoo")
class MaskLoss(keras.losses.Loss):
    """Cross-entropy of the pixels plus one minus the soft Dice coefficient of each image.

    Dice (Milletari et al. 2016, arXiv:1606.04797, section 3) is the mean over the classes that the
    image has; it does not drown small things in ground as cross-entropy does. Pixels that do not
    count are left out of both; each image counts alike.

    Args:
        label_smoothing: share of the aim that all classes have alike, in [0, 1).
        focal: exponent of the focal loss (Lin et al. 2017, arXiv:1708.02002); 0 is cross-entropy.
    """

    def __init__(self, label_smoothing: float = 0.0, focal: float = 0.0, **named: Any) -> None:
        super().__init__(**({"name": "masks", "reduction": "sum_over_batch_size"} | named))
        self.label_smoothing, self.focal = label_smoothing, focal

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each pixel, (images, height, width), 0 of those that do not count.

        Args:
            y_true: class numbers, of the same shape; those over the last class do not count.
            y_pred: logits, (images, height, width, classes).
        """
        logits = ops.convert_to_tensor(y_pred)
        classes = logits.shape[-1]
        numbers = ops.expand_dims(ops.cast(y_true, "int32"), -1)
        aims = ops.cast(ops.equal(numbers, ops.arange(classes, dtype="int32")), logits.dtype)
        known = ops.sum(aims, axis=-1)  # (images, height, width): 1 where a pixel counts
        found = ops.log_softmax(logits, axis=-1)
        p = ops.exp(found) * known[..., None]
        smooth = (1 - self.label_smoothing) * aims + self.label_smoothing / classes
        weight = (1 - ops.exp(found)) ** self.focal if self.focal else 1.0
        entropy = -ops.sum(smooth * weight * found, axis=-1)
        true, said = (ops.sum(one, axis=(1, 2)) for one in (aims, p))  # (images, classes)
        both = ops.sum(aims * p, axis=(1, 2))
        there = ops.cast(true > 0, logits.dtype)
        dice = there * (1 - 2 * both / ops.maximum(true + said, LEAST))
        missed = ops.sum(dice, axis=-1) / ops.maximum(ops.sum(there, axis=-1), 1.0)
        count = ops.maximum(ops.sum(known, axis=(1, 2), keepdims=True), 1.0)
        share = known * float(known.shape[1] * known.shape[2]) / count
        return share * (entropy + missed[:, None, None])

    def get_config(self) -> dict[str, Any]:
        own = {"label_smoothing": self.label_smoothing, "focal": self.focal}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="zoo")
class MaskIoU(keras.metrics.Metric):
    """Mean intersection over union of the classes that are there or answered.

    `keras.metrics.MeanIoU` scatters pixel by pixel, which takes Torch a second for each batch.

    Args:
        classes: how many; pixels of others do not count.
        name: of the metric.
    """

    def __init__(self, classes: int, name: str, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.classes = classes
        self.hits, self.there, self.said = (
            self.add_weight(shape=(classes,), initializer="zeros", name=kind)
            for kind in ("hits", "there", "said")
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add masks, (images, height, width), and their logits; images count alike."""
        numbers = ops.arange(self.classes, dtype="int32")
        there = ops.equal(ops.expand_dims(ops.cast(y_true, "int32"), -1), numbers)
        known = ops.any(there, axis=-1, keepdims=True)
        said = ops.equal(ops.cast(ops.argmax(y_pred, axis=-1, keepdims=True), "int32"), numbers)
        both = ((self.hits, there & said), (self.there, there), (self.said, said & known))
        for held, found in both:
            held.assign(held + ops.sum(ops.cast(found, self.dtype), axis=(0, 1, 2)))

    def result(self) -> Any:
        whole = self.there + self.said - self.hits
        count = ops.sum(ops.cast(whole > 0, self.dtype))
        return ops.sum(self.hits / ops.maximum(whole, 1.0)) / ops.maximum(count, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "classes": self.classes}
