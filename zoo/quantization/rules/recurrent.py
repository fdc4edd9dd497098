"""Rules for recurrent layers: a loop, or one more cell in the loop before."""

from typing import Any

import numpy as np
from keras import layers

from zoo.quantization.layers.elementwise import Multiply
from zoo.quantization.layers.gru import Cell, Recurrence
from zoo.quantization.layers.lstm import Memory
from zoo.quantization.rules.drafts import Sketch, Value, numpy_of, shape_of, unknown

CELLS: dict[type, type[Cell] | type[Memory]] = {layers.GRU: Cell, layers.LSTM: Memory}


def recurrent(sketch: Sketch, layer: Any, x: Value, *mask: Value) -> Value:
    """A GRU or LSTM layer: a loop of its own, or a cell more in the loop before it."""
    draft, kind = sketch.maker(x, Recurrence), CELLS[type(layer)]
    alike = draft is not None and draft.arguments["cell"] is kind
    masks = tuple(one.number for one in mask)
    alike = draft is not None and alike and draft.inputs[1:] == masks
    if draft is not None and alike and not draft.arguments["bidirectional"]:
        draft.arguments["cells"].append(_cell(layer, layer.name, np.ones(1), np.zeros(x.shape[-1])))
        draft.arguments["sequences"] = layer.return_sequences
        return Value(x.number, shape_of(layer))
    x, scale, offset = sketch.channels(x, layer.name)
    cells = [_cell(layer, layer.name, scale, offset)]
    return _recurrence(sketch, layer, (x, *mask), cells)


def bidirectional(sketch: Sketch, layer: Any, x: Value, *mask: Value) -> Value:
    """`Bidirectional` GRU or LSTM: one loop with a cell for each direction."""
    both = layer.forward_layer, layer.backward_layer
    alike = {(type(one), one.units) for one in both}
    if len(alike) > 1 or type(both[0]) not in CELLS or layer.merge_mode != "concat":
        raise unknown(layer, "only two GRU layers of one size whose outputs are concatenated")
    x, scale, offset = sketch.channels(x, layer.name)
    cells = [
        _cell(one, f"{layer.name}_{way}", scale, offset, allowed="go_backwards")
        for way, one in (("forward", layer.forward_layer), ("backward", layer.backward_layer))
    ]
    y = _recurrence(sketch, layer, (x, *mask), cells)
    if mask and layer.return_sequences:  # zeros stand on padding then
        y = sketch.add(Multiply, f"{layer.name}_shown", (y, *mask), y.shape)
    return y


def _recurrence(sketch: Sketch, layer: Any, inputs: tuple[Value, ...], cells: list[Any]) -> Value:
    two = type(layer) is layers.Bidirectional
    return sketch.add(
        Recurrence,
        layer.name,
        inputs,
        shape_of(layer),
        cell=CELLS[type(layer.forward_layer if two else layer)],
        cells=cells,
        bidirectional=two,
        sequences=layer.return_sequences,
        masked=len(inputs) > 1,
    )


def _cell(
    layer: Any, name: str, scale: np.ndarray, offset: np.ndarray, allowed: str = ""
) -> dict[str, Any]:
    """Return the arguments of a twin's cell, with what is pending on its input folded in."""
    cell = layer.cell
    functions = (cell.activation.__name__, cell.recurrent_activation.__name__)
    reset_after = getattr(cell, "reset_after", True)  # an LSTM has no such gate
    if functions != ("tanh", "sigmoid") or not reset_after or layer.stateful:
        raise unknown(layer, "only tanh, sigmoid, reset_after=True and stateful=False")
    for setting in ("return_state", "go_backwards"):
        if getattr(layer, setting) and setting not in allowed:
            raise unknown(layer, f"{setting}=True")
    kernel, recurrent = numpy_of(cell.kernel), numpy_of(cell.recurrent_kernel)
    shape = (kernel.shape[1],) if type(layer) is layers.LSTM else (2, kernel.shape[1])
    bias = numpy_of(cell.bias) if cell.use_bias else np.zeros(shape)
    moved = offset @ kernel
    bias = bias + (moved if bias.ndim == 1 else np.stack([moved, np.zeros_like(moved)]))
    return {"name": name, "kernel": kernel * scale[:, None], "recurrent": recurrent, "bias": bias}
