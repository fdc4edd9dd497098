"""Outputs: those that are probabilities and the way back to logits, and those of many rows."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.checks import UserError

if TYPE_CHECKING:
    import keras

    from zoo.tasks.judging.judged import Judged

PROBABILITIES = ("softmax", "sigmoid")
MOVES = ("Flatten", "Reshape", "Permute", "Dropout")  # layers that change no value
HELD, BATCH = 2**24, 32  # outputs that are held at once; rows that Keras takes at once
TINY = float(np.finfo(np.float64).tiny)


def ending(model: "keras.Model") -> str | None:
    """Return "softmax" or "sigmoid" where a model ends in one, else None.

    What only moves values may come after it, such as Flatten.
    """
    output: Any = model.outputs[0]
    last, node, _ = output._keras_history
    while type(last).__name__ in MOVES:
        output = last._inbound_nodes[node].input_tensors[0]
        last, node, _ = output._keras_history
    function = getattr(last, "activation", None)
    name = getattr(function, "__name__", type(last).__name__.lower())
    whole = name == "sigmoid" or output.shape[-1] == model.outputs[0].shape[-1]
    return name if name in PROBABILITIES and whole else None


def of_two(outputs: np.ndarray) -> np.ndarray:
    """Return the logits of two classes for those of the second alone, (rows, ..., 1)."""
    return np.concatenate([np.zeros_like(outputs), outputs], axis=-1)


def check_apart(model: "keras.Model") -> None:
    """Raise UserError for a model whose probabilities add up to 1, where each is by itself."""
    if ending(model) == "softmax":
        raise UserError(
            f"{model.name} ends in softmax, which shares one answer among the labels; several "
            "labels a row need a sigmoid each, or logits."
        )


def sigmoid(outputs: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits that are told apart one by one, in float64."""
    from scipy.special import expit

    return np.asarray(expit(outputs.astype(np.float64)))


def log_odds(p: np.ndarray) -> np.ndarray:
    """Return the logits of probabilities that are told apart one by one, in float64."""
    from scipy.special import logit

    return np.asarray(logit(np.asarray(p, np.float64)))


def log_probabilities(outputs: np.ndarray, smallest: float = TINY) -> np.ndarray:
    """Return the logarithms of class probabilities, (rows, ..., classes), none below `smallest`.

    A single output, (rows, ..., 1), is the probability of the second class.
    """
    p = np.clip(np.asarray(outputs, np.float64), 0.0, 1.0)
    if p.shape[-1] == 1:
        p = np.concatenate([1 - p, p], axis=-1)
    return np.log(np.maximum(p, smallest))


def rows_of(values: int) -> int:
    """Return how many rows with so many outputs each are held at once: whole batches."""
    return max(1, HELD // max(1, values) // BATCH) * BATCH


def portions(task: "Judged", x: np.ndarray) -> Iterator[slice]:
    """Yield slices of rows whose outputs fit in memory together; one, where there is no row."""
    each = task.portion(x.shape[1:])
    for start in range(0, max(1, len(x)), each):
        yield slice(start, min(len(x), start + each))


def compacted(
    task: "Judged", x: np.ndarray, logits: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return a model's outputs for rows as the task judges them, computed a portion at a time.

    Args:
        task: whose `compact` is applied to each portion.
        x: the rows, (rows, ...).
        logits: rows -> logits or numbers, (rows, ...).
    """
    parts = [task.compact(logits(x[rows])) for rows in portions(task, x)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
