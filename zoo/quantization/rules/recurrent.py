"""Rules for recurrent layers: a loop, or one more cell in the loop before."""

from typing import Any

import numpy as np
from keras import layers

from zoo.quantization.layers.elementwise import Multiply
from zoo.quantization.layers.gru import Cell, Recurrence
from zoo.quantization.layers.lstm import Memory
from zoo.quantization.layers.operations import BOUNDED
from zoo.quantization.layers.squash import Plain
from zoo.quantization.rules.curves import OWN_TABLE
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.sequences import reshaped
from zoo.quantization.rules.values import Value, numpy_of, shape_of, unknown

CELLS: dict[type, type[Cell] | type[Memory] | type[Plain]] = {
    layers.GRUCell: Cell,
    layers.LSTMCell: Memory,
    layers.SimpleRNNCell: Plain,
}
USUAL = ("tanh", "sigmoid")
KNOWN = (*USUAL, "relu", "linear", "hard_sigmoid", *OWN_TABLE)


def recurrent(sketch: Sketch, layer: Any, x: Value, *mask: Value) -> Value:
    """A recurrent layer: a loop of its own, or a cell or more in the loop before it."""
    mask = _check(sketch, layer, x, mask)
    kind = _kind(layer)
    draft = None if layer.go_backwards else sketch.maker(x, Recurrence)
    given = draft.arguments if draft is not None else {}
    alike = given.get("cell") is kind and not given["bidirectional"] and not given["backwards"]
    if draft is not None and alike and draft.inputs[1:] == tuple(one.number for one in mask):
        given["cells"] += _cells(layer, layer.name, np.ones(1), np.zeros(x.shape[-1]))
        given["sequences"] = layer.return_sequences
        return Value(x.number, shape_of(layer))
    x, scale, offset = sketch.channels(x, layer.name)
    cells = _cells(layer, layer.name, scale, offset)
    return _recurrence(sketch, layer, (x, *mask), kind, cells)


def bidirectional(sketch: Sketch, layer: Any, x: Value, *mask: Value) -> Value:
    """`Bidirectional`: one loop with a cell for each direction."""
    both = layer.forward_layer, layer.backward_layer
    if layer.merge_mode is None or both[0].go_backwards:
        raise unknown(layer, "only a forward and a backward layer that are merged")
    for one in both:
        mask = _check(sketch, one, x, mask)
    kind = _kind(both[0])
    x, scale, offset = sketch.channels(x, layer.name)
    cells = [
        cell
        for way, one in zip(("forward", "backward"), both, strict=True)
        for cell in _cells(one, f"{layer.name}_{way}", scale, offset)
    ]
    if _kind(both[1]) is not kind or len(cells) > 2:
        raise unknown(layer, "only two cells of one class")
    y = _recurrence(sketch, layer, (x, *mask), kind, cells)
    if mask and layer.return_sequences:  # zeros stand on padding then
        y = sketch.add(Multiply, f"{layer.name}_shown", (y, *mask), y.shape)
    half = layer.merge_mode == "ave"
    return y.then(np.full(y.shape, 0.5), np.zeros(y.shape)) if half else y


def _recurrence(
    sketch: Sketch, layer: Any, inputs: tuple[Value, ...], kind: type, cells: list[Any]
) -> Value:
    two = isinstance(layer, layers.Bidirectional)
    merge = layer.merge_mode if two else "concat"
    return sketch.add(
        Recurrence,
        layer.name,
        inputs,
        shape_of(layer),
        cell=kind,
        cells=cells,
        bidirectional=two,
        sequences=layer.return_sequences,
        masked=len(inputs) > 1,
        backwards=not two and layer.go_backwards,
        merge="sum" if merge == "ave" else merge,
    )


