"""Drawings of a row: an image, curves, a waveform and spectrogram, or unusual features."""

import base64
import math
import struct
import zlib

import numpy as np

from export.page.charts import spark
from export.page.markup import Html, joined, table, tag
from zoo import Data

CURVES = 3  # features of a sequence that are drawn as curves; more are a picture of steps
FEATURES = 6  # of a table's row
POINTS = 300  # of a curve
WINDOWS = 16  # along a sequence, each with a shade of its own
LARGEST = 160  # pixels of a picture's longer side; of more every second, third, ... is shown
ENOUGH = 5000  # training rows that tell what is usual
HOT = np.array([214, 69, 49])  # where a saliency map is largest


class Rows:
    """Draws test rows of data, beside what is usual in the training rows."""

    def __init__(self, data: Data) -> None:
        self.rows, self.kind = data.x_test, len(data.input_shape)
        self.waves = data.columns.get("wave_test")
        self.pictured = self.kind == 3 or (self.kind == 2 and data.input_shape[1] > CURVES)
        x = sample(data.x_train)
        if self.kind == 1:
            self.middle, self.spread = np.median(x, axis=0), x.std(axis=0)
            self.names = _feature_names(data)
        elif self.kind == 3:
            self.low, self.high = float(x.min()), float(x.max())

    def drawn(self, row: int, heat: np.ndarray | None = None) -> Html:
        """Return test row number `row`, with a map of 0 to 1 over it where one is given.

        Args:
            row: of the test rows.
            heat: (height, width) for pictures, (steps,) for sequences.
        """
        values = np.asarray(self.rows[row], np.float64)
        if self.kind == 3:
            return _picture(self._pixels(values), f"test row {row}", heat)
        if self.kind == 1:
            return self._features(values)
        if not self.pictured:
            every = max(1, len(values) // POINTS)
            shade = [] if heat is None else heat[:: math.ceil(len(heat) / WINDOWS)].tolist()
            return spark(f"test row {row}", values[::every].T.tolist(), shade)
        bands = np.repeat(_scaled(values.T, values.min(), values.max())[::-1, :, None], 3, axis=2)
        wide = None if heat is None else np.broadcast_to(heat, bands.shape[:2])
        picture = _picture(bands, f"test row {row}: features upwards, steps to the right", wide)
        return picture if self.waves is None else joined([self._wave(row), picture])

    def _wave(self, row: int) -> Html:
        wave = np.asarray(self.waves)[row].astype(float)
        return spark(f"waveform of test row {row}", [wave.tolist()])

    def _pixels(self, values: np.ndarray) -> np.ndarray:
        """Return a picture as (height, width, 3) of 0 to 255, whatever it was scaled to."""
        scaled = _scaled(values, self.low, self.high)
        channels = scaled.shape[2]
        if channels == 2 or channels > 3:
            scaled = scaled.mean(axis=2, keepdims=True)
        return np.broadcast_to(scaled, (*scaled.shape[:2], 3))

    def _features(self, values: np.ndarray) -> Html:
        """Return the features that are furthest from the training rows' median."""
        away = (values - self.middle) / np.maximum(self.spread, 1e-12)
        order = np.argsort(-np.abs(away), kind="stable")[:FEATURES]
        lines = [(self.names[n], f"{values[n]:.4g}", f"{away[n]:+.1f}") for n in order]
        return table(("feature", "value", "sd from median"), lines, numbers=1)


def sample(x: np.ndarray) -> np.ndarray:
    """Return at most 5,000 rows, evenly spread."""
    return np.asarray(x[:: -(-len(x) // ENOUGH)])


def _feature_names(data: Data) -> list[str]:
    """Return the columns' names where the data know them, else their numbers."""
    known = (getattr(data, "schema", None) or {}).get("features", ())
    count = data.input_shape[0]
    if len(known) == count:
        return [str(name) for name in known]
    return [f"feature {n}" for n in range(count)]


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((values - low) / ((high - low) or 1.0) * 255, 0, 255)


def _picture(pixels: np.ndarray, title: str, heat: np.ndarray | None) -> Html:
    if heat is not None:
        grey = pixels.mean(axis=2, keepdims=True) * 0.75
        strength = heat[..., None]
        pixels = grey * (1 - strength) + HOT * strength
    every = math.ceil(max(pixels.shape[:2]) / LARGEST)
    pixels = pixels[::every, ::every]
    height, width = pixels.shape[:2]
    times = max(1, round(128 / max(height, width)))  # large enough to see; not smoothed
    return tag(
        "img",
        src=f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}",
        alt=title,
        width=width * times,
        height=height * times,
        class_="pixels",
    )


def png(pixels: np.ndarray) -> bytes:
    """Return a PNG file of (height, width, 3) values of 0 to 255 (ISO/IEC 15948)."""
    height, width = pixels.shape[:2]
    bytes_ = np.rint(pixels).astype(np.uint8)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), bytes_.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
        for kind, part in parts
    )
