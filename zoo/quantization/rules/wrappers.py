"""Rules for layers around other layers."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.quantization.layers.gathering import Rearrange
from zoo.quantization.rules.copies import again, rebuilt
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.sequences import as_seen
from zoo.quantization.rules.values import Value, unknown

Enter = Callable[[Sketch, Any, list[Value]], Value]
LOOPS = (layers.RNN, layers.Bidirectional)  # whose states are those of one row


def time_distributed(enter: Enter) -> Callable[..., Value]:
    """Return the rule of `TimeDistributed`: its steps are rows for what is inside.

    Args:
        enter: draws one layer.
    """

    def rule(sketch: Sketch, layer: Any, x: Value) -> Value:
        inner, steps = layer.layer, x.shape[0]
        if isinstance(inner, (*LOOPS, layers.TimeDistributed)):
            raise unknown(layer, f"steps of a {type(inner).__name__}")
        y = _drawn(sketch, inner, folded(sketch, x, layer.name), enter)
        return unfolded(sketch, sketch.join(y, layer.name), steps, f"{layer.name}_steps")

    return rule


def wrapped(enter: Enter) -> Callable[..., Value]:
    """Return the rule of a wrapper that does nothing of its own after training."""
    return lambda sketch, layer, x: _drawn(sketch, layer.layer, x, enter)


def folded(sketch: Sketch, x: Value, name: str) -> Value:
    """Return the steps of each row as rows; what is pending is the same for all of them."""
    x, scale, offset = sketch.channels(x, name)
    y = sketch.add(Rearrange, f"{name}_rows", (x,), x.shape[1:], function=lambda do, v: do.fold(v))
    return y.then(scale, offset)


def unfolded(sketch: Sketch, y: Value, steps: int, name: str) -> Value:
    """Return rows as steps of a row again."""
    shape, plain = (steps, *y.shape), replace(y, scale=None, offset=None)
    found = sketch.add(Rearrange, name, (plain,), shape, function=lambda do, v: do.unfold(v, steps))
    if y.scale is None or y.offset is None:
        return found
    return found.then(np.broadcast_to(y.scale, shape), np.broadcast_to(y.offset, shape))


def _drawn(sketch: Sketch, inner: Any, x: Value, enter: Enter) -> Value:
    """Draw a copy of a layer, or of a model of layers, on a value and return what it makes."""
    inputs = keras.Input(x.shape)
    if not isinstance(inner, keras.Model):
        copy = again(inner)
        outputs = copy(inputs)
        return as_seen(sketch, enter(sketch, copy, [x]), outputs, inner.name)
    if len(inner.inputs) != 1 or len(inner.outputs) != 1:
        raise unknown(inner, "only a model of one input and one output for each step")
    model = rebuilt(keras.Function(inner.inputs, inner.outputs), [inputs])
    operations = [one for one in model.operations if not isinstance(one, layers.InputLayer)]
    readers = Counter(id(one) for each in operations for one in keras.tree.flatten(each.input))
    values = {id(model.inputs[0]): x}
    for one in operations:
        found = [
            replace(values[id(tensor)], shared=x.shared or readers[id(tensor)] > 1)
            for tensor in keras.tree.flatten(one.input)
        ]
        values[id(one.output)] = enter(sketch, one, found)
    y = values[id(model.outputs[0])]
    return as_seen(sketch, sketch.join(y, inner.name), model.outputs[0], inner.name)