def _check(sketch: Sketch, layer: Any, x: Value, mask: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return the mask, if there is one, as (steps, 1)."""
    for setting in ("return_state", "stateful"):
        if getattr(layer, setting):
            raise unknown(layer, f"{setting}=True")
    whole = (x.shape[0], 1)
    if any(one.shape not in (whole, whole[:1]) for one in mask):
        raise unknown(layer, "it starts from a state that is computed; only zeros have a form")
    return tuple(
        one if one.shape == whole else reshaped(sketch, one, whole, f"{layer.name}_mask")
        for one in mask
    )


def _inner(layer: Any) -> list[Any]:
    """Return the cells of a layer, which are stacked."""
    cell = layer.cell
    return list(cell.cells) if isinstance(cell, layers.StackedRNNCells) else [cell]


def _kind(layer: Any) -> type:
    """Return the class of a layer's cells in the twin."""
    found = {CELLS.get(type(cell)) for cell in _inner(layer)}
    kind = found.pop()
    if kind is None or found:
        raise unknown(layer, "only GRU, LSTM and simple cells, all of one class")
    return kind


def _cells(layer: Any, name: str, scale: np.ndarray, offset: np.ndarray) -> list[dict[str, Any]]:
    """Return the arguments of a layer's cells, with what is pending on its input folded in."""
    first, *others = _inner(layer)
    found = [_cell(layer, first, name, scale, offset)]
    for i, cell in enumerate(others, 1):
        plain = np.zeros(numpy_of(cell.kernel).shape[0])
        found.append(_cell(layer, cell, f"{name}_{i}", np.ones(1), plain))
    return found


def _cell(
    layer: Any, cell: Any, name: str, scale: np.ndarray, offset: np.ndarray
) -> dict[str, Any]:
    """Return the arguments of a twin's cell."""
    kernel, recurrent = numpy_of(cell.kernel), numpy_of(cell.recurrent_kernel)
    kind, width = CELLS[type(cell)], kernel.shape[1]
    shape = (2, width) if kind is Cell else (width,)
    bias = np.zeros(shape)
    if cell.use_bias:  # of a GRU that forgets before the product, the state has none
        held = numpy_of(cell.bias)
        bias = held if held.shape == shape else np.stack([held, np.zeros(width)])
    moved = offset @ kernel
    bias = bias + (moved if bias.ndim == 1 else np.stack([moved, np.zeros_like(moved)]))
    given: dict[str, Any] = {"name": name, "kernel": kernel * scale[:, None]}
    given |= {"recurrent": recurrent, "bias": bias}
    functions = _functions(layer, cell)
    if functions not in (USUAL, USUAL[:1]):
        given["functions"] = functions
    if functions[1:] == ("hard_sigmoid",):
        given |= {"functions": (functions[0], BOUNDED)} | _sixths(given, recurrent.shape[0], kind)
    return given | ({} if getattr(cell, "reset_after", True) else {"reset_after": False})


def _functions(layer: Any, cell: Any) -> tuple[str, ...]:
    """Return the names of a cell's activations: its own, and that of its gates."""
    both = cell.activation, getattr(cell, "recurrent_activation", None)
    names = tuple(getattr(one, "__name__", str(one)) for one in both if one is not None)
    for name in names:
        if name not in KNOWN:
            raise unknown(layer, f"activation {name!r} within a loop")
    return names


def _sixths(given: dict[str, Any], units: int, kind: type) -> dict[str, np.ndarray]:
    """Return weights whose gates' sums are `x / 6 + 1/2`: cut off at 0 and 1, a hard sigmoid."""
    gates = np.ones(given["kernel"].shape[1], bool)
    gates[slice(2 * units, 3 * units)] = False  # the candidate, of a GRU and of an LSTM
    share, shift = np.where(gates, 1 / 6, 1.0), np.where(gates, 0.5, 0.0)
    bias = given["bias"] * share
    bias = bias + (np.stack([shift, np.zeros_like(shift)]) if kind is Cell else shift)
    return {
        "kernel": given["kernel"] * share,
        "recurrent": given["recurrent"] * share,
        "bias": bias,
    }
