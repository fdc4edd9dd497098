"""Letterbox: a picture scaled to fit a row with its aspect kept, and centered on gray."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PADDING = 114  # gray of the bars, close to the mean of photographs


@dataclass(frozen=True)
class Letterbox:
    """How a picture lies in a row; boxes are x1, y1, x2, y2 in pixels.

    Attributes:
        scale: pixels of the row per pixel of the picture.
        left, top: where the picture begins in the row, in pixels.
        size: (height, width) of the picture, upright.

    Examples:
        >>> fit = Letterbox.of((100, 200), (64, 64))
        >>> fit
        Letterbox(scale=0.32, left=0, top=16, size=(100, 200))
        >>> fit.back(fit.forward([[50, 25, 100, 75]])).tolist()
        [[50.0, 25.0, 100.0, 75.0]]
    """

    scale: float
    left: int
    top: int
    size: tuple[int, int]

    @classmethod
    def of(cls, size: tuple[int, int], row: tuple[int, int]) -> "Letterbox":
        """Return how a picture fits a row, each (height, width)."""
        scale = min(row[0] / size[0], row[1] / size[1])
        height, width = _inner(size, scale)
        return cls(scale, (row[1] - width) // 2, (row[0] - height) // 2, size)

    @property
    def inner(self) -> tuple[int, int]:
        """(height, width) of the scaled picture, in pixels of the row."""
        return _inner(self.size, self.scale)

    def forward(self, boxes: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
        """Return boxes of the picture in pixels of the row, float32 (boxes, 4)."""
        corners = np.asarray(boxes, np.float64).reshape(-1, 4)
        return np.asarray(corners * self.scale + self._shift, np.float32)

    def back(self, boxes: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
        """Return boxes of the row in pixels of the picture, clipped to it, float32 (boxes, 4)."""
        corners = np.asarray(boxes, np.float64).reshape(-1, 4)
        height, width = self.size
        inside = ((corners - self._shift) / self.scale).clip(0, (width, height, width, height))
        return np.asarray(inside, np.float32)

    @property
    def _shift(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.left, self.top


def _inner(size: tuple[int, int], scale: float) -> tuple[int, int]:
    height, width = (max(1, math.floor(side * scale + 0.5)) for side in size)
    return height, width
