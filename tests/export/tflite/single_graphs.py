"""Graphs around one or two operations each."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tests.export.tflite.graphs import PICTURE, chain, of


class Positions(layers.Layer):
    """Weights alone, as many as there are steps: what it hands on depends on no row."""

    def build(self, shape: Any) -> None:
        self.places = self.add_weight(shape=(9, shape[-1]), name="places")

    def call(self, x: Any) -> Any:
        shape = ops.shape(x)
        places = ops.slice(ops.convert_to_tensor(self.places), (0, 0), (shape[-2], shape[-1]))
        return ops.broadcast_to(places, shape)


class Distances(layers.Layer):
    """One number a row."""

    def call(self, x: Any, y: Any) -> Any:
        return ops.sum(ops.square(x - y), -1)


class Later(layers.Layer):
    """Each step less the one before it."""

    def call(self, x: Any) -> Any:
        sizes = (ops.shape(x)[0], x.shape[1] - 1, x.shape[2])
        return ops.slice(x, (0, 1, 0), sizes) - ops.slice(x, (0, 0, 0), sizes)


def _patches(size: int, **settings: Any) -> Callable[[], keras.Model]:
    return of(
        PICTURE, lambda x: layers.Dense(4)(ops.image.extract_patches(x, size=size, **settings))
    )


def _placed(x: Any) -> Any:
    x = layers.Dense(6)(x)
    return layers.Dense(3)(layers.Add()([x, Positions()(x)]) * Positions()(x))


def _lengths(x: Any) -> Any:
    x = layers.Dense(6)(x)
    parts = [ops.norm(x, ord=one, axis=-1, keepdims=True) for one in (1, 2)]
    parts += [ops.std(x, axis=-1, keepdims=True), ops.logsumexp(x, axis=-1, keepdims=True)]
    return layers.Dense(3)(ops.concatenate(parts, axis=-1))


def _resized(x: Any) -> Any:
    x = ops.image.resize(layers.Conv2D(4, 3)(x), (12, 12), interpolation="bilinear")
    return ops.image.resize(layers.Conv2D(4, 3)(x), (5, 5), interpolation="nearest")


def _edged(x: Any) -> Any:
    x = ops.image.crop_images(x, top_cropping=1, left_cropping=2, target_height=5, target_width=4)
    x = layers.Conv2D(3, 1)(ops.image.pad_images(x, 1, 1, target_height=8, target_width=6))
    return layers.Conv2D(2, 1)(ops.image.rgb_to_grayscale(x))


def _constants(x: Any) -> Any:
    x = layers.Dense(6)(x)
    steps = ops.cumsum(ops.ones((5, 1)), axis=0) / 5
    masks = ops.one_hot(np.array([0, 2, 1, 0, 2]), 6)
    return layers.Dense(2)(x * steps + masks + ops.ones_like(x))


def _curves(x: Any) -> Any:
    kinds = (ops.cosh, ops.sinh, ops.exp2, ops.erfc)
    logs = [kind(ops.square(x) + 1) for kind in (ops.log2, ops.log10)]
    return layers.Dense(3)(ops.concatenate([*(kind(x * 0.5) for kind in kinds), *logs], -1))


SINGLE: dict[str, Callable[[], keras.Model]] = {
    "patches side by side": _patches(4),
    "patches over each other": _patches(3, strides=2, padding="same"),
    "patches with gaps": _patches(2, strides=3, dilation_rate=2),
    "positions from weights alone": of((5, 4), _placed),
    "one number a row": of((6,), lambda x: Distances()(layers.Dense(5)(x), layers.Dense(5)(x))),
    "images of another size": of(PICTURE, _resized),
    "images with other edges": of(PICTURE, _edged),
    "lengths": of((5, 4), _lengths),
    "blocks": of(
        PICTURE,
        lambda x: ops.depth_to_space(
            layers.Conv2D(8, 3, padding="same")(ops.space_to_depth(x, 2)), 2
        ),
    ),
    "chosen places": of((6, 4), lambda x: layers.Dense(3)(ops.take(x, [4, 0, 1, 1], axis=1))),
    "a slice": lambda: chain((6, 4), Later(), layers.Dense(3)),
    "constants": of((5, 4), _constants),
    "curves of operations": of((6,), _curves),
}
