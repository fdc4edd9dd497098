"""Fine-tuning of pretrained weights: the last layer first, then the layers near it.

The backbone is frozen while what reads it is as random as any: the last layer of a classifier, for
which features of every row are computed once, or a head for masks or boxes, for which they are
computed for some views of it. Then its last layers are trained too, at a lower rate (Howard and
Ruder 2018, arXiv:1801.06146, section 3.3; Keras' guide "Transfer learning & fine-tuning").
BatchNorms keep their statistics.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tuning.augmentation.apply import leaving_rows
from tuning.recipe import Recipe
from tuning.training.losses import Targets, is_linear
from tuning.training.phase import Fit, OnEpoch, train_once
from tuning.training.views import count_views, fit_on_maps
from zoo import Data, UserError
from zoo.models.dense.trunk import backbone_maps

NORM = keras.layers.BatchNormalization
BATCH_VALUES = 2**21  # of pixels whose features are computed at a time


def fit_in_phases(
    model: keras.Model,
    data: Data,
    recipe: Recipe,
    *,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
    on_epoch: OnEpoch | None = None,
    resume: Path | None = None,
    teacher: np.ndarray | None = None,
    verbose: int = 0,
) -> Fit:
    """Train as `train_once` does, by a recipe with `frozen` epochs.

    A checkpoint is kept of the second phase only.

    Raises:
        UserError: the last layer is not linear, or the recipe does not fit the data.
        Diverged: the loss became NaN or infinite.
    """
    watch = _Watch(on_epoch)
    epochs = min(recipe.epochs, math.ceil(recipe.frozen * recipe.epochs))
    first = _fit_first(
        model,
        data,
        replace(recipe, epochs=epochs),
        callbacks=callbacks,
        on_epoch=watch,
        teacher=teacher,
        verbose=verbose,
    )
    if epochs == recipe.epochs or watch.stopped:
        return first
    Targets.of(data).units.unfold(model)
    kept, frozen = model.get_weights(), freeze(model, recipe.unfreeze)
    watch.before = first.epochs
    rate = recipe.learning_rate * recipe.backbone_rate
    later = replace(recipe, epochs=recipe.epochs - epochs, learning_rate=rate)
    try:
        second = train_once(
            model,
            data,
            later,
            callbacks=callbacks,
            on_epoch=watch,
            resume=resume,
            teacher=teacher,
            verbose=verbose,
        )
    finally:
        for layer in frozen:
            layer.trainable = True
    better = second
    if recipe.patience and len(data.x_validation) and first.loss <= second.loss:
        model.set_weights(kept)
        Targets.of(data).units.fold(model)
        better = first
    return _joined(first, second, better)


class _Watch:
    """Counts the epochs of both phases as one training's, and knows whether it was stopped."""

    def __init__(self, on_epoch: OnEpoch | None) -> None:
        self._on_epoch = on_epoch
        self.before, self.stopped = 0, False

    def __call__(self, epoch: int, curves: Mapping[str, float]) -> bool:
        if self._on_epoch is not None and not self._on_epoch(self.before + epoch, curves):
            self.stopped = True
        return not self.stopped


def _joined(first: Fit, second: Fit, better: Fit) -> Fit:
    """Return both phases as one training, with the score of the better one."""
    return replace(
        better,
        epochs=first.epochs + second.epochs,
        seconds=first.seconds + second.seconds,
        history={name: first.history[name] + second.history[name] for name in first.history},
    )


def _fit_first(model: keras.Model, data: Data, recipe: Recipe, **how: Any) -> Fit:
    """Train what reads the backbone; **how is `train_once`'s."""
    maps = backbone_maps(model)
    if not maps:
        return _fit_head(model, data, recipe, **how)
    views = count_views(maps, data, recipe)
    if views:
        return fit_on_maps(model, maps, data, recipe, views, **how)
    frozen = freeze(model, 0.0)
    try:
        return train_once(model, data, recipe, **how)
    finally:
        for layer in frozen:
            layer.trainable = True


def _fit_head(model: keras.Model, data: Data, recipe: Recipe, **how: Any) -> Fit:
    """Train a copy of the last layer on features, and put its weights into the model."""
    head = model.layers[-1]
    if not is_linear(head):
        raise UserError(
            f"frozen={recipe.frozen} trains the last layer alone, which must be Dense without "
            f"activation; {model.name} ends in {type(head).__name__}. Set it to 0, or "
            "give a model for masks or boxes a pretrained backbone."
        )
    started = time.monotonic()
    features = _features_of(data, keras.Model(model.inputs, head.input))
    spent = time.monotonic() - started
    top = _alone(head)
    result = train_once(top, features, leaving_rows(recipe), **how)
    head.set_weights(top.layers[-1].get_weights())
    return replace(result, seconds=result.seconds + spent)


def _features_of(data: Data, body: keras.Model) -> Data:
    """Return the training and validation rows of `data` as what a model without head makes."""
    return replace(
        data,
        x_train=_features(body, data.x_train),
        x_validation=_features(body, data.x_validation),
        x_test=np.zeros((0, *body.output_shape[1:]), np.float32),
        y_test=data.y_test[:0],
    )


def _features(body: keras.Model, x: np.ndarray) -> np.ndarray:
    if not len(x):
        return np.zeros((0, *body.output_shape[1:]), np.float32)
    batch = max(1, BATCH_VALUES // x[0].size)
    return np.asarray(body.predict(x, batch_size=batch, verbose=0), np.float32)


def _alone(head: Any) -> keras.Model:
    """Return a model of the last layer alone, with its weights and the dropout before it."""
    before: Any = head.input._keras_history.operation
    rate = before.rate if isinstance(before, keras.layers.Dropout) else 0.0
    inputs = keras.Input(head.input.shape[1:])
    x = keras.layers.Dropout(rate)(inputs)
    top = keras.Model(inputs, keras.layers.Dense(head.units, use_bias=head.use_bias)(x))
    top.set_weights(head.get_weights())
    return top


def freeze(model: keras.Model, unfreeze: float) -> list[Any]:
    """Freeze all layers of the backbone but a share, from the end; return those.

    That are all layers but the last, or those before the head for masks or boxes. BatchNorms of
    theirs are frozen anywhere, inside of layers too, and are in inference mode then.
    """
    maps = backbone_maps(model)
    before = keras.Model(model.inputs, maps).layers if maps else model.layers[:-1]
    layers = [layer for layer in before if layer.trainable_weights]
    free = layers[len(layers) - round(unfreeze * len(layers)) :]
    norms = [one for layer in free for one in layer._flatten_layers() if isinstance(one, NORM)]
    frozen = [*(layer for layer in layers if layer not in free), *norms]
    for layer in frozen:
        layer.trainable = False
    return frozen
