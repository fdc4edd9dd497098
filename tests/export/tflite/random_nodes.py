"""Nodes of random graphs: for each rule of the twin a call of its layer or operation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers, ops

Make = Callable[[Any, Any, np.random.Generator], Any]


@dataclass(frozen=True)
class Node:
    """What joins a graph.

    Attributes:
        make: (a value, another of the same shape, choices) -> what it makes; a list of values too.
        ranks: those of a row that it takes.
    """

    make: Make
    ranks: tuple[int, ...] = (1, 2, 3)


def constant(x: Any, pick: np.random.Generator) -> Any:
    """Return a constant for x: a number, one for each channel, or one for each place."""
    shapes = [(), x.shape[-1:], (1, *x.shape[1:])]
    return ops.convert_to_tensor(pick.normal(0, 1, shapes[pick.integers(3)]), "float32")


def away_from_zero(values: Any) -> Any:
    return ops.where(values < 0, values - 0.5, values + 0.5)


def axis_of(x: Any, pick: np.random.Generator) -> int:
    """Return an axis that is not the batch's, counted from either end."""
    axis = int(pick.integers(1, len(x.shape)))
    return axis - len(x.shape) if pick.integers(2) else axis


def positive(x: Any) -> Any:
    return ops.softplus(x) + 0.5


def plain(function: Callable[[Any], Any]) -> Make:
    return lambda x, y, pick: function(x)


def with_constant(function: Callable[[Any, Any], Any]) -> Make:
    """Return what combines a value with another, or with a constant on either side."""

    def make(x: Any, y: Any, pick: np.random.Generator) -> Any:
        other = [y, y, constant(x, pick)][pick.integers(3)]
        return function(x, other) if pick.integers(2) else function(other, x)

    return make


def over_axes(function: Callable[..., Any]) -> Make:
    def make(x: Any, y: Any, pick: np.random.Generator) -> Any:
        axes = tuple(i for i in range(1, len(x.shape)) if pick.integers(2)) or (-1,)
        return function(x, axis=axes, keepdims=bool(pick.integers(2)))

    return make


def along(function: Callable[[Any, int, np.random.Generator], Any]) -> Make:
    return lambda x, y, pick: function(x, axis_of(x, pick), pick)


def _divided(x: Any, y: Any, pick: np.random.Generator) -> Any:
    if pick.integers(2):
        return x / away_from_zero(constant(x, pick))
    return (x if pick.integers(2) else 0.7) / positive(y)


def _item(x: Any, y: Any, pick: np.random.Generator) -> Any:
    keys: list[Any] = [slice(None)]
    for size in x.shape[1:]:
        first = int(pick.integers(size))
        chosen = [slice(None), slice(first, None), slice(None, None, 2), slice(-1, None)]
        keys.append(
            chosen[pick.integers(4)] if len(keys) == 1 else [*chosen, first][pick.integers(5)]
        )
    return x[tuple(keys)]


def _split(x: Any, axis: int, pick: np.random.Generator) -> Any:
    half = x.shape[axis] // 2
    return ops.split(x, [half] if half else 1, axis)


