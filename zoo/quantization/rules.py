"""How each Keras layer enters a twin: one function per class, in the table at the end."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.checks import UserError
from zoo.layers import (
    LayerNormalization,
    PositionEmbedding,
    RMSNormalization,
    SelfAttention,
    Standardize,
)
from zoo.quantization.attention import Attention, Normalize
from zoo.quantization.folding import LINEAR, Sketch, Value
from zoo.quantization.gru import Recurrence
from zoo.quantization.layers import Activation, Add, Conv, Dense, DepthwiseConv, Mean

Rule = Callable[..., Value]
SEPARATE = ("silu", "hard_silu", "gelu", "tanh", "sigmoid", "softmax")


class UnknownLayer(UserError):
    """A layer that a twin cannot express."""


def enter(sketch: Sketch, layer: Any, inputs: list[Value]) -> Value:
    """Draft a layer's part of the twin and return its output.

    Raises:
        UnknownLayer: a layer, or a setting of one, without a rule.
    """
    for kind, rule in RULES.items():
        if type(layer) is kind:
            return rule(sketch, layer, *inputs)
    raise _unknown(layer, "there is no rule for its class")


def _unknown(layer: Any, why: str) -> UnknownLayer:
    return UnknownLayer(
        f"The quantization twin cannot express layer {layer.name!r} "
        f"({type(layer).__name__}): {why}. Export with method='converter' to let TensorFlow's "
        "converter quantize the model by itself."
    )


def _numpy(weight: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(weight), np.float64)


def _bias(layer: Any, size: int) -> np.ndarray:
    return _numpy(layer.bias) if layer.use_bias else np.zeros(size)


def _shape(layer: Any) -> tuple[int, ...]:
    return tuple(layer.output.shape[1:])


def _same(sketch: Sketch, layer: Any, x: Value) -> Value:
    return x


def _standardize(sketch: Sketch, layer: Any, x: Value) -> Value:
    return x.then(_numpy(layer.scale), _numpy(layer.offset))


def _rescaling(sketch: Sketch, layer: Any, x: Value) -> Value:
    return x.then(np.asarray(layer.scale, np.float64), np.asarray(layer.offset, np.float64))


def _dense(sketch: Sketch, layer: Any, x: Value) -> Value:
    x, scale, offset = sketch.channels(x, layer.name)
    kernel = _numpy(layer.kernel)
    bias = _bias(layer, kernel.shape[-1]) + offset @ kernel
    y = sketch.add(
        Dense,
        layer.name,
        (x,),
        _shape(layer),
        kernel=kernel * scale[:, None],
        bias=bias,
        activation=None,
    )
    return _activate(sketch, layer, y, layer.activation)


def _conv(sketch: Sketch, layer: Any, x: Value) -> Value:
    if layer.groups != 1:
        raise _unknown(layer, f"groups={layer.groups}")
    kernel = _numpy(layer.kernel)
    x, kernel, moved = _into_kernel(sketch, layer, x, kernel)
    return _convolution(sketch, layer, x, Conv, kernel, _bias(layer, kernel.shape[-1]) + moved)


def _depthwise(sketch: Sketch, layer: Any, x: Value) -> Value:
    kernel = _numpy(layer.kernel)  # (height, width, channels, multiplier)
    x, kernel, moved = _into_kernel(sketch, layer, x, kernel)
    bias = _bias(layer, moved.size) + moved
    return _convolution(sketch, layer, x, DepthwiseConv, kernel, bias)


def _into_kernel(
    sketch: Sketch, layer: Any, x: Value, kernel: np.ndarray
) -> tuple[Value, np.ndarray, np.ndarray]:
    """Fold what is pending into a convolution's kernel; return also what goes to the bias.

    An offset before zero padding must stay an ADD, for the padding is zero after it.
    """
    x, scale, offset = sketch.channels(x, layer.name)
    padded = layer.padding == "same" and max(kernel.shape[:2]) > 1
    if padded and offset.any():
        if scale.all():
            offset, shift = np.zeros_like(offset), offset / scale
            x = sketch.settle(x.then(np.ones_like(scale), shift), layer.name)
        else:
            x = sketch.settle(x.then(scale, offset), layer.name)
            scale, offset = np.ones_like(scale), np.zeros_like(offset)
    by_input = np.einsum("hwio,i->io" if type(layer) is layers.DepthwiseConv2D else "hwio,i->o",
                         kernel, offset)  # fmt: skip
    return x, kernel * scale[:, None], by_input.ravel()


def _convolution(
    sketch: Sketch, layer: Any, x: Value, kind: type, kernel: np.ndarray, bias: np.ndarray
) -> Value:
    if layer.data_format != "channels_last":
        raise _unknown(layer, f"data_format={layer.data_format!r}")
    y = sketch.add(
        kind,
        layer.name,
        (x,),
        _shape(layer),
        kernel=kernel,
        bias=bias,
        strides=tuple(layer.strides),
        padding=layer.padding,
        dilation=tuple(layer.dilation_rate),
        activation=None,
    )
    return _activate(sketch, layer, y, layer.activation)


def _batch_norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    if layer.axis not in (-1, len(x.shape)):
        raise _unknown(layer, f"axis={layer.axis}")
    scale = 1 / np.sqrt(_numpy(layer.moving_variance) + layer.epsilon)
    scale *= _numpy(layer.gamma) if layer.scale else 1.0
    offset = -_numpy(layer.moving_mean) * scale
    return sketch.fold_norm(x, scale, offset + (_numpy(layer.beta) if layer.center else 0.0))


def _norm(sketch: Sketch, layer: Any, x: Value) -> Value:
    centre = isinstance(layer, LayerNormalization)
    x = sketch.settle(x, layer.name)
    y = sketch.add(
        Normalize, layer.name, (x,), x.shape, centre=centre, epsilon=layer.EPSILON
    )
    return y.then(_numpy(layer.gamma), _numpy(layer.beta) if centre else np.zeros(x.shape[-1]))


def _activation(sketch: Sketch, layer: Any, x: Value) -> Value:
    return _activate(sketch, layer, x, layer.activation)


def _relu(sketch: Sketch, layer: Any, x: Value) -> Value:
    if layer.negative_slope or layer.threshold or layer.max_value not in (None, 6):
        raise _unknown(layer, "only relu and relu6")
    return _activate(sketch, layer, x, keras.activations.get("relu6" if layer.max_value else "relu"))


def _activate(sketch: Sketch, layer: Any, x: Value, function: Any) -> Value:
    name = getattr(function, "__name__", str(function))
    if name == "linear":
        return x
    x = sketch.settle(x, layer.name)
    draft = sketch.maker(x, *LINEAR, Add)
    if name in ("relu", "relu6"):
        if draft is not None and draft.arguments.get("activation") is None:
            draft.arguments["activation"] = name
            return x
    elif name not in SEPARATE:
        raise _unknown(layer, f"activation {name!r}")
    return sketch.add(Activation, f"{layer.name}_{name}", (x,), x.shape, function=name)


def _add(sketch: Sketch, layer: Any, *terms: Value) -> Value:
    total, *rest = [sketch.settle(term, f"{layer.name}_{i}") for i, term in enumerate(terms)]
    for i, term in enumerate(rest):
        total = sketch.add(Add, f"{layer.name}_{i}" if i else layer.name, (total, term), _shape(layer))
    return total


def _position(sketch: Sketch, layer: Any, x: Value) -> Value:
    x = sketch.settle(x, layer.name)
    return sketch.add(Add, layer.name, (x,), x.shape, constant=_numpy(layer.embedding))


def _mean(sketch: Sketch, layer: Any, x: Value) -> Value:
    if layer.data_format != "channels_last":
        raise _unknown(layer, f"data_format={layer.data_format!r}")
    x, scale, offset = sketch.channels(x, layer.name)
    axes = tuple(range(1, len(x.shape)))
    y = sketch.add(Mean, layer.name, (x,), _shape(layer), axes=axes, keepdims=layer.keepdims)
    return y.then(scale, offset) if (scale != 1).any() or offset.any() else y


def _reshape(sketch: Sketch, layer: Any, x: Value) -> Value:
    shape = _shape(layer)
    return sketch.rearrange(x, layer.name, shape, lambda v: ops.reshape(v, (-1, *shape)))


def _permute(sketch: Sketch, layer: Any, x: Value) -> Value:
    order = (0, *layer.dims)
    return sketch.rearrange(x, layer.name, _shape(layer), lambda v: ops.transpose(v, order))


def _zero_padding(sketch: Sketch, layer: Any, x: Value) -> Value:
    if layer.data_format != "channels_last":
        raise _unknown(layer, f"data_format={layer.data_format!r}")
    pads = [(0, 0), *layer.padding, (0, 0)]
    return sketch.rearrange(x, layer.name, _shape(layer), lambda v: ops.pad(v, pads))


def _pool(sketch: Sketch, layer: Any, x: Value) -> Value:
    x = sketch.settle(x, layer.name)
    pool = ops.max_pool if type(layer) is layers.MaxPooling2D else ops.average_pool
    size, strides, padding = layer.pool_size, layer.strides, layer.padding
    if layer.data_format != "channels_last":
        raise _unknown(layer, f"data_format={layer.data_format!r}")
    return sketch.rearrange(
        x, layer.name, _shape(layer), lambda v: pool(v, size, strides, padding, "channels_last")
    )


def _attention(sketch: Sketch, layer: Any, x: Value) -> Value:
    x, scale, offset = sketch.channels(x, layer.name)
    dense = {}
    for part in ("query", "key", "value", "project"):
        kernel, bias = (_numpy(weight) for weight in getattr(layer, part).weights)
        if part != "project":
            kernel, bias = kernel * scale[:, None], bias + offset @ kernel
        dense[part] = kernel, bias
    shift = layer.shift()
    return sketch.add(
        Attention, layer.name, (x,), x.shape, dense=dense, heads=layer.heads, shift=shift
    )


def _gru(sketch: Sketch, layer: Any, x: Value) -> Value:
    draft = sketch.maker(x, Recurrence)
    if draft is not None and not draft.arguments["bidirectional"]:  # one loop for both
        draft.arguments["cells"].append(_cell(layer, layer.name, np.ones(1), np.zeros(x.shape[-1])))
        draft.arguments["sequences"] = layer.return_sequences
        return Value(x.number, _shape(layer))
    x, scale, offset = sketch.channels(x, layer.name)
    cells = [_cell(layer, layer.name, scale, offset)]
    return _recurrence(sketch, layer, x, cells, layer.return_sequences)


def _bidirectional(sketch: Sketch, layer: Any, x: Value) -> Value:
    if type(layer.forward_layer) is not layers.GRU or layer.merge_mode != "concat":
        raise _unknown(layer, "only GRU layers whose outputs are concatenated")
    x, scale, offset = sketch.channels(x, layer.name)
    cells = [
        _cell(one, f"{layer.name}_{way}", scale, offset)
        for way, one in (("forward", layer.forward_layer), ("backward", layer.backward_layer))
    ]
    return _recurrence(sketch, layer, x, cells, layer.return_sequences)


def _recurrence(sketch: Sketch, layer: Any, x: Value, cells: list[Any], sequences: bool) -> Value:
    return sketch.add(
        Recurrence,
        layer.name,
        (x,),
        _shape(layer),
        cells=cells,
        bidirectional=type(layer) is layers.Bidirectional,
        sequences=sequences,
    )


def _cell(layer: Any, name: str, scale: np.ndarray, offset: np.ndarray) -> dict[str, Any]:
    """Return the arguments of a twin's cell, with what is pending on its input folded in."""
    cell = layer.cell
    functions = (cell.activation.__name__, cell.recurrent_activation.__name__)
    if functions != ("tanh", "sigmoid") or not cell.reset_after or layer.stateful:
        raise _unknown(layer, "only tanh, sigmoid, reset_after=True and stateful=False")
    if layer.return_state:
        raise _unknown(layer, "return_state=True")
    kernel, recurrent = _numpy(cell.kernel), _numpy(cell.recurrent_kernel)
    bias = _numpy(cell.bias) if cell.use_bias else np.zeros((2, kernel.shape[1]))
    bias = bias + np.stack([offset @ kernel, np.zeros(kernel.shape[1])])
    return {"name": name, "kernel": kernel * scale[:, None], "recurrent": recurrent, "bias": bias}


RULES: dict[type, Rule] = {
    Standardize: _standardize,
    layers.Rescaling: _rescaling,
    layers.Dense: _dense,
    layers.Conv2D: _conv,
    layers.DepthwiseConv2D: _depthwise,
    layers.BatchNormalization: _batch_norm,
    LayerNormalization: _norm,
    RMSNormalization: _norm,
    layers.Activation: _activation,
    layers.ReLU: _relu,
    layers.Add: _add,
    PositionEmbedding: _position,
    layers.GlobalAveragePooling1D: _mean,
    layers.GlobalAveragePooling2D: _mean,
    layers.Flatten: _reshape,
    layers.Reshape: _reshape,
    layers.Permute: _permute,
    layers.ZeroPadding2D: _zero_padding,
    layers.MaxPooling2D: _pool,
    layers.AveragePooling2D: _pool,
    SelfAttention: _attention,
    layers.GRU: _gru,
    layers.Bidirectional: _bidirectional,
    layers.Dropout: _same,
    layers.SpatialDropout1D: _same,
    layers.SpatialDropout2D: _same,
    layers.GaussianNoise: _same,
    layers.GaussianDropout: _same,
}
