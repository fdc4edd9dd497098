"""One training of a model, from its seeds to the weights that are kept.

Each epoch begins with seeds of its own: a training that was killed goes on from its last checkpoint
and gives the same weights as one that was not.
"""

import csv
import io
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tuning.recipe import Recipe, seed_of
from tuning.training import checkpoint
from tuning.training.checkpoint import Progress
from tuning.training.feeding import Batches, Feed
from tuning.training.losses import Targets, averaged, compile_for
from tuning.training.precision import computing_in
from tuning.training.scoring import epoch_scores
from zoo import Data
from zoo.layers.inputs import Standardize
from zoo.layers.padding import StepMask
from zoo.layers.tables import PiecewiseLinear
from zoo.tasks import Task

CHECKPOINTS = 3  # of a training, evenly
OnEpoch = Callable[[int, Mapping[str, float]], bool]


@dataclass(frozen=True)
class Fit:
    """What a training gave.

    `metric` is the data's, such as "accuracy" or "rmse" (in units of the targets); `score` and
    `loss` are those of the kept weights on the validation rows, or on the training rows where there
    are no others. `history` holds one value per epoch.

    Examples:
        >>> model = zoo.create_model("mlp_tiny", data.input_shape, data.num_outputs)
        >>> fit = tuning.fit(model, data, tuning.Recipe(epochs=2))
        >>> fit
        Fit(accuracy ..., loss ..., 2 epochs, ... s)
        >>> sorted(fit.history)
        ['accuracy', 'loss', 'val_accuracy', 'val_loss']
    """

    metric: str
    score: float
    loss: float
    epochs: int
    seconds: float
    history: dict[str, list[float]]

    def __repr__(self) -> str:
        return (
            f"Fit({self.metric} {self.score:.4f}, loss {self.loss:.4f}, {self.epochs} epochs, "
            f"{self.seconds:.0f} s)"
        )

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


def train_once(
    model: keras.Model,
    data: Data,
    recipe: Recipe,
    *,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
    on_epoch: OnEpoch | None = None,
    resume: Path | None = None,
    teacher: np.ndarray | None = None,
    verbose: int = 0,
    views: int = 1,
) -> Fit:
    """Train in place a model that fits the data and whose input statistics are set already.

    All trainable weights, in one go, whatever `recipe.frozen`; the arguments are those of
    `tuning.fit`, and `views`: the training rows come so often, one set after the other, and an
    epoch takes one of these, in turn. The model predicts in the targets' own units afterwards.

    Raises:
        UserError: the recipe does not fit the data.
        Diverged: the loss became NaN or infinite.
    """
    targets = Targets.of(data)
    feed = Feed.of(data, targets, recipe, teacher, views)
    keras.utils.set_random_seed(recipe.seed)
    compile_for(model, data, recipe, views)
    progress = checkpoint.load(resume, model) if resume else Progress()
    watch = _Watch(progress, recipe, targets, on_epoch, resume, bool(feed.validation))
    watch.scored = data if data.task.shown() is None else None
    watch.replay()
    if not progress.stopped and progress.epoch < recipe.epochs:
        _run_epochs(model, feed, progress.epoch, [watch, *callbacks], verbose)
    result = _result(progress, data, recipe)
    if progress.best_weights:
        model.set_weights(progress.best_weights)
    elif recipe.ema:
        model.set_weights(averaged(model))
    targets.units.fold(model)
    return result


def _run_epochs(
    model: keras.Model,
    feed: Feed,
    start: int,
    callbacks: list[keras.callbacks.Callback],
    verbose: int,
) -> None:
    """Train a compiled model from epoch `start` to the recipe's last."""
    recipe, batches = feed.recipe, Batches(feed, start)
    swap = [keras.callbacks.SwapEMAWeights()] if recipe.ema else []  # the average is validated
    with computing_in(recipe.precision, model):
        model.fit(
            batches,
            steps_per_epoch=batches.steps,
            shuffle=False,
            validation_data=feed.validation,
            initial_epoch=start,
            epochs=recipe.epochs,
            callbacks=[*swap, *callbacks],
            verbose=verbose,
        )


