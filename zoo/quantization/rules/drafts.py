"""A twin in the making: drafts of its layers, and scales and offsets still to be folded in.

Of BatchNorm, standardization and a norm's gains nothing should be left in the integer graph. They
go into the kernel before them, or stay pending on a value until a kernel after it takes them in.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from zoo.checks import UserError
from zoo.quantization.layers.affine import Affine
from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.curves import Table
from zoo.quantization.layers.elementwise import Add, Multiply, Subtract, narrowed
from zoo.quantization.layers.entry import Requantize
from zoo.quantization.layers.gathering import Concat, Mean, Rearrange, Regroup
from zoo.quantization.layers.products import FIXED, LINEAR, Activation, by_output

CLAMPING = (*LINEAR, Add, Subtract, Multiply)  # take a relu into their operator
MOVING = (Rearrange, Regroup)
# to a range that others can share
ROUNDING = (*CLAMPING, Activation, Table, Concat, Mean, Requantize)


@dataclass(eq=False)
class Draft:
    """A twin layer to be: its class and arguments, which the layers after it may still change.

    `shape` is the output's without the batch.
    """

    kind: type
    name: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    arguments: dict[str, Any]
    alone: bool  # whether nothing else reads its inputs
    output: "SharedRange | None" = None  # None: a range of its own

    def scale(self, scale: np.ndarray, offset: np.ndarray) -> None:
        """Let its kernel make `x * scale + offset`, (channels,)."""
        kernel, bias = self.arguments["kernel"], self.arguments["bias"]
        of_kernel = by_output(self.kind, kernel, scale)
        self.arguments |= {"kernel": kernel * of_kernel, "bias": bias * scale + offset}


@dataclass(eq=False)
class SharedRange:
    """A range to be that several drafts round to, because they are concatenated."""

    name: str
    drafts: list[Draft] = field(default_factory=list)

    def take_in(self, draft: Draft) -> None:
        """Let a draft round to this range, and all that share one with it already."""
        if draft.output is self:
            return
        together = [draft] if draft.output is None else draft.output.drafts
        for one in together:
            one.output = self
        self.drafts += together


@dataclass(frozen=True)
class Value:
    """A tensor: the place of the draft that makes it, and `x * scale + offset` still pending.

    `shape` is without the batch; `scale` and `offset` have that shape, or are None. With `parts`
    it is their concatenation along the channels, which is still to be made; `number` is -1 then.
    """

    number: int
    shape: tuple[int, ...]
    shared: bool = False  # read by more than one layer
    scale: np.ndarray | None = None
    offset: np.ndarray | None = None
    parts: tuple["Value", ...] = ()

    def key(self) -> Hashable:
        """Return what tells this value from others."""
        pending = [None if v is None else v.tobytes() for v in (self.scale, self.offset)]
        return (self.number, *pending, *(part.key() for part in self.parts))

    def then(self, scale: np.ndarray, offset: np.ndarray) -> "Value":
        """Return the value with one more scale and offset pending, if they change anything."""
        if (scale == 1).all() and not offset.any():
            return self
        old_scale = np.ones(self.shape) if self.scale is None else self.scale
        old_offset = np.zeros(self.shape) if self.offset is None else self.offset
        return replace(self, scale=old_scale * scale, offset=old_offset * scale + offset)

    def per_channel(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return scale and offset of shape (channels,); None where they differ by position."""
        if self.scale is None or self.offset is None:
            return np.ones(self.shape[-1]), np.zeros(self.shape[-1])
        scales, offsets = (v.reshape(-1, self.shape[-1]) for v in (self.scale, self.offset))
        if (scales != scales[0]).any() or (offsets != offsets[0]).any():
            return None
        return scales[0], offsets[0]


