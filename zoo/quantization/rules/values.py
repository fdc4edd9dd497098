"""Terms of a drawing: drafts of layers, values between them, and the error that names a layer."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from zoo.checks import UserError
from zoo.quantization.layers.products import by_output


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
        width = self.shape[-1] if self.shape else 1  # one number a row
        if self.scale is None or self.offset is None:
            return np.ones(width), np.zeros(width)
        scales, offsets = (v.reshape(-1, width) for v in (self.scale, self.offset))
        if (scales != scales[0]).any() or (offsets != offsets[0]).any():
            return None
        return scales[0], offsets[0]


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