def adapt_inputs(model: keras.Model, data: Data) -> None:
    """Set the layers that hold statistics of the training rows, each by what reaches it."""
    for layer in model.layers:
        if isinstance(layer, Standardize | PiecewiseLinear | StepMask):
            before = layer.input is not model.inputs[0]
            part = keras.Model(model.inputs, layer.input) if before else None
            layer.adapt(data.x_train if part is None else part.predict(data.x_train, verbose=0))


class _Watch(keras.callbacks.Callback):
    """Keeps the curves and the best weights, and writes checkpoints."""

    def __init__(
        self,
        progress: Progress,
        recipe: Recipe,
        targets: Targets,
        on_epoch: OnEpoch | None,
        resume: Path | None,
        validated: bool,
    ) -> None:
        super().__init__()
        self._progress, self._recipe, self._targets = progress, recipe, targets
        self._on_epoch, self._resume = on_epoch, resume
        self._patience = recipe.patience if validated else 0
        parts = CHECKPOINTS + 1
        self._marks = {math.ceil(recipe.epochs * n / parts) for n in range(1, parts)}
        self._before, self._started = progress.seconds, time.monotonic()
        self.scored: Data | None = None  # data whose task has no metric that Keras computes

    def replay(self) -> None:
        """Tell `on_epoch` of the epochs that a checkpoint holds."""
        for epoch in range(self._progress.epoch):
            self._tell(epoch, {k: values[epoch] for k, values in self._progress.curves.items()})

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        if batch == 0:  # after what Keras and Torch draw for themselves, the first time
            _seed_again(self.model, seed_of(self._recipe.seed, self._progress.epoch))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        progress = self._progress
        progress.epoch = epoch + 1
        progress.seconds = self._before + time.monotonic() - self._started
        now = self._targets.in_units(logs or {})
        if self.scored is not None:
            now |= epoch_scores(self.model, self.scored, self._recipe)
        for name, value in now.items():
            progress.curves.setdefault(name, []).append(value)
        if self._patience:
            self._keep_best()
        if np.isfinite(list(now.values())).all():
            self._tell(epoch, now)
        else:  # not after each batch: backends would have to wait for its loss
            progress.stopped = True
        if progress.stopped:
            self.model.stop_training = True
        if self._resume is not None and (progress.stopped or progress.epoch in self._marks):
            checkpoint.save(self._resume, self.model, progress)

    def _keep_best(self) -> None:
        progress = self._progress
        progress.wait += 1
        if best_epoch(progress.curves, self._targets.task) == progress.epoch - 1:
            progress.wait = 0
            ema = self.model.optimizer.use_ema
            progress.best_weights = averaged(self.model) if ema else self.model.get_weights()
        progress.stopped |= progress.wait >= self._patience

    def _tell(self, epoch: int, now: Mapping[str, float]) -> None:
        if self._on_epoch is not None and not self._on_epoch(epoch, now):
            self._progress.stopped = True


def _seed_again(model: keras.Model, seed: int) -> None:
    """Seed dropout, so that an epoch does not depend on what went before."""
    states = [v for v in model.non_trainable_variables if "seed_generator" in v.path]
    for number, state in enumerate(states):
        state.assign(np.array([seed, number], "uint32"))
    if keras.backend.backend() == "torch":  # whose dropout goes by no state of Keras
        keras.utils.set_random_seed(seed)


def best_epoch(curves: Mapping[str, Sequence[float]], task: Task) -> int:
    """Return the epoch, from 0, that is best on the validation rows; the first of equals.

    By the loss; by a metric that was chosen in place of the task's first, equals by their loss.
    """
    losses = np.array(curves["val_loss"])
    if task.usual:
        return int(np.argmin(losses))
    scores = task.metric.better * np.array(curves[f"val_{task.metric.name}"])
    return int(np.lexsort((losses, -scores))[0])


def _result(progress: Progress, data: Data, recipe: Recipe) -> Fit:
    prefix = "val_" if len(data.x_validation) else ""
    curves = progress.curves
    losses = curves[prefix + "loss"]
    if not np.isfinite([curve[-1] for curve in curves.values()]).all():
        raise Diverged(
            f"The loss became NaN or infinite in epoch {len(losses)}; "
            f"lower learning_rate={recipe.learning_rate}."
        )
    kept = best_epoch(curves, data.task) if recipe.patience and prefix else len(losses) - 1
    score = curves[prefix + data.metric][kept]
    return Fit(data.metric, score, losses[kept], len(losses), progress.seconds, curves)
