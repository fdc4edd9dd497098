"""Calibration rows: the training rows whose activations set the int8 ranges."""

import keras
import numpy as np

from zoo.data import Data
from zoo.layers import Standardize


def calibration_indices(data: Data, rows: int, seed: int) -> np.ndarray:
    """Return sorted indices of at most `rows` training rows, the same for the same seed.

    For classification as many of each class as there are, evenly: a rare class has activations too.
    TensorFlow's guide advises about 100 rows, AIMET's about 1000.
    """
    order = np.random.default_rng(seed).permutation(len(data.x_train))
    if data.task == "classification":
        labels = data.y_train[order]
        rank = np.empty(len(order), dtype=np.int64)  # 0 for the first of each class, then 1, ...
        for label in np.unique(labels):
            rank[labels == label] = np.arange(np.count_nonzero(labels == label))
        order = order[np.argsort(rank, kind="stable")]
    return np.sort(order[:rows])


def is_coarse(rows: np.ndarray) -> bool:
    """Return whether one int8 scale over all features would blur some of them.

    An int8 input has one scale. Where a feature's standard deviation is under 8 of its steps (a
    table with areas in the thousands beside ratios), the host must scale each feature by itself.
    """
    values = rows.reshape(-1, rows.shape[-1]).astype(np.float64)
    step = (max(values.max(), 0.0) - min(values.min(), 0.0)) / 255
    spread = values.std(axis=0)
    varying = spread > 1e-6 * np.abs(values.mean(axis=0))
    return bool((spread[varying] < 8 * step).any())


def first_standardize(model: keras.Model) -> Standardize | None:
    """Return the `Standardize` layer that a model starts with, if it does and more follows."""
    first = model.layers[1] if len(model.layers) > 2 else None
    return first if isinstance(first, Standardize) else None


def standardized(layer: Standardize, x: np.ndarray) -> np.ndarray:
    """Return rows as they leave the layer."""
    scale, offset = (keras.ops.convert_to_numpy(weight) for weight in (layer.scale, layer.offset))
    return np.asarray(x * scale + offset, np.float32)
