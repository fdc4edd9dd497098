"""The scale and zero point between real numbers and the values of a `.tflite` file."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.quantization.layers.affine import Affine
from zoo.quantization.layers.numerics import INT8, NUMERICS, Grid

ENDS = {one.ends.dtype.name: one.ends for one in NUMERICS.values()}
TAKEN = INT8.ends.dtype.name


@dataclass(frozen=True)
class Scaling:
    """The host's half of an end: `q = clip(round(x / scale + zero_point), low, high)` of an input.

    Of an output it is `(q - zero_point) * scale`. The bounds are those of the format. Scale and
    zero point have shape (1,), or (features,) where the host scales each feature by itself. A file
    that takes ids of tokens has int32 inputs, and nothing is scaled: with `words` ids, the host
    must clip them to 0..words-1, for a kernel may read whatever lies beyond the table. `taken` is
    the type of the file's input, or output, a key of `ENDS`: floats are taken as they are.
    """

    scale: tuple[float, ...]
    zero_point: tuple[float, ...]
    words: int | None = None
    taken: str = TAKEN

    @property
    def ends(self) -> Grid:
        """What the file takes and gives."""
        return ENDS[self.taken]

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        found = asdict(self)
        return found if found.pop("taken") == TAKEN else found | {"taken": self.taken}

    def quantize(self, x: np.ndarray) -> np.ndarray:
        """Return rows as the values, or int32 ids, that the file takes."""
        if self.words is not None:
            return np.asarray(np.clip(np.rint(x), 0, self.words - 1), np.int32)
        self._check("features", x, "rows have")
        if self.ends.real:
            return np.asarray(x, self.ends.dtype)
        steps = x / np.asarray(self.scale) + np.asarray(self.zero_point)
        clipped = np.clip(np.rint(steps), self.ends.low, self.ends.high)
        return np.asarray(clipped, self.ends.dtype)

    def dequantize(self, quantized: np.ndarray) -> np.ndarray:
        """Return the real numbers, float32, that a file's outputs stand for."""
        self._check("outputs", quantized, "the file has")
        steps = quantized.astype(np.float64) - np.asarray(self.zero_point)
        return np.asarray(steps * np.asarray(self.scale), np.float32)

    def _check(self, what: str, values: np.ndarray, whose: str) -> None:
        """Raise UserError for scales of another number of channels."""
        if {len(self.scale), len(self.zero_point)} - {1, values.shape[-1]}:
            raise UserError(
                f"The report scales {len(self.scale)} {what} and shifts {len(self.zero_point)}; "
                f"{whose} {values.shape[-1]}. Export the run again."
            )

    def before(self, host: Affine | None) -> "Scaling":
        """Return that of an input whose rows the host converts first."""
        if host is None:
            return self
        step, zero_point = self.scale[0], self.zero_point[0]
        scale, shifted = step / host.scale, zero_point + host.offset / step
        return replace(self, scale=tuple(scale.tolist()), zero_point=tuple(shifted.tolist()))

    def after(self, host: Affine | None) -> "Scaling":
        """Return that of an output whose values the host converts then."""
        if host is None:
            return self
        step, zero_point = self.scale[0], self.zero_point[0]
        scale = step * host.scale
        shifted = zero_point - host.offset / scale
        count = len(scale) if np.ptp(scale) or np.ptp(shifted) else 1  # of those that differ
        ends = (tuple(one[:count].tolist()) for one in (scale, shifted))
        return replace(self, scale=next(ends), zero_point=next(ends))

    def mean_and_std_before(self, own: "Scaling") -> tuple[np.ndarray, np.ndarray] | None:
        """Return what normalizes rows, so that then a file's own scale does the same.

        x / s + z = ((x - mean) / std) / s0 + z0 for mean = (z0 - z) s and std = s / s0. None where
        there is nothing to do.
        """
        if self.words is not None or self._is(own):
            return None
        scale, zero_point = np.asarray(self.scale), np.asarray(self.zero_point)
        return (own.zero_point[0] - zero_point) * scale, scale / own.scale[0]

    def mean_and_std_after(self, own: "Scaling") -> tuple[np.ndarray, np.ndarray] | None:
        """Return what normalizes outputs that come by a file's own scale, so that they are right.

        (q - z) s = ((q - z0) s0 - mean) / std for mean = (z - z0) s0 and std = s0 / s.
        """
        if self._is(own):
            return None
        scale, zero_point = np.asarray(self.scale), np.asarray(self.zero_point)
        return (zero_point - own.zero_point[0]) * own.scale[0], own.scale[0] / scale

    def _is(self, own: "Scaling") -> bool:
        return (self.scale, self.zero_point) == (own.scale, own.zero_point)
