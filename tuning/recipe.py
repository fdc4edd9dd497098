"""How a model is trained: the recipe, as a value, and the one `fit` that everything uses."""

import csv
import io
import math
import time
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from zoo import Data, UserError
from zoo.checks import at_least, in_range
from zoo.layers import Standardize


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


@dataclass(frozen=True)
class Fit:
    """What a training gave.

    `metric` is "accuracy" or "rmse" (in units of the targets); `score` and `loss` are those of the
    kept weights on the validation rows, or on the training rows where there are no others.
    `history` holds one value per epoch.
    """

    metric: str
    score: float
    loss: float
    epochs: int
    seconds: float
    history: dict[str, list[float]]

    def to_csv(self) -> str:
        """Return the history as CSV, one row per epoch."""
        rows = [
            [n, *values] for n, values in enumerate(zip(*self.history.values(), strict=True), 1)
        ]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([["epoch", *self.history], *rows])
        return text.getvalue()


class Diverged(RuntimeError):
    """The loss became NaN or infinite."""


def fit(
    model: keras.Model,
    data: Data,
    recipe: Recipe,
    *,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
) -> Fit:
    """Train `model` in place on the training rows of `data`.

    The input statistics are adapted on the training rows first. Regression targets are standardized
    for the training and the last dense layer is rescaled afterwards, so that the model predicts in
    the targets' own units.

    Args:
        model: gives logits, or regression outputs, of shape (batch, data.num_outputs).
        data: its validation part steers early stopping; empty means none. Test rows are not used.
        recipe: see `Recipe`.
        callbacks: Keras callbacks, for progress.

    Raises:
        UserError: the model's input or output does not fit the data.
        Diverged: the loss became NaN or infinite.
    """
    _check_fits(model, data)
    keras.utils.set_random_seed(recipe.seed)
    for layer in model.layers:
        if isinstance(layer, Standardize):
            layer.adapt(data.x_train)
    targets = _Targets.of(data)
    _compile(model, data, recipe)
    validation = None
    if len(data.x_validation):
        validation = (data.x_validation, targets.encode(data.y_validation))
    started = time.monotonic()
    history = model.fit(
        data.x_train,
        targets.encode(data.y_train),
        validation_data=validation,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        callbacks=[*_stops(recipe, validation is not None), *callbacks],
        verbose=0,
    ).history
    result = _result(history, data, recipe, targets, time.monotonic() - started)
    targets.restore_units(model)
    return result


@dataclass(frozen=True)
class _Targets:
    """Targets as the loss wants them: one-hot classes, or standardized values."""

    classes: int
    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, data: Data) -> "_Targets":
        if data.task == "classification":
            return cls(data.num_outputs, np.zeros(1), np.ones(1))
        std = data.y_train.std(axis=0)
        return cls(0, data.y_train.mean(axis=0), np.where(std > 0, std, 1.0))

    def encode(self, y: np.ndarray) -> np.ndarray:
        if self.classes:
            return np.asarray(np.eye(self.classes)[y], np.float32)
        return np.asarray((y - self.mean) / self.std, np.float32)

    def restore_units(self, model: keras.Model) -> None:
        """Fold `* std + mean` into the last dense layer, which is exact and costs nothing."""
        if self.classes:
            return
        kernel, bias = model.layers[-1].get_weights()
        model.layers[-1].set_weights([kernel * self.std, bias * self.std + self.mean])


def _check_fits(model: keras.Model, data: Data) -> None:
    expected = ((None, *data.input_shape), (None, data.num_outputs))
    if (model.input_shape, model.output_shape) != expected:
        raise UserError(
            f"{model.name} maps {model.input_shape} to {model.output_shape}, but {data.name} needs "
            f"{expected[0]} to {expected[1]}. Build it with data.input_shape and data.num_outputs."
        )
    head = model.layers[-1]
    linear = isinstance(head, keras.layers.Dense) and head.activation is keras.activations.linear
    if data.task == "regression" and not (linear and head.use_bias):
        raise UserError(
            f"{model.name} ends in {type(head).__name__}; for regression the last layer must be "
            "Dense with a bias and no activation."
        )


def _compile(model: keras.Model, data: Data, recipe: Recipe) -> None:
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


def _stops(recipe: Recipe, validated: bool) -> list[keras.callbacks.Callback]:
    stops: list[keras.callbacks.Callback] = [keras.callbacks.TerminateOnNaN()]
    if recipe.patience and validated:
        stops.append(
            keras.callbacks.EarlyStopping(
                "val_loss", patience=recipe.patience, restore_best_weights=True
            )
        )
    return stops


def _result(
    history: dict[str, list[float]],
    data: Data,
    recipe: Recipe,
    targets: _Targets,
    seconds: float,
) -> Fit:
    metric = "accuracy" if data.task == "classification" else "rmse"
    prefix = "val_" if len(data.x_validation) else ""
    curves = {name: [float(value) for value in values] for name, values in history.items()}
    if not np.isfinite([curve[-1] for curve in curves.values()]).all():
        raise Diverged(
            f"The loss became NaN or infinite in epoch {len(curves['loss'])}; "
            f"lower learning_rate={recipe.learning_rate}."
        )
    if metric == "rmse":  # back to the units of the targets: exact for one target, pooled for more
        unit = float(np.sqrt(np.mean(np.square(targets.std))))
        for name in [name for name in curves if name.endswith("rmse")]:
            curves[name] = [value * unit for value in curves[name]]
    losses = curves[prefix + "loss"]
    kept = int(np.argmin(losses)) if recipe.patience and prefix else len(losses) - 1
    return Fit(metric, curves[prefix + metric][kept], losses[kept], len(losses), seconds, curves)


def without_stopping(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe for a training of exactly `epochs`, with no validation rows to stop it."""
    return replace(recipe, epochs=epochs, patience=0)
