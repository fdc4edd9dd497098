"""The one `fit` that everything uses: an ordinary Keras training that can be taken up again.

It runs in a few segments, each begun with seeds of its own. A training that was killed goes on from
the last segment's end, and gives the same weights as one that was not.
"""

import csv
import io
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tuning import checkpoint
from tuning.checkpoint import Progress
from tuning.feeding import Feed
from tuning.losses import Targets, averaged, compile_for, is_linear
from tuning.precision import computing_in
from tuning.recipe import Recipe, seed_of
from tuning.transfer import fit_in_phases
from zoo import Data, UserError
from zoo.layers import Standardize
from zoo.padding import StepMask
from zoo.tabular import PiecewiseLinear

SEGMENTS = 4
OnEpoch = Callable[[int, Mapping[str, float]], bool]


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
    on_epoch: OnEpoch | None = None,
    resume: Path | None = None,
    teacher: np.ndarray | None = None,
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
        on_epoch: told the epoch (from 0) and its curves after every epoch, also those that a
            checkpoint holds; False stops the training.
        resume: a checkpoint file, gone on from if it is there, and written as the training goes.
        teacher: its answers for the training rows, for `recipe.distill`: class probabilities, or
            targets in their own units, of shape (rows, data.num_outputs); see
            `tuning.distillation`.

    Raises:
        UserError: the model's input or output, or the recipe, does not fit the data.
        Diverged: the loss became NaN or infinite.
    """
    check_fits(model, data)
    if recipe.frozen:
        adapt_inputs(model, data)
        others = {"callbacks": callbacks, "resume": resume, "teacher": teacher}
        return fit_in_phases(fit, model, data, recipe, on_epoch, **others)
    targets = Targets.of(data)
    feed = Feed.of(data, targets, recipe, teacher)
    keras.utils.set_random_seed(recipe.seed)
    adapt_inputs(model, data)
    compile_for(model, data, recipe)
    progress = checkpoint.load(resume, model) if resume else Progress()
    watch = _Watch(progress, recipe.patience if feed.validation else 0, targets, on_epoch)
    watch.replay()
    swap = [keras.callbacks.SwapEMAWeights()] if recipe.ema else []  # the average is validated
    with computing_in(recipe.precision, model):
        for start, end in _segments(recipe.epochs):
            if progress.stopped or progress.epoch > start:
                continue
            watch.seed = seed_of(recipe.seed, start)
            _seed_again(model, watch.seed)
            started = time.monotonic()
            model.fit(
                **feed.arguments(start),
                validation_data=feed.validation,
                initial_epoch=start,
                epochs=end,
                callbacks=[keras.callbacks.TerminateOnNaN(), *swap, watch, *callbacks],
                verbose=0,
            )
            progress.seconds += time.monotonic() - started
            progress.stopped |= model.stop_training
            if resume is not None and end < recipe.epochs:
                checkpoint.save(resume, model, progress)
    result = _result(progress, data, recipe)
    if progress.best_weights:
        model.set_weights(progress.best_weights)
    elif recipe.ema:
        model.set_weights(averaged(model))
    targets.restore_units(model)
    return result


def adapt_inputs(model: keras.Model, data: Data) -> None:
    """Set the layers that hold statistics of the training rows, each by what reaches it."""
    for layer in model.layers:
        if isinstance(layer, Standardize | PiecewiseLinear | StepMask):
            before = layer.input is not model.inputs[0]
            part = keras.Model(model.inputs, layer.input) if before else None
            layer.adapt(data.x_train if part is None else part.predict(data.x_train, verbose=0))


class _Watch(keras.callbacks.Callback):
    """Keeps the curves and the best weights, over all segments."""

    def __init__(
        self, progress: Progress, patience: int, targets: Targets, on_epoch: OnEpoch | None
    ) -> None:
        super().__init__()
        self._progress, self._patience, self._targets = progress, patience, targets
        self._on_epoch = on_epoch
        self.seed = 0

    def replay(self) -> None:
        """Tell `on_epoch` of the epochs that a checkpoint holds."""
        for epoch in range(self._progress.epoch):
            self._tell(epoch, {k: values[epoch] for k, values in self._progress.curves.items()})

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        _seed_again(self.model, self.seed)  # Keras draws a batch to build a model, the first time

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        progress = self._progress
        progress.epoch = epoch + 1
        now = self._targets.in_units(logs or {})
        for name, value in now.items():
            progress.curves.setdefault(name, []).append(value)
        if self._patience:
            self._keep_best(now["val_loss"])
        if np.isfinite(list(now.values())).all():
            self._tell(epoch, now)
        if progress.stopped:
            self.model.stop_training = True

    def _keep_best(self, loss: float) -> None:
        progress = self._progress
        progress.wait += 1
        if loss < progress.best:
            progress.best, progress.wait = loss, 0
            ema = self.model.optimizer.use_ema
            progress.best_weights = averaged(self.model) if ema else self.model.get_weights()
        progress.stopped |= progress.wait >= self._patience

    def _tell(self, epoch: int, now: Mapping[str, float]) -> None:
        if self._on_epoch is not None and not self._on_epoch(epoch, now):
            self._progress.stopped = True


def _segments(epochs: int) -> Iterator[tuple[int, int]]:
    """Yield the first epoch and the end of each segment."""
    ends = sorted({math.ceil(epochs * n / SEGMENTS) for n in range(SEGMENTS + 1)})
    yield from itertools.pairwise(ends)


def _seed_again(model: keras.Model, seed: int) -> None:
    """Seed shuffling and dropout, so that what follows does not depend on what went before."""
    keras.utils.set_random_seed(seed)
    states = [v for v in model.non_trainable_variables if "seed_generator" in v.path]
    for number, state in enumerate(states):
        state.assign(np.array([seed, number], "uint32"))


def check_fits(model: keras.Model, data: Data) -> None:
    expected = ((None, *data.input_shape), (None, data.num_outputs))
    if (model.input_shape, model.output_shape) != expected:
        raise UserError(
            f"{model.name} maps {model.input_shape} to {model.output_shape}, but {data.name} needs "
            f"{expected[0]} to {expected[1]}. Build it with data.input_shape and data.num_outputs."
        )
    ids = keras.backend.is_int_dtype(model.inputs[0].dtype)
    if ids != data.of_texts:
        wanted, presets = ("numbers", "not text_*") if ids else ("ids of tokens", "text_*")
        raise UserError(
            f"{data.name} holds {wanted}; {model.name} cannot take those. Use {presets}."
        )
    head = model.layers[-1]
    if data.task == "regression" and not (is_linear(head) and head.use_bias):
        raise UserError(
            f"{model.name} ends in {type(head).__name__}; for regression the last layer must be "
            "Dense with a bias and no activation."
        )


def _result(progress: Progress, data: Data, recipe: Recipe) -> Fit:
    prefix = "val_" if len(data.x_validation) else ""
    curves = progress.curves
    losses = curves[prefix + "loss"]
    if not np.isfinite([curve[-1] for curve in curves.values()]).all():
        raise Diverged(
            f"The loss became NaN or infinite in epoch {len(losses)}; "
            f"lower learning_rate={recipe.learning_rate}."
        )
    kept = int(np.argmin(losses)) if recipe.patience and prefix else len(losses) - 1
    score = curves[prefix + data.metric][kept]
    return Fit(data.metric, score, losses[kept], len(losses), progress.seconds, curves)
