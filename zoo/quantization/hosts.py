"""When the host converts what an int8 graph takes and gives, and how."""

from typing import Any

import keras
import numpy as np

from zoo.layers.inputs import Standardize
from zoo.quantization.layers.affine import Affine, Host
from zoo.quantization.layers.entry import Entry
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.table import enter
from zoo.quantization.rules.values import UnknownLayer

FEWEST_STEPS = 16  # of an output's standard deviation: fewer add 2 % of it as noise
HEADROOM = 1.5  # of what was observed: of 256 values up to 2.8 deviations, for 4.2
CONSTANT = 1e-6  # of a value's size: what varies less does not vary


def affine_of(layer: Any) -> Affine | None:
    """Return what a layer that reads the model's input does, if that is a scale and an offset.

    So are `Standardize`, `Normalization`, `Rescaling`, `BatchNormalization`.
    """
    read = keras.tree.flatten(layer.input)
    shape = tuple(read[0].shape[1:])
    if len(read) > 1 or None in shape:
        return None
    sketch = Sketch()
    x = sketch.add(Entry, "input", (), shape, row_shape=shape, ids=False, label="input")
    try:
        y = enter(sketch, layer, [x])
    except UnknownLayer:
        return None
    found = y.per_channel()
    if len(sketch.drafts) > 1 or y.scale is None or found is None or not found[0].all():
        return None
    return Affine(*found, layer.name)


def measured(rows: np.ndarray) -> Affine:
    """Return what brings each feature of rows, (rows, ..., features), to mean 0, deviation 1."""
    layer = Standardize()
    layer.build(rows.shape)
    layer.adapt(rows)
    scale, offset = (keras.ops.convert_to_numpy(one) for one in (layer.scale, layer.offset))
    return Affine(scale.astype(np.float64), offset.astype(np.float64))


def units_of(outputs: np.ndarray, steps: int = INT8.activations.steps) -> Affine | None:
    """Return what takes -1..1 to the range of each output; None where one scale serves all.

    One serves where each output has 16 of its steps in the standard deviation, or could not have
    twice as many by itself. An output's own range is wider than that of these rows: others go
    beyond, and would cost more cut off than larger steps do.

    Args:
        outputs: of a regression, (rows, ..., outputs).
        steps: that a tensor has.
    """
    values = outputs.reshape(-1, outputs.shape[-1])
    low, high = (one.astype(np.float64) for one in (values.min(axis=0), values.max(axis=0)))
    middle, reach = (low + high) / 2, HEADROOM * (high - low) / 2
    whole = max(high.max(), 0.0) - min(low.min(), 0.0)
    step = whole / steps
    varying = reach > CONSTANT * np.abs(middle)
    spread = (values - middle.astype(values.dtype)).std(axis=0)
    blurred = varying & (spread < FEWEST_STEPS * step) & (4 * reach < whole)
    if not blurred.any():
        return None
    still = np.where(middle == 0, 1.0, np.abs(middle))
    return Affine(np.where(varying, reach, still), middle, whole=True)


def host_of(
    given: Affine | None,
    outputs: np.ndarray | list[np.ndarray] | None,
    steps: int = INT8.activations.steps,
) -> Host:
    """Return what the host does: with the first input, and with outputs that are numbers.

    Args:
        outputs: of the float model, an array or one for each; None: they are no numbers.
        steps: that a tensor has.
    """
    each = [outputs] if isinstance(outputs, np.ndarray) else outputs or []
    found = {place: units_of(one, steps) for place, one in enumerate(each)}
    units = {place: one for place, one in found.items() if one is not None}
    return Host({} if given is None else {0: given}, units)
