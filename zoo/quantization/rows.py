"""Calibration rows: the training rows whose activations set the int8 ranges."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from zoo.checks import UserError, at_least
from zoo.data.dataset import Data
from zoo.layers.inputs import Standardize
from zoo.layers.padding import StepMask
from zoo.quantization.drawing import absorbs
from zoo.quantization.hosts import affine_of, measured
from zoo.quantization.layers.affine import Affine, Host
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.operations.calls import calls_of
from zoo.quantization.rules.ids import takes_ids

MIN_ROWS = 16
BATCH_VALUES = 2**20  # of the inputs of one batch
Rows = np.ndarray | list[np.ndarray]  # of one input, or of each


@dataclass(frozen=True)
class CalibrationRows:
    """Training rows for calibration, and whether the host standardizes what the int8 graph takes.

    An int8 input has one scale. Where it would blur a feature (`is_coarse`), or one in which a
    robust `Standardize` looks for narrow bins, or could blur the one that tells steps from padding,
    the int8 graph takes standardized values, and the host scales each feature by itself.
    """

    indices: np.ndarray  # among the training rows
    x: Rows  # the rows as the data has them, (rows, *row shape), for each input
    host: Affine | None = None  # what the int8 graph leaves to the host

    def fed(self, x: Rows | None = None) -> Rows:
        """Return these rows, or others, as the int8 graph takes them."""
        x = self.x if x is None else x
        return self.host(x) if self.host and isinstance(x, np.ndarray) else x


def choose_rows(model: keras.Model, data: Data, count: int, seed: int) -> CalibrationRows:
    """Choose at most `count` training rows, the same for the same seed.

    Raises:
        UserError: fewer than 16 rows, or rows that are not finite.
    """
    at_least("calibration_rows", count, MIN_ROWS)
    if len(data.x_train) < MIN_ROWS:
        raise UserError(
            f"{data.name} has {len(data.x_train)} training rows; calibration needs at least "
            f"{MIN_ROWS}."
        )
    indices = calibration_indices(data, count, seed)
    x = np.asarray(data.x_train[indices])
    if not np.isfinite(x).all():
        raise UserError(
            f"The calibration rows of {data.name} hold NaN or infinite values; clean x_train."
        )
    return CalibrationRows(indices, x, None if takes_ids(model) else _host_of(model, x, data))


def _host_of(model: keras.Model, x: np.ndarray, data: Data) -> Affine | None:
    """Return what the host is to do with rows such as x: what the first layer does, if it can."""
    head = first_reader(model)
    if isinstance(head, Standardize):
        fine = head.robust and integer_grid(x) is None
        fine |= any(isinstance(layer, StepMask) for layer in model.layers)
        return affine_of(head) if fine or is_coarse(x, head) else None
    if not is_coarse(x):
        return None
    first = None if head is None else affine_of(head)
    if first is not None and not is_coarse(first(x)):
        return first
    host = measured(data.x_train)
    return host if absorbs(model, Host.of(host, None)) else None


def first_reader(model: keras.Model) -> keras.layers.Layer | None:
    """Return the layer that alone reads the input, and nothing else; None where there is none."""
    calls = calls_of(keras.Function(model.inputs, model.outputs))
    readers = [one for one in calls if any(x is model.inputs[0] for x in one.inputs)]
    if len(readers) != 1 or readers[0].outputs[0] is model.outputs[0]:
        return None
    layer = readers[0].operation
    once = isinstance(layer, keras.layers.Layer) and len(layer._inbound_nodes) == 1
    return layer if once else None


def calibration_indices(data: Data, rows: int, seed: int) -> np.ndarray:
    """Return sorted indices of at most `rows` training rows.

    Of classes as many of each as there are, evenly: a rare class has activations too.
    TensorFlow's guide advises about 100 rows, AIMET's about 1000.
    """
    order = np.random.default_rng(seed).permutation(len(data.x_train))
    strata = data.task.strata(data.y_train)
    if strata is not None:
        labels = strata[order]
        rank = np.empty(len(order), dtype=np.int64)  # 0 for the first of each class, then 1, ...
        for label in np.unique(labels):
            rank[labels == label] = np.arange(np.count_nonzero(labels == label))
        order = order[np.argsort(rank, kind="stable")]
    return np.sort(order[:rows])


def is_coarse(rows: np.ndarray, head: Standardize | None = None) -> bool:
    """Return whether one int8 scale over all features would blur some of them.

    So it is where a feature's standard deviation is under 8 of the common steps (a table with
    areas in the thousands beside ratios).

    Args:
        rows: calibration rows, (rows, ..., features).
        head: what it learned from all training rows counts too. A feature that never varies in
            `rows` blurs none of its values, but the kernel that takes its large scale in.
    """
    values = rows.reshape(-1, rows.shape[-1]).astype(np.float64)
    step = (max(values.max(), 0.0) - min(values.min(), 0.0)) / INT8.activations.steps
    spread = values.std(axis=0)
    varying = spread > 1e-6 * np.abs(values.mean(axis=0))
    spreads = [spread[varying]]
    if head is not None:
        scale = keras.ops.convert_to_numpy(head.scale)
        spreads.append(1 / scale[scale != 1])  # a constant feature has 1
    return bool((np.concatenate(spreads) < 8 * step).any())


def integer_grid(values: np.ndarray) -> tuple[float, float] | None:
    """Return a range on which integer inputs, such as pixels, are exact; None for other inputs.

    With the step a fraction 1/n no integer lies between two steps, where rounding would be a
    matter of the last bit.
    """
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    steps = INT8.activations.steps
    if (values != np.rint(values)).any() or not 0 < high - low <= steps:
        return None
    return low, low + steps / (steps // (high - low))


def length(rows: Rows) -> int:
    """Return how many rows there are."""
    return len(rows) if isinstance(rows, np.ndarray) else len(rows[0])


def taken(rows: Rows, chosen: Any) -> Rows:
    """Return some of the rows."""
    return rows[chosen] if isinstance(rows, np.ndarray) else [one[chosen] for one in rows]


def tensors(rows: Rows) -> Any:
    """Return rows as a twin's `run` takes them."""
    return keras.tree.map_structure(keras.ops.convert_to_tensor, rows)


def batch_size(rows: Rows) -> int:
    """Return how many rows go through a twin at a time."""
    whole = [rows] if isinstance(rows, np.ndarray) else rows
    return max(1, BATCH_VALUES // sum(int(one[0].size) for one in whole))


def batches(rows: Rows) -> Iterator[Rows]:
    """Yield all rows in turn, as many at a time."""
    size = batch_size(rows)
    for first in range(0, length(rows), size):
        yield taken(rows, slice(first, first + size))


def one_batch(rows: Rows) -> Rows:
    """Return rows for one batch, evenly chosen."""
    return taken(rows, evenly(rows))


def evenly(rows: Rows) -> slice:
    """Return which rows make one batch, evenly chosen."""
    return slice(None, None, -(-length(rows) // batch_size(rows)))
