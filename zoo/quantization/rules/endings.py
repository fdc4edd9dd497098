"""Ends of a twin whose outputs have units of their own: the way back is left to the host."""

from dataclasses import replace

import keras
import numpy as np

from zoo.quantization.layers.affine import Affine
from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.elementwise import Add, Subtract
from zoo.quantization.layers.entry import Entry
from zoo.quantization.layers.gathering import Mean, Rearrange
from zoo.quantization.layers.products import LINEAR, Dense
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Draft, Value

SAME = 1e-9  # what float64 leaves of nothing
Shares = list[tuple[Draft, np.ndarray, np.ndarray]]  # who makes a value, its scale and offset


def in_units(sketch: Sketch, y: Value, units: Affine) -> tuple[Value, Affine]:
    """Return an output in its own units, by the kernels that make it where they can.

    What no kernel takes in is pending. Returned, too, are the units that were chosen: those of
    `units`, or the same for all outputs that one channel of a kernel makes.
    """
    y = _before_diagonal(sketch, y)
    for some in (units, _by_channel(sketch, y, units)):
        if some is None or y.parts or y.shared:
            break
        back = some.inverse()
        whole = y.then(back.scale, back.offset).per_channel()
        if whole is None:
            break
        scale, offset = (np.broadcast_to(one, y.shape[-1:]) for one in whole)
        shares = _shares(sketch, y.number, scale, offset, readers=0)
        if shares is not None:
            for draft, scale, offset in shares:
                draft.scale(scale, offset)
            return replace(y, scale=None, offset=None), some
    back = units.inverse()
    return sketch.fold_norm(y, back.scale, back.offset), units


def _by_channel(sketch: Sketch, y: Value, units: Affine) -> Affine | None:
    """Return units that serve all outputs which a channel makes that was flattened into them.

    None where no channel gets twice as many steps by them as by one scale for all, with zero.
    """
    count = y.shape[-1]
    channels = count if y.parts else sketch.source(y).shape[-1]
    if count % channels:
        return None
    reach = np.abs(units.scale)
    low = (units.offset - reach).reshape(-1, channels).min(axis=0)
    high = (units.offset + reach).reshape(-1, channels).max(axis=0)
    if (2 * (high - low) >= max(high.max(), 0.0) - min(low.min(), 0.0)).all():
        return None
    middle, reach = (np.resize(one / 2, count) for one in (high + low, high - low))
    return replace(units, scale=reach, offset=middle)


def handed_over(y: Value, units: Affine) -> tuple[Value, Affine | None]:
    """Return an output with nothing pending, and what the host does instead: None for nothing."""
    if y.scale is None:
        return y, units
    pending = y.per_channel()
    if pending is None:  # one that differs by position
        return y.then(units.scale, units.offset), None
    scale, offset = (np.broadcast_to(one, y.shape[-1:]) for one in pending)
    whole = Affine(scale * units.scale, offset * units.scale + units.offset)
    if not whole.scale.all():
        return y.then(units.scale, units.offset), None
    lost = np.abs(whole.offset) <= SAME * np.abs(units.offset)
    same = lost.all() and np.allclose(whole.scale, 1, rtol=SAME)
    return replace(y, scale=None, offset=None), None if same else whole


def _shares(
    sketch: Sketch, number: int, scale: np.ndarray, offset: np.ndarray, readers: int = 1
) -> Shares | None:
    """Return the kernels that together make a value `x * scale + offset`; None where they cannot.

    Between them and it may stand sums, means over positions and what moves values.

    Args:
        readers: of the value among the drafts: more need it as it is.
    """
    draft = sketch.drafts[number]
    if draft.arguments.get("activation") is not None:
        return None
    if readers < sum(one.inputs.count(number) for one in sketch.drafts):
        return None
    if draft.kind in LINEAR:
        return None if draft.arguments.get("output_limits") else [(draft, scale, offset)]
    if not draft.alone:
        return None
    if draft.kind in (Add, Subtract) and len(draft.inputs) == 2:
        first, second = draft.inputs
        found = _shares(sketch, first, scale, offset)
        others = _shares(sketch, second, scale, np.zeros_like(offset))
        return None if found is None or others is None else found + others
    if draft.kind is Mean:
        return _shares(sketch, draft.inputs[0], scale, offset)
    return _moved(sketch, draft, scale, offset) if draft.kind is Rearrange else None


def _moved(sketch: Sketch, draft: Draft, scale: np.ndarray, offset: np.ndarray) -> Shares | None:
    """Return the kernels before an operator that moves values, where channels stay channels.

    Or where these are repeated, as flattening does. No zeros may come in from outside.
    """
    (number,) = draft.inputs
    if draft.arguments.get("largest") and (scale < 0).any():  # it would be the smallest
        return None
    before = sketch.drafts[number].shape
    channels, times = before[-1], scale.size // before[-1]
    if any((one != np.resize(one[:channels], one.size)).any() for one in (scale, offset)):
        return None
    marks = np.arange(1.0, 1 + channels)
    moved = draft.arguments["function"](Exact(), np.broadcast_to(marks, (1, *before)).copy())
    kept = np.broadcast_to(np.resize(marks, scale.size), (1, *draft.shape))
    if not times or not np.allclose(keras.ops.convert_to_numpy(moved), kept, rtol=1e-6):
        return None
    return _shares(sketch, number, scale[:channels], offset[:channels])


def _before_diagonal(sketch: Sketch, y: Value) -> Value:
    """Return what a dense layer without mixing reads, with its scales pending, in its place."""
    draft = sketch.maker(y, Dense)
    if draft is None or draft is not sketch.drafts[-1] or draft.arguments["activation"]:
        return y
    kernel, (number,) = draft.arguments["kernel"], draft.inputs
    scale = np.diagonal(kernel)
    mixes = kernel.shape[0] != kernel.shape[1] or (kernel != np.diag(scale)).any()
    others = any(number in one.inputs for one in sketch.drafts[:-1])
    if mixes or others or not draft.alone or sketch.drafts[number].kind is Entry:
        return y
    sketch.drafts.pop()
    return Value(number, y.shape).then(scale, draft.arguments["bias"])