@dataclass
class Sketch:
    """The twin so far."""

    drafts: list[Draft] = field(default_factory=list)
    made: dict[Hashable, Value] = field(default_factory=dict)  # for more readers than one
    results: dict[str, int] = field(default_factory=dict)  # output -> place of what makes it
    given: dict[int, Affine] = field(default_factory=dict)  # outputs that the host converts
    prefix: str = ""  # of names, within a layer that is taken apart
    named: set[str] = field(default_factory=set)

    def add(
        self,
        kind: type,
        name: str,
        inputs: tuple[Value, ...],
        shape: tuple[int, ...],
        **arguments: Any,
    ) -> Value:
        """Add a draft and return the value that it makes."""
        numbers = tuple(value.number for value in inputs)
        free = name = self.prefix + name
        while free in self.named:
            free = f"{name}_{len(self.drafts)}"
        self.named.add(free)
        alone = not any(value.shared for value in inputs)
        self.drafts.append(Draft(kind, free, numbers, shape, arguments, alone))
        return Value(len(self.drafts) - 1, shape)

    def is_ids(self, x: Value) -> bool:
        """Return whether a value is an input of whole numbers."""
        return not x.parts and bool(self.drafts[x.number].arguments.get("ids"))

    def maker(self, x: Value, *kinds: type) -> Draft | None:
        """Return the draft that makes `x`, if nobody else reads it, for it to take in more."""
        if x.shared or x.scale is not None or x.parts:
            return None
        draft = self.drafts[x.number]
        return draft if draft.kind in kinds else None

    def settle(self, x: Value, name: str, own: bool = False) -> Value:
        """Return `x` with nothing pending: what was becomes MUL and ADD operators.

        All readers of `x` share these, but one that wants its `own`, to change them.
        """
        if x.scale is None or x.offset is None:
            return x
        if x.shared and not own:
            return self.once("settle", x, lambda: self.settle(x, name, own=True))
        scale, offset = x.per_channel() or (narrowed(x.scale), narrowed(x.offset))
        plain = replace(x, scale=None, offset=None)
        if (scale != 1).any():
            plain = self.add(Multiply, f"{name}_scale", (plain,), x.shape, constant=scale)
        if offset.any():
            plain = self.add(Add, f"{name}_offset", (plain,), x.shape, constant=offset)
        return plain

    def once(self, what: Hashable, x: Value, make: Callable[[], Value]) -> Value:
        """Return what several readers of `x` need, made for the first of them."""
        key = what, x.key()
        if key not in self.made:
            self.made[key] = replace(make(), shared=True)
        return self.made[key]

    def join(self, x: Value, name: str) -> Value:
        """Return `x` with its concatenation made."""
        if not x.parts:
            return x
        if x.shared:
            return self.once("join", x, lambda: self.join(replace(x, shared=False), name))
        parts, scales, offsets = zip(
            *(self.channels(part, f"{name}_{i}") for i, part in enumerate(x.parts)), strict=True
        )
        y = self.concatenate(parts, name, x.shape, axis=len(x.shape))
        return y.then(np.concatenate(scales), np.concatenate(offsets))

    def concatenate(
        self, parts: tuple[Value, ...], name: str, shape: tuple[int, ...], axis: int
    ) -> Value:
        """Add a CONCATENATION of values with nothing pending; `axis` counts the batch.

        LiteRT wants one scale for its inputs and its output: their makers round to one range, and
        what has a scale of its own, such as an input or a sigmoid, is rounded to it once more.
        """
        if len({id(self.source(part)) for part in parts}) == 1:
            return self.add(Regroup, name, parts, shape, axis=axis)
        shared = SharedRange(f"{name}_joined")
        parts = tuple(
            part
            if self.rounding(part)
            else self.add(Requantize, f"{name}_{i}", (part,), part.shape)
            for i, part in enumerate(parts)
        )
        y = self.add(Concat, shared.name, parts, shape, axis=axis)
        for draft in map(self.rounding, (*parts, y)):
            if draft is not None:
                shared.take_in(draft)
        return y

    def rounding(self, x: Value) -> Draft | None:
        """Return the draft that rounds `x`, if its range can be chosen."""
        draft = self.source(x)
        fixed = draft.arguments.get("function") in FIXED or draft.arguments.get("bounds")
        return draft if draft.kind in ROUNDING and not fixed else None

    def source(self, x: Value) -> Draft:
        """Return the draft that makes the values which `x` is, in whatever places."""
        draft = self.drafts[x.number]
        while draft.kind in MOVING:
            draft = self.drafts[draft.inputs[0]]
        return draft

    def channels(self, x: Value, name: str) -> tuple[Value, np.ndarray, np.ndarray]:
        """Return `x` without, and separately, its scale and offset of shape (channels,)."""
        pending = x.per_channel()
        if pending is None:
            x, pending = self.settle(x, name), (np.ones(x.shape[-1]), np.zeros(x.shape[-1]))
        return replace(x, scale=None, offset=None), *pending

    def rearrange(
        self, x: Value, name: str, shape: tuple[int, ...], function: Callable[[Exact, Any], Any]
    ) -> Value:
        """Add an operator that moves values, or brings in zeros; what is pending moves along."""

        def moved(values: np.ndarray) -> np.ndarray:
            return np.asarray(keras.ops.convert_to_numpy(function(Exact(), values[None]))[0])

        y = self.add(Rearrange, name, (x,), shape, function=function)
        if x.scale is None or x.offset is None:
            return y
        new = moved(np.ones(x.shape)) == 0  # a zero that came in stays zero
        return y.then(np.where(new, 1.0, moved(x.scale)), moved(x.offset))

    def fold_norm(self, x: Value, scale: np.ndarray, offset: np.ndarray) -> Value:
        """Return `x * scale + offset`, (channels,): in the kernel before it, or pending."""
        if x.parts:
            ends = np.cumsum([part.shape[-1] for part in x.parts])[:-1]
            shares = zip(x.parts, np.split(scale, ends), np.split(offset, ends), strict=True)
            return replace(x, parts=tuple(self.fold_norm(*share) for share in shares))
        draft = self.maker(x, *LINEAR)
        if draft is None and (scale == scale[0]).all() and not offset.any():
            return self._fold_factor(x, scale)
        if draft is None or draft.arguments["activation"] not in (None, "relu"):
            return x.then(scale, offset)
        if draft.arguments["activation"] == "relu":  # what is positive goes through it
            draft.scale(np.abs(scale), np.zeros_like(offset))
            return x.then(np.where(scale < 0, -1.0, 1.0), offset)
        draft.scale(scale, offset)
        return x

    def _fold_factor(self, x: Value, scale: np.ndarray) -> Value:
        """Return `x` times one factor: in the kernel before what moves its values, or pending."""
        draft = self.maker(x, Rearrange)
        while draft is not None and draft.kind is Rearrange:
            draft = self.drafts[draft.inputs[0]] if draft.alone else None
        if draft is None or draft.kind not in LINEAR or draft.arguments["activation"] is not None:
            return x.then(scale, np.zeros_like(scale))
        bias = draft.arguments["bias"]
        draft.scale(np.full(bias.shape, scale[0]), np.zeros(bias.shape))
        return x


class UnknownLayer(UserError):
    """A layer that a twin cannot express.

    Attributes:
        reason: which layer, and why, in one clause.
        layer: the layer or operation.
        around: the layers that were taken apart on the way to it, the outermost last.
    """

    def __init__(self, reason: str, layer: Any = None, around: Sequence[Any] = ()) -> None:
        super().__init__(
            f"The quantization twin cannot express {reason}. Export with method='converter' to let "
            "TensorFlow's converter quantize the model by itself."
        )
        self.reason, self.layer, self.around = reason, layer, list(around)


def unknown(layer: Any, why: str, around: Sequence[Any] = ()) -> UnknownLayer:
    """Return the error that names a layer which has no int8 form, and why."""
    what = "layer" if isinstance(layer, keras.layers.Layer) else "operation"
    return UnknownLayer(f"{what} {layer.name!r} ({type(layer).__name__}): {why}", layer, around)


def numpy_of(weight: Any) -> np.ndarray:
    """Return a weight's values as float64: folding is done in that."""
    return np.asarray(keras.ops.convert_to_numpy(weight), np.float64)


def shape_of(layer: Any) -> tuple[int, ...]:
    """Return the shape of a layer's output, without the batch."""
    return tuple(layer.output.shape[1:])
