"""How a model is trained: the recipe, as a value."""

import math
from dataclasses import dataclass, replace

import numpy as np

from zoo.checks import at_least, in_range


@dataclass(frozen=True)
class Recipe:
    """All choices of a training.

    AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) under linear warm-up and a cosine to zero.

    Attributes:
        epochs: passes over the training rows, at least 1.
        batch_size: rows per step, at least 1.
        learning_rate: peak rate, after warm-up; in (0, 1).
        warmup: share of all steps, in [0, 1).
        weight_decay: decoupled, in [0, 10); biases, norms and positions are exempt.
        label_smoothing: in [0, 1); classification only.
        patience: epochs without a better validation loss before training stops and the best weights
            return; 0 trains to the end and keeps the last weights.
        clip_norm: largest global norm of a gradient; 0 is off.
        seed: of shuffling and dropout, at least 0.

    Raises:
        UserError: a value out of range.
    """

    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 3e-3
    warmup: float = 0.1
    weight_decay: float = 0.1
    label_smoothing: float = 0.1
    patience: int = 20
    clip_norm: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        at_least("epochs", self.epochs, 1)
        at_least("batch_size", self.batch_size, 1)
        in_range("learning_rate", self.learning_rate, 1e-12, 1)
        in_range("warmup", self.warmup, 0, 1)
        in_range("weight_decay", self.weight_decay, 0, 10)
        in_range("label_smoothing", self.label_smoothing, 0, 1)
        at_least("patience", self.patience, 0)
        in_range("clip_norm", self.clip_norm, 0, math.inf)
        at_least("seed", self.seed, 0)


def without_stopping(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe for a training of exactly `epochs`, with no validation rows to stop it."""
    return replace(recipe, epochs=epochs, patience=0)


def seed_of(seed: int, number: int) -> int:
    """Return a seed in [0, 2**32) for one of the parts, by number, of what has `seed`."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
