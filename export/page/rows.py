"""Drawings of a row: an image, curves, a waveform and spectrogram, or unusual features."""

import base64
import io
import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from export.page.charts import spark
from export.page.markup import Html, joined, table, tag
from zoo import Data
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT

CURVES = 3  # features of a sequence that are drawn as curves; more are an image of steps
FEATURES = 6  # of a table's row
POINTS = 300  # of a curve
WINDOWS = 16  # along a sequence, each with a shade of its own
LARGEST = 160  # pixels of an image's longer side; of more every second, third, ... is shown
ENOUGH = 5000  # training rows that tell what is usual
HOT = np.array([214, 69, 49])  # where a saliency map is largest


Drawing = Callable[[int, np.ndarray | None], Html]  # of a test row, with a map over it if given


class Rows:
    """Draws test rows of data, beside what is usual in the training rows.

    Attributes:
        pictured: whether rows are drawn as images.
        names: of the features; empty for rows that are not drawn as a list of them.
    """

    def __init__(self, data: Data) -> None:
        self.pictured = data.kind is IMAGE or _is_wide(data)
        self.names = _feature_names(data) if data.kind.flat else []
        self._files = data.columns.get("names_test")
        self._draw = DRAWINGS[data.kind](data)

    def called(self, row: int) -> str:
        """Return the number of a test row, and the name of its file where it has one."""
        return f"row {row}" if self._files is None else f"row {row}, {self._files[row]}"

    def drawn(self, row: int, heat: np.ndarray | None = None) -> Html:
        """Return test row number `row`, with a map of 0 to 1 over it where one is given.

        Args:
            row: of the test rows.
            heat: (height, width) for images, (steps,) for sequences.
        """
        return self._draw(row, heat)


def _features(data: Data) -> Drawing:
    """Draw the features that are furthest from the training rows' median."""
    x, names = sample(data.x_train), _feature_names(data)
    middle, spread = np.median(x, axis=0), np.maximum(x.std(axis=0), 1e-12)

    def draw(row: int, heat: np.ndarray | None) -> Html:
        values = np.asarray(data.x_test[row], np.float64)
        away = (values - middle) / spread
        order = np.argsort(-np.abs(away), kind="stable")[:FEATURES]
        lines = [(names[n], f"{values[n]:.4g}", f"{away[n]:+.1f}") for n in order]
        return table(("feature", "value", "sd from median"), lines, numbers=1)

    return draw


def _image(data: Data) -> Drawing:
    x = sample(data.x_train)
    low, high = float(x.min()), float(x.max())

    def draw(row: int, heat: np.ndarray | None) -> Html:
        values = np.asarray(data.x_test[row], np.float64)
        return _picture(_pixels(values, low, high), f"test row {row}", heat)

    return draw


def _pixels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return an image as (height, width, 3) of 0 to 255, whatever it was scaled to."""
    scaled = _scaled(values, low, high)
    channels = scaled.shape[2]
    if channels == 2 or channels > 3:
        scaled = scaled.mean(axis=2, keepdims=True)
    return np.broadcast_to(scaled, (*scaled.shape[:2], 3))


def _sequence(data: Data) -> Drawing:
    """Draw curves of few features, bands of many; sounds with their waveforms above."""
    waves = data.columns.get("wave_test")

    def curves(row: int, heat: np.ndarray | None) -> Html:
        values = np.asarray(data.x_test[row], np.float64)
        every = max(1, len(values) // POINTS)
        shade = [] if heat is None else heat[:: math.ceil(len(heat) / WINDOWS)].tolist()
        return spark(f"test row {row}", values[::every].T.tolist(), shade)

    def bands(row: int, heat: np.ndarray | None) -> Html:
        values = np.asarray(data.x_test[row], np.float64)
        pixels = np.repeat(_scaled(values.T, values.min(), values.max())[::-1, :, None], 3, axis=2)
        wide = None if heat is None else np.broadcast_to(heat, pixels.shape[:2])
        title = f"test row {row}: features upwards, steps to the right"
        picture = _picture(pixels, title, wide)
        return picture if waves is None else joined([_wave(waves, row), picture])

    return bands if _is_wide(data) else curves


DRAWINGS = {TABLE: _features, SEQUENCE: _sequence, IMAGE: _image, TEXT: _features}


def _is_wide(data: Data) -> bool:
    """Return whether rows are sequences of more features than are drawn as curves."""
    return data.kind is SEQUENCE and data.input_shape[1] > CURVES


def _wave(waves: np.ndarray, row: int) -> Html:
    wave = np.asarray(waves)[row].astype(float)
    return spark(f"waveform of test row {row}", [wave.tolist()])


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
        gray = pixels.mean(axis=2, keepdims=True) * 0.75
        strength = heat[..., None]
        pixels = gray * (1 - strength) + HOT * strength
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
    """Return a PNG file of (height, width, 3) values of 0 to 255."""
    file = io.BytesIO()
    Image.fromarray(np.rint(pixels).astype(np.uint8)).save(file, "PNG", optimize=True)
    return file.getvalue()
