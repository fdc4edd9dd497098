"""Rows and weights of foreign networks: random, but such that outputs differ from row to row.

Noise alone says nothing: a network averages it away, and its outputs are the same for all rows.
"""

from typing import Any

import keras
import numpy as np

from zoo.quantization.calibration import answers
from zoo.quantization.rows import Rows, tensors

ROWS, WORDS = 64, 500
WHOLE = ("kio_deeplab",)  # takes 0..255 without a Rescaling
SCALES = (1, 2, 4, 8, 16)  # blobs along each axis
LOGITS = 2.0  # their deviation, as of a network that was trained
SQUASHED = ("softmax", "sigmoid")


def rows_for(model: keras.Model) -> Rows:
    """Return random rows: ids below `WORDS`, pictures and series of blobs and noise, numbers."""
    rng = np.random.default_rng(0)
    scaled = any(isinstance(one, keras.layers.Rescaling) for one in model._flatten_layers())
    most = 255.0 if scaled or model.name in WHOLE else 1.0
    rows = []
    for tensor in model.inputs:
        shape = tuple(tensor.shape[1:])
        if keras.backend.is_int_dtype(tensor.dtype):
            rows.append(rng.integers(0, WORDS, (ROWS, *shape)).astype(np.int32))
            continue
        values = blobs(rng, shape)
        if shape[-1] == 3:
            values = most / (1 + np.exp(-2 * values))
        rows.append(values.astype(np.float32))
    return rows[0] if len(rows) == 1 else rows


def blobs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return (ROWS, *shape) of noise at several scales, each row with a contrast of its own."""
    *sizes, channels = shape
    values = rng.normal(size=(ROWS, *shape))
    for scale in SCALES if sizes else ():
        coarse = rng.normal(size=(ROWS, *(min(scale, size) for size in sizes), channels))
        for axis, size in enumerate(sizes, 1):
            coarse = np.take(coarse, np.arange(size) * coarse.shape[axis] // size, axis)
        values = values + coarse
    contrast = rng.uniform(0.5, 1.5, (ROWS, *[1] * len(shape)))
    return np.asarray(contrast * values / np.sqrt(len(SCALES) + 1 if sizes else 1))


def fill(model: keras.Model, rows: Rows) -> None:
    """Give a model weights as training leaves them, as far as its layers depend on them.

    Vectors, which start as ones and zeros, get random values; each BatchNormalization the
    statistics of these rows; logits of an output their mean 0 and deviation 2.
    """
    rng = np.random.default_rng(1)
    for weight in model.weights:
        value = np.asarray(keras.ops.convert_to_numpy(weight))
        if value.ndim <= 1 and keras.backend.is_float_dtype(weight.dtype):
            spread = rng.uniform(0.8, 1.25, value.shape)
            weight.assign(
                value * spread + (rng.normal(0, 0.05, value.shape) if not value.any() else 0)
            )
    _settle_norms(model, rows)
    makers = [one._keras_history.operation for one in model.outputs]
    for layer in dict.fromkeys(makers):
        _spread_logits(model, layer, rows)


def _settle_norms(model: keras.Model, rows: Rows) -> None:
    norms = [
        one for one in model._flatten_layers() if isinstance(one, keras.layers.BatchNormalization)
    ]
    momenta = [one.momentum for one in norms]
    for one in norms:
        one.momentum = 0.0
    if norms:
        model(tensors(rows), training=True)
    for one, momentum in zip(norms, momenta, strict=True):
        one.momentum = momentum


def _spread_logits(model: keras.Model, layer: Any, rows: Rows) -> None:
    """Scale the layer that makes an output of probabilities, by what it makes before them."""
    name = getattr(getattr(layer, "activation", None), "__name__", None)
    if name not in SQUASHED or None in (getattr(layer, one, None) for one in ("kernel", "bias")):
        return
    place = next(i for i, x in enumerate(model.outputs) if x._keras_history.operation is layer)
    squash, layer.activation = layer.activation, keras.activations.linear
    found = answers(model, rows)
    layer.activation = squash
    logits = found if isinstance(found, np.ndarray) else found[place]
    logits = logits.reshape(-1, logits.shape[-1])
    scale = LOGITS / float((logits - logits.mean(axis=0)).std())
    layer.kernel.assign(layer.kernel * scale)
    layer.bias.assign((layer.bias - logits.mean(axis=0)) * scale)
