"""A sheet of images with their truth drawn over them, to see whether data are read as meant."""

import numpy as np
from PIL import Image

from export.drawing.drawn import boxed, encoded, overlaid, rgb
from zoo.checks import UserError
from zoo.data.dataset import Data

MOST = 24  # images
COLUMNS = 6
SIDE = 192  # pixels that a small image is enlarged to, about
GAP = 4  # pixels between images


def sheet(data: Data) -> bytes:
    """Return a PNG file with the first training rows, and their boxes or masks.

    Raises:
        UserError: data without boxes or masks.
    """
    if not data.task.moves:
        raise UserError(f"--picture is for images with masks or boxes; {data.name} has none.")
    shown = data.x_train[:MOST]
    low, high = float(shown.min()), float(shown.max())
    tiles = [_tile(data, row, low, high) for row in range(len(shown))]
    width, height = tiles[0].size
    columns = min(COLUMNS, len(tiles))
    lines = -(-len(tiles) // columns)
    size = columns * (width + GAP) - GAP, lines * (height + GAP) - GAP
    whole = Image.new("RGB", size, "white")
    for place, tile in enumerate(tiles):
        down, across = divmod(place, columns)
        whole.paste(tile, (across * (width + GAP), down * (height + GAP)))
    return encoded(whole)


def _tile(data: Data, row: int, low: float, high: float) -> Image.Image:
    picture, truth = rgb(data.x_train[row], low, high), data.y_train[row]
    times = max(1, SIDE // max(picture.size))
    size = picture.width * times, picture.height * times
    large = picture.resize(size, Image.Resampling.NEAREST)
    if data.task.moves == "mask":
        return overlaid(large, np.kron(truth, np.ones((times, times), truth.dtype)))
    lines = truth[truth[:, 0] >= 0]
    classes = [int(number) for number in lines[:, 0]]
    return boxed(large, lines[:, 1:] * times, classes, [data.class_names[n] for n in classes])
