"""The scale and zero point that turn rows into the values a `.tflite` file takes."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.quantization.layers.numerics import INT8, NUMERICS, Grid

ENDS = {one.ends.dtype.name: one.ends for one in NUMERICS.values()}
TAKEN = INT8.ends.dtype.name


@dataclass(frozen=True)
class Scaling:
    """The host's half of the input: `q = clip(round(x / scale + zero_point), low, high)`.

    The bounds are those of the format. Scale and zero point have shape (1,), or (features,) where
    the host scales each feature by itself. A file that
    takes ids of tokens has int32 inputs, and nothing is scaled: with `words` ids, the host must
    clip them to 0..words-1, for a kernel may read whatever lies beyond the table. `taken` is the
    type of the file's input, a key of `ENDS`: floats are taken as they are.
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
        if {len(self.scale), len(self.zero_point)} - {1, x.shape[-1]}:
            raise UserError(
                f"The report scales {len(self.scale)} features and shifts {len(self.zero_point)}; "
                f"rows have {x.shape[-1]}. Export the run again."
            )
        if self.ends.real:
            return np.asarray(x, self.ends.dtype)
        steps = x / np.asarray(self.scale) + np.asarray(self.zero_point)
        clipped = np.clip(np.rint(steps), self.ends.low, self.ends.high)
        return np.asarray(clipped, self.ends.dtype)
