"""Truth and predictions drawn over test images."""

import base64
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from export.drawing.drawn import boxed, encoded, overlaid, rgb
from export.drawing.palette import colors
from export.page.markup import Html, tag
from export.page.rows import sample
from zoo import Data
from zoo.tasks.boxes.objects import Objects
from zoo.tasks.masks.form import answered

SIDE = 220  # pixels of the longer side that are drawn, at most
SHADES = 256  # colors of a drawing, for small files
LONGEST = 12  # characters of a class's name over its boxes
SWATCH = 12  # pixels

Outputs = Callable[[np.ndarray], np.ndarray]


class Overlays:
    """Draws test rows twice: with the truth, and with what the int8 file finds.

    Attributes:
        legend: the colors of the classes.
    """

    def __init__(self, data: Data, outputs: Outputs) -> None:
        self._data, self._outputs = data, outputs
        x = sample(data.x_train)
        self._ends = float(x.min()), float(x.max())
        self.legend = _legend(data.task.labels, first=0 if data.task.gives == "mask" else 1)

    def pair(self, row: int) -> Html:
        """Return test row number `row` with the truth, and beside it with the prediction."""
        task, x, y = self._data.task, self._data.x_test[row], self._data.y_test[row]
        outputs = self._outputs(x[None])
        if isinstance(task, Objects):
            told = task.told_of(outputs)
            there, real = told.there[0], y[y[:, 0] >= 0]
            truth = self._boxed(x, real[:, 1:], real[:, 0], None)
            found = self._boxed(
                x, told.boxes[0][there], told.classes[0][there], told.scores[0][there]
            )
        else:
            truth, found = self._masked(x, y), self._masked(x, answered(outputs)[0])
        return tag(
            "div",
            _image(truth, f"test row {row}, truth"),
            _image(found, f"test row {row}, prediction"),
            class_="pair",
        )

    def _picture(self, x: np.ndarray) -> Image.Image:
        return rgb(np.asarray(x, np.float64), *self._ends)

    def _masked(self, x: np.ndarray, mask: np.ndarray) -> Image.Image:
        drawn = overlaid(self._picture(x), np.asarray(mask, np.int64))
        return drawn.resize(_size(drawn), Image.Resampling.NEAREST)

    def _boxed(
        self, x: np.ndarray, boxes: np.ndarray, classes: np.ndarray, scores: np.ndarray | None
    ) -> Image.Image:
        picture = self._picture(x)
        size = _size(picture)
        labels = [int(label) for label in classes]
        names = [_short(self._data.task.labels[label]) for label in labels]
        texts = (
            names
            if scores is None
            else [f"{name} {score:.2f}" for name, score in zip(names, scores, strict=True)]
        )
        larger = picture.resize(size, Image.Resampling.NEAREST)
        return boxed(larger, boxes * (size[0] / picture.width), labels, texts)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\u2026"


def _size(picture: Image.Image) -> tuple[int, int]:
    """Return width and height: a whole multiple of a small picture, a large one made smaller."""
    longest = max(picture.size)
    times = SIDE // longest if longest <= SIDE else SIDE / longest
    return max(1, round(picture.width * times)), max(1, round(picture.height * times))


def _image(picture: Image.Image, title: str) -> Html:
    content = encoded(picture.quantize(SHADES, Image.Quantize.FASTOCTREE))  # keeps thin lines
    return tag(
        "img",
        src=f"data:image/png;base64,{base64.b64encode(content).decode()}",
        alt=title,
        width=picture.width,
        height=picture.height,
        class_="pixels",
    )


def _legend(labels: Sequence[str], first: int) -> Html:
    """Return the classes with their colors; those of masks begin with the first color."""
    shades = colors(len(labels) + first)[first:]
    parts = []
    for n, (label, shade) in enumerate(zip(labels, shades, strict=True)):
        swatch = Image.new("RGB", (SWATCH, SWATCH), tuple(shade.tolist()))
        plain = n == 0 and first == 0  # not drawn over the picture
        mark = None if plain else _image(swatch, "")
        parts.append(tag("span", mark, f" {label}{' (as it is)' if plain else ''}"))
    return tag("p", *parts, class_="legend")