def _reshaped(x: Any, y: Any, pick: np.random.Generator) -> Any:
    size = int(np.prod(x.shape[1:]))
    first = [n for n in range(1, size + 1) if size % n == 0]
    one = int(pick.choice(first))
    return ops.reshape(x, [(-1, size), (-1, one, size // one)][pick.integers(2)])


def _transposed(x: Any, y: Any, pick: np.random.Generator) -> Any:
    return ops.transpose(x, (0, *(1 + pick.permutation(len(x.shape) - 1)).tolist()))


def _matmul(x: Any, y: Any, pick: np.random.Generator) -> Any:
    kernel = pick.normal(0, 0.5, (x.shape[-1], 4)).astype(np.float32)
    if len(x.shape) < 3 or pick.integers(2):
        return ops.matmul(x, kernel)
    return ops.matmul(x, ops.swapaxes(y, -1, -2))


def _einsum(x: Any, y: Any, pick: np.random.Generator) -> Any:
    kernel = pick.normal(0, 0.5, (x.shape[-1], 3)).astype(np.float32)
    if len(x.shape) == 3 and pick.integers(2):
        return ops.einsum(["bsc,btc->bst", "bsc,bsd->bcd", "bsc,btc->bts"][pick.integers(3)], x, y)
    return ops.einsum("...c,cd->...d", x, kernel)


def _where(x: Any, y: Any, pick: np.random.Generator) -> Any:
    mask = pick.integers(0, 2, x.shape[1:]) > 0
    return ops.where(mask[None], x, [y, constant(x, pick)][pick.integers(2)])


def _pad(x: Any, y: Any, pick: np.random.Generator) -> Any:
    return ops.pad(x, [(0, 0), *pick.integers(0, 2, (len(x.shape) - 1, 2)).tolist()])


def _batch_norm(x: Any, y: Any, pick: np.random.Generator) -> Any:
    mean, offset, scale = pick.normal(0, 1, (3, x.shape[-1])).astype(np.float32)
    variance = np.abs(mean) + 0.5
    return ops.batch_normalization(x, mean, variance, -1, offset=offset, scale=scale)


def _attention(x: Any, y: Any, pick: np.random.Generator) -> Any:
    return ops.dot_product_attention(x, y, x, is_causal=bool(pick.integers(2)))


def _kernel(x: Any, pick: np.random.Generator, last: int) -> np.ndarray:
    shape = (*(min(2, size) for size in x.shape[1:-1]), x.shape[-1], last)
    return pick.normal(0, 0.4, shape).astype(np.float32)


def _conv(x: Any, y: Any, pick: np.random.Generator) -> Any:
    return ops.conv(x, _kernel(x, pick, 3), 1 + int(pick.integers(2)), padding_of(pick))


def _depthwise(x: Any, y: Any, pick: np.random.Generator) -> Any:
    return ops.depthwise_conv(x, _kernel(x, pick, 2), 1, padding_of(pick))


def _separable(x: Any, y: Any, pick: np.random.Generator) -> Any:
    point = pick.normal(0, 0.5, (*(1 for _ in x.shape[1:-1]), x.shape[-1], 4)).astype(np.float32)
    return ops.separable_conv(x, _kernel(x, pick, 1), point, 1, padding_of(pick))


def padding_of(pick: np.random.Generator) -> str:
    return ["same", "valid"][pick.integers(2)]


def pool(function: Callable[..., Any]) -> Make:
    def make(x: Any, y: Any, pick: np.random.Generator) -> Any:
        return function(x, tuple(min(2, n) for n in x.shape[1:-1]), 1, padding_of(pick))

    return make


FUNCTIONS = {
    **{
        name: getattr(ops, name.lower())
        for name in ("Negative", "Square", "Relu", "Relu6", "Silu", "Sigmoid", "Tanh", "Softmax")
    },
    **{name: getattr(ops, name.lower()) for name in ("Sin", "Cos", "Erf", "Sign")},
    **{name: getattr(ops, name.lower()) for name in ("Elu", "Celu", "Selu", "Softplus")},
    "Mish": layers.Activation("mish"),
    "Absolute": ops.absolute,
    "HardSilu": ops.hard_silu,
    "HardSigmoid": ops.hard_sigmoid,
    "LogSoftmax": ops.log_softmax,
    "LeakyRelu": ops.leaky_relu,
    "Gelu": ops.gelu,
    "HardTanh": ops.hard_tanh,
    "Softsign": ops.softsign,
    "LogSigmoid": ops.log_sigmoid,
    "TanhShrink": ops.tanh_shrink,
    "SoftShrink": ops.soft_shrink,
    "HardShrink": ops.hard_shrink,
    "Squareplus": ops.squareplus,
    "SparsePlus": ops.sparse_plus,
    "Threshold": lambda x: ops.threshold(x, 0.3, -0.2),
    "Exp": lambda x: ops.exp(ops.tanh(x)),
    "Expm1": lambda x: ops.expm1(ops.tanh(x)),
    "Log": lambda x: ops.log(positive(x)),
    "Log1p": lambda x: ops.log1p(positive(x)),
    "Sqrt": lambda x: ops.sqrt(positive(x)),
    "Rsqrt": lambda x: ops.rsqrt(positive(x)),
    "Reciprocal": lambda x: ops.reciprocal(positive(x)),
    "Normalize": lambda x: ops.normalize(ops.sigmoid(x)),
    "RMSNorm": lambda x: ops.rms_normalization(x, axis=-1),
    "LayerNorm": lambda x: ops.layer_normalization(x, axis=-1),
    "Glu": lambda x: ops.glu(ops.concatenate([x, -x], -1)),
    "Copy": ops.copy,
    "StopGradient": ops.stop_gradient,
    "Cast": lambda x: ops.cast(x, "float32"),
}
OPERATIONS: dict[str, Node] = {
    **{name: Node(plain(function)) for name, function in FUNCTIONS.items()},
    "Add": Node(with_constant(lambda x, y: x + y)),
    "Subtract": Node(with_constant(lambda x, y: x - y)),
    "Multiply": Node(with_constant(lambda x, y: x * y)),
    "Maximum": Node(with_constant(ops.maximum)),
    "Minimum": Node(with_constant(ops.minimum)),
    "TrueDivide": Node(_divided),
    "Clip": Node(lambda x, y, pick: ops.clip(x, -pick.uniform(0.1, 1), pick.uniform(0.1, 1))),
    "Power": Node(lambda x, y, pick: positive(x) ** [-1, -0.5, 0.5, 1, 2, 3][pick.integers(6)]),
    "Where": Node(_where),
    "BatchNorm": Node(_batch_norm),
    "Matmul": Node(_matmul),
    "Einsum": Node(_einsum),
    "Mean": Node(over_axes(ops.mean)),
    "Sum": Node(over_axes(ops.sum)),
    "Max": Node(over_axes(ops.max)),
    "Min": Node(over_axes(ops.min)),
    "Amax": Node(over_axes(ops.amax)),
    "Var": Node(over_axes(ops.var)),
    "Moments": Node(over_axes(lambda x, axis, keepdims: ops.moments(x, axis, keepdims))),
    "Reshape": Node(_reshaped),
    "Transpose": Node(_transposed, (2, 3)),
    "Swapaxes": Node(plain(lambda x: ops.swapaxes(x, 1, -1)), (2, 3)),
    "Moveaxis": Node(plain(lambda x: ops.moveaxis(x, 1, -1)), (2, 3)),
    "GetItem": Node(_item),
    "Split": Node(along(_split)),
    "Unstack": Node(along(lambda x, axis, pick: ops.unstack(x, axis=axis)), (2, 3)),
    "ExpandDims": Node(along(lambda x, axis, pick: ops.expand_dims(x, axis)), (1, 2)),
    "Squeeze": Node(plain(lambda x: ops.squeeze(ops.max(x, 1, keepdims=True), 1)), (2, 3)),
    "Concatenate": Node(lambda x, y, pick: ops.concatenate([x, y], axis_of(x, pick))),
    "Stack": Node(lambda x, y, pick: ops.stack([x, y], axis_of(x, pick)), (1, 2)),
    "Tile": Node(plain(lambda x: ops.tile(x, (*(1 for _ in x.shape[1:]), 2)))),
    "Repeat": Node(along(lambda x, axis, pick: ops.repeat(x, 2, axis))),
    "Flip": Node(along(lambda x, axis, pick: ops.flip(x, axis))),
    "Roll": Node(along(lambda x, axis, pick: ops.roll(x, int(pick.integers(-3, 4)), axis))),
    "Pad": Node(_pad),
    "Conv": Node(_conv, (2, 3)),
    "DepthwiseConv": Node(_depthwise, (2, 3)),
    "SeparableConv": Node(_separable, (2, 3)),
    "MaxPool": Node(pool(ops.max_pool), (2, 3)),
    "AveragePool": Node(pool(ops.average_pool), (2, 3)),
    "DotProductAttention": Node(_attention, (3,)),
}
