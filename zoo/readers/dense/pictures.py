"""Pictures of a folder with annotations: their size in a row, and how they are fitted into it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zoo.data.layouts import layout_of
from zoo.data.letterbox import PADDING, Letterbox
from zoo.data.reading import Reading
from zoo.data.sources import ENDINGS, files_below
from zoo.readers.decoding import decoded, looked_at, report_bad
from zoo.readers.folders import Files, loose
from zoo.readers.images import LARGEST_USUAL, Look, look, resized


def size_of(
    files: "Files[Any]", reading: Reading, notes: list[str], usual: int, step: int, how: str
) -> tuple[int, int]:
    """Return (height, width) of the rows.

    Args:
        files: that have been looked at.
        reading: `image_size`.
        notes: what was taken for granted is added here.
        usual: side for pictures of different sizes, and for large ones.
        step: a side that is chosen here is a multiple of it.
        how: "resized to" or the like, for the note.
    """
    if reading.sides is not None:
        return reading.sides
    sizes = {(seen.height, seen.width) for seen, _ in files.looks}
    height, width = next(iter(sizes))
    if len(sizes) > 1 or max(height, width) > LARGEST_USUAL:
        height, width = usual, usual
    height, width = (-(-side // step) * step for side in (height, width))
    if sizes != {(height, width)}:
        notes.append(f"Images were {how} {height}x{width} pixels; --image-size sets another size.")
    return height, width


def letterboxed(
    files: "Files[tuple[Look, bytes]]", size: tuple[int, int], color: str, bad: dict[Path, str]
) -> tuple[np.ndarray, list[int]]:
    """Return letterboxed pictures, uint8 (files, height, width, channels), and their indices."""
    shape = (*size, 1 if color == "gray" else 3)
    upright = dict(zip(files.paths, (seen for seen, _ in files.looks), strict=True))

    def decode(path: Path) -> np.ndarray:
        seen = upright[path.relative_to(files.root)]
        return _fitted(path, Letterbox.of((seen.height, seen.width), size), size, color)

    return decoded(files, decode, shape, "uint8", "letterboxed", bad)


def _fitted(path: Path, fit: Letterbox, size: tuple[int, int], color: str) -> np.ndarray:
    image = resized(path, fit.inner, color)
    row = Image.new(
        image.mode, (size[1], size[0]), PADDING if image.mode == "L" else (PADDING,) * 3
    )
    row.paste(image, (fit.left, fit.top))
    return np.asarray(row).reshape(*size, -1)


def pictures_below(path: Path) -> "Files[Any]":
    """Return one picture, or all pictures of a folder but masks."""
    files = loose(path, "pictures")
    if not path.is_dir():
        return files
    masks = [of for _, of in layout_of(path, files_below(path), ENDINGS["pictures"]).masks]
    shown = [not any(one.is_relative_to(of) for of in masks) for one in files.paths]
    return files.only([n for n, is_shown in enumerate(shown) if is_shown])


def letterboxed_rows(
    path: Path, schema: Mapping[str, Any], files: "Files[Any] | None" = None
) -> tuple[np.ndarray, list[Letterbox]]:
    """Return pictures as inputs of a detector, and how each lies in its row.

    Args:
        path: a picture or a folder.
        schema: of the run.
        files: those to read; None for all.

    Returns:
        float32 (pictures, height, width, channels), sorted by path; a `Letterbox` of each.

    Raises:
        UserError: pictures that cannot be read.
    """
    files, bad = looked_at(path, files or pictures_below(path), look)
    size = (schema["image_size"][0], schema["image_size"][1])
    x, _ = letterboxed(files, size, schema["color"], bad)
    report_bad(path, bad, False, [])
    fits = [Letterbox.of((seen.height, seen.width), size) for seen, _ in files.looks]
    return np.asarray(x, np.float32), fits
