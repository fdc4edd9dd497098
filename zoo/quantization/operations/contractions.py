"""Rules for products of matrices: by constants dense layers, of two tensors BATCH_MATMUL."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.quantization.layers.elementwise import Multiply
from zoo.quantization.layers.matmul import MatMul
from zoo.quantization.layers.products import Dense
from zoo.quantization.operations.calls import BATCH, Call, constant_of, is_value
from zoo.quantization.operations.constants import affine, plus
from zoo.quantization.operations.joining import held
from zoo.quantization.operations.moving import as_shape, ordered
from zoo.quantization.rules.activations import activate
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.table import enter
from zoo.quantization.rules.values import Value, unknown

LETTERS = "ZYXWVUTSRQPON"  # of the axes that an ellipsis stands for


def matmul(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """`ops.matmul`, `ops.dot`."""
    ranks = [len(x.shape) + (1 if is_value(x) else 0) for x in (x1, x2)]
    if min(ranks) < 2:
        raise unknown(call.operation, "a product with a vector; give it a second axis")
    if is_value(x1) and is_value(x2) and min(ranks) < 3:
        raise unknown(call.operation, "it mixes rows")
    deep = LETTERS[: max(ranks) - 2]
    first, second = (deep[len(deep) - (rank - 2) :] for rank in ranks)
    return _contracted(sketch, call, (x1, x2), f"{first}ij", f"{second}jk", f"{deep}ik")


def tensordot(sketch: Sketch, call: Call, x1: Any, x2: Any) -> Value:
    """`ops.tensordot` with a constant."""
    axes = call.operation.axes
    ranks = [len(x.shape) + (1 if is_value(x) else 0) for x in (x1, x2)]
    if isinstance(axes, int):
        pairs = [(ranks[0] - axes + i, i) for i in range(axes)]
    else:
        pairs = list(zip(*([one] if isinstance(one, int) else one for one in axes), strict=True))
    first, second = LETTERS[: ranks[0]], list("abcdefghijkl"[: ranks[1]])
    for of_first, of_second in pairs:
        second[of_second] = first[of_first]
    output = "".join(one for one in (*first, *second) if not (one in first and one in second))
    return _contracted(sketch, call, (x1, x2), first, "".join(second), output)


def einsum(sketch: Sketch, call: Call, *operands: Any) -> Value:
    """`ops.einsum` of two tensors, or one and a constant."""
    inputs, arrow, output = call.operation.subscripts.replace(" ", "").partition("->")
    parts = inputs.split(",")
    if len(parts) != 2 or not arrow:
        raise unknown(call.operation, "only a product of two, with its output named")
    ranks = [len(x.shape) + (1 if is_value(x) else 0) for x in operands]
    longest = max(
        rank - len(part.replace("...", "")) for rank, part in zip(ranks, parts, strict=True)
    )

    def named(part: str, rank: int) -> str:
        count = rank - len(part.replace("...", ""))
        return part.replace("...", LETTERS[longest - count : longest])

    first, second = (named(part, rank) for part, rank in zip(parts, ranks, strict=True))
    return _contracted(
        sketch, call, operands, first, second, output.replace("...", LETTERS[:longest])
    )


def _contracted(
    sketch: Sketch, call: Call, operands: Sequence[Any], first: str, second: str, output: str
) -> Value:
    """Return the product of two operands whose axes have letters."""
    left, right = operands
    if not is_value(left):
        return _contracted(sketch, call, (right, left), second, first, output)
    row = first[0]
    if output[:1] != row or any(len({*one}) < len(one) for one in (first, second)):
        raise unknown(call.operation, "it mixes rows, or takes a diagonal")
    if any(one not in second + output for one in first):
        raise unknown(call.operation, "it sums over an axis of one operand alone")
    if is_value(right):
        if second[0] != row:
            raise unknown(call.operation, "it mixes rows")
        return _product(sketch, call, left, right, first[1:], second[1:], output[1:])
    constant = constant_of(right, len(second))
    if second[0] == row:  # the same for each row
        constant, second = constant[0], second[1:]
    if row in second:
        raise unknown(call.operation, "it mixes rows")
    return _by_constant(sketch, call, left, constant, first[1:], second, output[1:])


def _by_constant(
    sketch: Sketch, call: Call, x: Value, constant: np.ndarray, first: str, second: str, output: str
) -> Value:
    """Return a product with a constant: a factor, a dense layer, or one for each of many."""
    summed = [one for one in second if one in first and one not in output]
    kept = [one for one in second if one in first and one in output]
    new = [one for one in second if one not in first]
    if not summed and not new:
        turned = constant.transpose([second.index(one) for one in first if one in second])
        shape = [x.shape[i] if one in second else 1 for i, one in enumerate(first)]
        y = affine(sketch, call, x, turned.reshape(shape), np.zeros(1))
        return _to(sketch, call, y, first, output)
    if kept or not summed:
        held_one = held(sketch, call, constant[None], x, constant.ndim + 1)
        return _product(sketch, call, x, held_one, first, second, output)
    rest = [one for one in first if one not in summed]
    x = _to(sketch, call, x, first, "".join([*rest, *summed]))
    kernel = constant.transpose([second.index(one) for one in [*summed, *new]])
    inner = int(np.prod(kernel.shape[: len(summed)]))
    x = as_shape(sketch, call.name, x, (*x.shape[: len(rest)], inner))
    y = by_matrix(sketch, call, x, kernel.reshape(inner, -1))
    y = as_shape(sketch, call.name, y, (*x.shape[: len(rest)], *kernel.shape[len(summed) :]))
    return _to(sketch, call, y, "".join([*rest, *new]), output)


def by_matrix(sketch: Sketch, call: Call, x: Value, kernel: np.ndarray) -> Value:
    """Return the product of the last axis with a matrix, (in, out)."""
    layer = layers.Dense(kernel.shape[1], use_bias=False, name=call.name)
    layer(keras.Input(batch_shape=(BATCH, *x.shape)))
    layer.set_weights([kernel])
    return enter(sketch, layer, [x])


def _product(
    sketch: Sketch, call: Call, x: Value, y: Value, first: str, second: str, output: str
) -> Value:
    """Return a product of two values; the letters leave out the batch."""
    both = [one for one in first if one in second and one in output]
    summed = [one for one in first if one in second and one not in output]
    left = [one for one in first if one not in second]
    right = [one for one in second if one not in first]
    sizes = dict(zip(first, x.shape, strict=True)) | dict(zip(second, y.shape, strict=True))
    x = _to(sketch, call, x, first, "".join([*both, *left, *summed]))
    y = _to(sketch, call, y, second, "".join([*both, *summed, *right]))
    x, y = sketch.settle(x, f"{call.name}_0"), sketch.settle(y, f"{call.name}_1")

    def shape(*groups: Sequence[str]) -> tuple[int, ...]:
        """One size for each group of axes; none for those in common where there are none."""
        found = [int(np.prod([sizes[one] for one in group])) for group in groups]
        return tuple(found if groups[0] else found[1:])

    if summed:
        matrices = (
            as_shape(sketch, call.name, x, shape(both, left, summed)),
            as_shape(sketch, call.name, y, shape(both, summed, right)),
        )
        _centred(sketch, matrices[1])
        made = sketch.add(MatMul, call.name, matrices, shape(both, left, right))
    else:
        whole = [sizes[one] for one in both]
        wide = (*whole, *(sizes[one] for one in left), *(1 for _ in right))
        other = (*whole, *(1 for _ in left), *(sizes[one] for one in right))
        pair = as_shape(sketch, call.name, x, wide), as_shape(sketch, call.name, y, other)
        made = sketch.add(Multiply, call.name, pair, np.broadcast_shapes(wide, other))
    names = [*both, *left, *right]
    made = as_shape(sketch, call.name, made, tuple(sizes[one] for one in names))
    return _to(sketch, call, made, "".join(names), output)


def _centred(sketch: Sketch, y: Value) -> None:
    """Ask for zero point 0 where a dense layer makes the value.

    LiteRT's XNNPACK delegate takes an int8 BATCH_MATMUL only then, and without it the product is
    several times slower.
    """
    draft = sketch.rounding(y)
    if draft is not None and draft.kind is Dense and draft.output is None:
        draft.arguments["symmetric"] = True


def _to(sketch: Sketch, call: Call, x: Value, before: str, after: str) -> Value:
    """Return a value whose axes have letters in another order of these."""
    return ordered(sketch, call, x, [0, *(before.index(one) + 1 for one in after)])


def attention(
    sketch: Sketch,
    call: Call,
    query: Value,
    key: Value,
    value: Value,
    bias: Any = None,
    mask: Any = None,
    scale: Any = None,
) -> Value:
    """`ops.dot_product_attention`: (batch, positions, heads, width) each."""
    factor = np.full(1, query.shape[-1] ** -0.5 if scale is None else float(scale))
    query = affine(sketch, call, query, factor, np.zeros(1))
    scores = _product(sketch, call, query, key, "tnh", "snh", "nts")
    if bias is not None:
        scores = _biased(sketch, call, scores, bias)
    allowed = np.ones(scores.shape[1:], bool) if mask is None else _mask(call, mask)
    if call.operation.is_causal:
        allowed = allowed & np.tril(np.ones(scores.shape[1:], bool))
    if not allowed.all():
        scores = _biased(sketch, call, scores, np.where(allowed, 0.0, -1e9))
    weights = activate(sketch, call, scores, keras.activations.softmax)
    return _product(sketch, call, weights, value, "nts", "snh", "tnh")


def _biased(sketch: Sketch, call: Call, scores: Value, bias: Any) -> Value:
    if is_value(bias):
        raise unknown(call.operation, "a computed bias")
    values = np.asarray(keras.ops.convert_to_numpy(bias), np.float64)
    return plus(sketch, call, scores, values)


def _mask(call: Call, mask: Any) -> np.ndarray:
    if is_value(mask):
        raise unknown(call.operation, "a computed mask")
    allowed = constant_of(mask, 4) != 0
    return np.asarray(allowed[0] if allowed.ndim == 4 else allowed)
