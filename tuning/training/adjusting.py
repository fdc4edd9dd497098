"""The adjustment of a trained model's last layer that the validation rows ask for."""

import keras
import numpy as np

from tuning.training.losses import is_linear
from zoo import Data
from zoo.files import as_json
from zoo.tasks.adjustment import Adjustment
from zoo.tasks.outputs import compacted


def measure(model: keras.Model, data: Data) -> Adjustment | None:
    """Fit what the task adjusts on the validation rows of `data`, such as a temperature.

    Args:
        model: trained without those rows; early stopping may have seen them.
        data: only its validation part is used.

    Returns:
        None where the task adjusts nothing, without validation rows, and for a model that does not
        end in a dense layer without activation, where it is folded into one.
    """
    head, kind = model.layers[-1], data.task.adjusted
    if kind is None or not len(data.x_validation):
        return None
    if kind.folded and not is_linear(head):
        return None

    def logits(x: np.ndarray) -> np.ndarray:
        return np.asarray(model.predict(x, verbose=0), np.float64)

    outputs = compacted(data.task, data.x_validation, logits)
    found = data.task.adjustment(data.y_validation, outputs)
    lacks_bias = found is not None and found.shift is not None and not head.use_bias
    return None if lacks_bias else found


def fold(model: keras.Model, adjustment: Adjustment | None) -> None:
    """Fold an adjustment into the last layer, if there is one."""
    if adjustment is not None:
        adjustment.fold(model.layers[-1])


def adjustment_file(adjustment: Adjustment | None) -> dict[str, str]:
    """Return what a run folder keeps of it: file -> text."""
    if adjustment is None:
        return {}
    return {f"{adjustment.name}.json": as_json(adjustment.described())}
