"""A twin in the making: drafts of its layers, and scales and offsets still to be folded in.

Of BatchNorm, standardization and a norm's gains nothing should be left in the integer graph. They
go into the kernel before them, or stay pending on a value until a kernel after it takes them in.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from zoo.quantization.layers.affine import Affine
from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.curves import Table
from zoo.quantization.layers.elementwise import Add, Multiply, Subtract, narrowed
from zoo.quantization.layers.entry import Requantize
from zoo.quantization.layers.gathering import Concat, Mean, Rearrange, Regroup
from zoo.quantization.layers.joint import Joint
from zoo.quantization.layers.products import FIXED, LINEAR, Activation
from zoo.quantization.rules.values import Draft, SharedRange, Value

CLAMPING = (*LINEAR, Add, Subtract, Multiply)  # take a relu into their operator
MOVING = (Rearrange, Regroup)
# to a range that others can share
ROUNDING = (*CLAMPING, Activation, Table, Concat, Mean, Requantize)


@dataclass
class Sketch:
    """The twin so far."""

    drafts: list[Draft] = field(default_factory=list)
    made: dict[Hashable, Value] = field(default_factory=dict)  # for more readers than one
    results: dict[str, int] = field(default_factory=dict)  # output -> place of what makes it
    given: dict[int, Affine] = field(default_factory=dict)  # outputs that the host converts
    joint: Joint | None = None  # how the host puts the outputs together
    prefix: str = ""  # of names, within a layer that is taken apart
    tied: bool = False  # within a layer that is called more than once
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
        self.drafts.append(Draft(kind, free, numbers, shape, arguments, alone, self.tied))
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
        self,
        x: Value,
        name: str,
        shape: tuple[int, ...],
        function: Callable[[Exact, Any], Any],
        averages: str | None = None,
        largest: bool = False,
    ) -> Value:
        """Add an operator that moves values, or brings in zeros; what is pending moves along.

        Before one that chooses the `largest` nothing pending may be negative.
        """

        def moved(values: np.ndarray) -> np.ndarray:
            return np.asarray(keras.ops.convert_to_numpy(function(Exact(), values[None]))[0])

        how = {"function": function, "averages": averages, "largest": largest}
        y = self.add(Rearrange, name, (x,), shape, **how)
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
        """Return `x` times one factor: in the kernel before what moves its values, or pending.

        A negative one stays pending behind what chooses the largest.
        """
        draft = self.maker(x, Rearrange)
        while draft is not None and draft.kind is Rearrange:
            through = draft.alone and (scale[0] >= 0 or not draft.arguments.get("largest"))
            draft = self.drafts[draft.inputs[0]] if through else None
        if draft is None or draft.kind not in LINEAR or draft.arguments["activation"] is not None:
            return x.then(scale, np.zeros_like(scale))
        bias = draft.arguments["bias"]
        draft.scale(np.full(bias.shape, scale[0]), np.zeros(bias.shape))
        return x
