"""Boxes, points and masks drawn over pictures, by Pillow."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from export.drawing.palette import colors
from zoo.tasks.masks.form import IGNORED

SMALLEST = 11  # pixels of a text
VEIL = 0.5  # share of a class's color over the picture
DARK = (0, 0, 0)
WHITE = (255, 255, 255)
LIGHT = 1270  # weighted sum of a color on which black is read better than white


def rgb(row: np.ndarray, low: float, high: float) -> Image.Image:
    """Return a row as a picture, RGB; `low` is black and `high` white."""
    scaled = np.clip((row - low) / ((high - low) or 1.0) * 255, 0, 255)
    channels = scaled if scaled.shape[2] == 3 else scaled.mean(axis=2, keepdims=True)
    return Image.fromarray(np.rint(np.broadcast_to(channels, (*row.shape[:2], 3))).astype(np.uint8))


def boxed(
    picture: Image.Image, boxes: np.ndarray, classes: Sequence[int], texts: Sequence[str]
) -> Image.Image:
    """Return a picture with boxes over it, and a text above each.

    Args:
        picture: RGB.
        boxes: x1, y1, x2, y2 in its pixels, (boxes, 4); those without extent are drawn as points.
        classes: of the boxes, whose colors they have.
        texts: of the boxes; empty ones are left out.
    """
    drawn = picture.copy()
    pen = ImageDraw.Draw(drawn)
    width = max(1, round(max(picture.size) / 120))
    font = ImageFont.load_default(max(SMALLEST, round(max(picture.size) / 40)))
    shades = colors(max(classes, default=0) + 2)[1:]  # the first is black
    for box, label, text in zip(boxes.tolist(), classes, texts, strict=True):
        color = tuple(int(part) for part in shades[label])
        x1, y1, x2, y2 = box
        if x2 - x1 < 1 and y2 - y1 < 1:
            reach = 3 * width
            pen.ellipse((x1 - reach, y1 - reach, x1 + reach, y1 + reach), color, WHITE, width)
        else:
            pen.rectangle((x1, y1, x2 - 1, y2 - 1), outline=color, width=width)
        if text:
            _write(pen, text, (x1, y1), picture.width, color, font)
    return drawn


def _write(
    pen: ImageDraw.ImageDraw,
    text: str,
    corner: tuple[float, float],
    most: int,
    color: tuple[int, ...],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Write a text on its color above a corner, below it at the upper edge, all within `most`."""
    left, top, right, bottom = pen.textbbox((0, 0), text, font)
    x, y = max(0, min(corner[0], most - (right - left) - 4)), corner[1] - (bottom - top) - 3
    y = corner[1] if y < 0 else y
    pen.rectangle((x, y, x + right - left + 3, y + bottom - top + 3), color)
    light = sum(part * weight for part, weight in zip(color, (3, 6, 1), strict=True)) > LIGHT
    pen.text((x + 2 - left, y + 1 - top), text, DARK if light else WHITE, font)


def overlaid(picture: Image.Image, mask: np.ndarray) -> Image.Image:
    """Return a picture with the colors of classes over it; class 0 is left as it is.

    Args:
        picture: RGB.
        mask: class numbers, (height, width) of the picture; ignored pixels stay as well.
    """
    shades = colors(IGNORED + 1)
    pixels = np.asarray(picture, np.float32)
    veil = np.where((mask == 0) | (mask == IGNORED), 0, VEIL)[..., None]
    mixed = pixels * (1 - veil) + shades[mask] * veil
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def mask_png(mask: np.ndarray, classes: int) -> bytes:
    """Return a PNG file of class numbers, with the palette of so many classes."""
    image = Image.fromarray(mask.astype(np.uint8), "P")
    image.putpalette(colors(classes).ravel().tolist())
    return encoded(image)


def encoded(image: Image.Image) -> bytes:
    """Return a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def nearest(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a mask at another size (height, width): the nearest pixels, as a device does."""
    sides = zip(size, mask.shape, strict=True)
    rows, columns = ((2 * np.arange(n) + 1) * own // (2 * n) for n, own in sides)
    return np.asarray(mask[rows[:, None], columns])
