"""Rules for attention."""

from typing import Any

import numpy as np

from zoo.quantization.layers.attention import Attention, Pooling
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.products import bias_of
from zoo.quantization.rules.values import Value, numpy_of, shape_of, unknown


def attention(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`SelfAttention`: FULLY_CONNECTED, BATCH_MATMUL, and SOFTMAX or LOGISTIC between them."""
    x, scale, offset = sketch.channels(x, layer.name)
    dense = {}
    for part in ("query", "key", "value", "project"):
        kernel = numpy_of(getattr(layer, part).kernel)
        bias = bias_of(getattr(layer, part), kernel.shape[-1])
        if part != "project":
            kernel, bias = kernel * scale[:, None], bias + offset @ kernel
        dense[part] = kernel, bias
    shift = layer.shift()
    return sketch.add(
        Attention, layer.name, (x,), x.shape, dense=dense, heads=layer.heads, shift=shift
    )


def multi_head(sketch: Sketch, layer: Any, *inputs: Value) -> Value:
    """Keras' own attention, of one sequence to itself; its scaling goes into the query."""
    given = layer._inbound_nodes[0].arguments.kwargs
    asked = {name for name, value in given.items() if value is not None and value is not False}
    others = asked - {"query", "value", "key", "training"}
    alone = len({x.key() for x in inputs}) == 1 and len(inputs[0].shape) == 2
    gated = layer._use_gate or getattr(layer, "_sliding_window", None)
    if others or gated or not alone or layer.value_dim != layer.key_dim:
        raise unknown(layer, "only attention of a sequence to itself, without masks or gates")
    if shape_of(layer) != inputs[0].shape:
        raise unknown(layer, "output_shape")
    x, scale, offset = sketch.channels(inputs[0], layer.name)
    dense = {}
    for name in ("query", "key", "value"):
        part = getattr(layer, f"{name}_dense")
        kernel = numpy_of(part.kernel).reshape(x.shape[-1], -1)
        bias = numpy_of(part.bias).reshape(-1) if layer.use_bias else np.zeros(kernel.shape[1])
        share = layer.key_dim**-0.5 if name == "query" else 1.0
        dense[name] = share * kernel * scale[:, None], share * (bias + offset @ kernel)
    last = layer.output_dense
    bias = numpy_of(last.bias) if layer.use_bias else np.zeros(x.shape[-1])
    dense["project"] = numpy_of(last.kernel).reshape(-1, x.shape[-1]), bias
    return sketch.add(
        Attention, layer.name, (x,), x.shape, dense=dense, heads=layer.num_heads, shift=None
    )


def pooling(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Sequence pooling; its weights sum to one, so what is pending on the tokens stays pending."""
    x, scale, offset = sketch.channels(x, layer.name)
    kernel = numpy_of(layer.score.kernel)
    given = {"kernel": kernel * scale[:, None], "bias": offset @ kernel}
    return sketch.add(Pooling, layer.name, (x,), shape_of(layer), **given).then(scale, offset)
