"""The scale and zero point that turn rows into the int8 values a `.tflite` file takes."""

from dataclasses import dataclass

import numpy as np

from zoo.checks import UserError
from zoo.quantization.layers.numerics import INT8

ENDS = INT8.ends


@dataclass(frozen=True)
class Scaling:
    """The host's half of the input: `q = clip(round(x / scale + zero_point), low, high)`.

    The bounds are those of the format. Scale and zero point have shape (1,), or (features,) where
    the host scales each feature by itself. A file that
    takes ids of tokens has int32 inputs, and nothing is scaled: with `words` ids, the host must
    clip them to 0..words-1, for a kernel may read whatever lies beyond the table.
    """

    scale: tuple[float, ...]
    zero_point: tuple[float, ...]
    words: int | None = None

    def quantize(self, x: np.ndarray) -> np.ndarray:
        """Return rows as the int8 values, or int32 ids, that the file takes."""
        if self.words is not None:
            return np.asarray(np.clip(np.rint(x), 0, self.words - 1), np.int32)
        if {len(self.scale), len(self.zero_point)} - {1, x.shape[-1]}:
            raise UserError(
                f"The report scales {len(self.scale)} features and shifts {len(self.zero_point)}; "
                f"rows have {x.shape[-1]}. Export the run again."
            )
        steps = x / np.asarray(self.scale) + np.asarray(self.zero_point)
        quantized: np.ndarray = np.clip(np.rint(steps), ENDS.low, ENDS.high).astype(ENDS.dtype)
        return quantized
