"""Training a head for masks or boxes on what a frozen backbone makes of the rows.

The maps of every row are computed once for each of a few views of it, which augmentation makes; the
epochs take turns in them. Where so much does not fit, the backbone runs along, frozen.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from tuning.augmentation.apply import Augmentation, changes_rows, leaving_rows
from tuning.recipe import Recipe
from tuning.training.losses import Targets
from tuning.training.phase import Fit, train_once
from zoo import Data

VIEWS = 16  # of a row; each costs as much as an epoch without its gradients
ROOM = 2**29  # bytes of all maps
ROWS = 32  # whose maps are computed at a time


def count_views(maps: Sequence[Any], data: Data, recipe: Recipe) -> int:
    """Return how many views of the training rows are kept; 0 where there is no room for one."""
    rows = len(data.x_train) + len(data.x_validation)
    most = ROOM // (np.dtype(np.float32).itemsize * _size(maps) * max(1, rows))
    return min(VIEWS if changes_rows(recipe) else 1, recipe.epochs, most)


def fit_on_maps(
    model: keras.Model, maps: Sequence[Any], data: Data, recipe: Recipe, views: int, **how: Any
) -> Fit:
    """Train the layers after the maps, in place.

    Args:
        model: from images to masks or boxes.
        maps: symbolic tensors in it that all else follows from.
        data: images.
        recipe: of the training.
        views: from `count_views`, at least 1.
        **how: callbacks, on_epoch, teacher and verbose of `train_once`.
    """
    started = time.monotonic()
    seen = _seen(keras.Model(model.inputs, list(maps)), data, recipe, views)
    spent = time.monotonic() - started
    result = train_once(_top(model, maps), seen, leaving_rows(recipe), views=views, **how)
    return replace(result, seconds=result.seconds + spent)


def _size(maps: Sequence[Any]) -> int:
    return sum(math.prod(x.shape[1:]) for x in maps)


def _top(model: keras.Model, maps: Sequence[Any]) -> keras.Model:
    """Return a model of the same layers from the maps, in one vector, to the output."""
    head = keras.Model(list(maps), model.outputs[0])
    inputs = keras.Input((_size(maps),))
    parts, start = [], 0
    for x in maps:
        end = start + math.prod(x.shape[1:])
        parts.append(keras.layers.Reshape(x.shape[1:])(inputs[:, start:end]))
        start = end
    return keras.Model(inputs, head(parts))


def _seen(body: keras.Model, data: Data, recipe: Recipe, views: int) -> Data:
    """Return the maps of the rows as vectors, those of all training rows once for each view."""
    aims = Targets.of(data).encode(data.y_train)
    augment = Augmentation.of(recipe, data.x_train, data.task.moves, aims)
    rows = len(aims)
    x = np.empty((views * rows, _size(body.outputs)), np.float32)
    y = []
    for start in range(0, views * rows, ROWS):
        some = np.arange(start, min(start + ROWS, views * rows))
        rng = np.random.default_rng([recipe.seed, start])
        images, truth = augment(rng, data.x_train[some % rows], aims[some % rows])
        x[some] = _vectors(body, images)
        y.append(truth)
    return replace(
        data,
        x_train=x,
        y_train=np.concatenate(y),
        x_validation=_vectors(body, data.x_validation),
        x_test=x[:0],
        y_test=data.y_test[:0],
    )


def _vectors(body: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return the maps of images, one after the other in a vector."""
    found = np.empty((len(x), _size(body.outputs)), np.float32)
    for start in range(0, len(x), ROWS):
        some = slice(start, start + ROWS)
        maps = keras.tree.flatten(body.predict(x[some], batch_size=ROWS, verbose=0))
        found[some] = np.concatenate([np.reshape(one, (len(one), -1)) for one in maps], axis=1)
    return found
