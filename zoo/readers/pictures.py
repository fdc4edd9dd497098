"""Folders of pictures; Pillow decodes them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from zoo.data.arrays import Found
from zoo.data.reading import Reading
from zoo.readers.decoding import Broken, decoded, looked_at, report_bad
from zoo.readers.folders import Files, find, loose, parted
from zoo.tasks import Classification

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")  # no format that runs a program
MOST_PIXELS = 100_000_000  # of a picture; 300 MB in colour
USUAL = 64  # side where pictures differ
LARGEST_USUAL = 224  # side that is taken as it is
GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")
DEEP = ("I", "I;16", "I;16B", "I;16L")  # 16 bits a pixel


def read_pictures(folder: Path, reading: Reading, seed: int) -> Found:
    """Read a folder of class folders; train/, val/ and test/ may stand above them.

    Pictures are turned as their EXIF orientation says, laid on white where they are transparent,
    and brought to one size, bilinear, whatever their proportions. Of an animation the first picture
    counts. Values are 0 to 255.

    Args:
        folder: of the pictures.
        reading: `image_size`, `colour`, `skip_bad`.
        seed: of the split.

    Raises:
        UserError: no classes, or broken files (all in one message).
    """
    reading.check("pictures", folder.name)
    notes: list[str] = []
    files, bad = looked_at(folder, find(folder, "pictures"), _look)
    size, colour = _size(files, reading, notes), _colour(files, reading, notes)
    x, good = _decoded(files, size, colour, bad)
    report_bad(folder, bad, reading.skip_bad, notes)
    arrays = parted(files.only(good), x, seed, "float32")
    schema = {"kind": "pictures", "image_size": size, "colour": colour, "notes": notes}
    return Found(arrays, schema, Classification)


def picture_rows(
    path: Path, schema: Mapping[str, Any], files: "Files[Any] | None" = None
) -> np.ndarray:
    """Return a picture, or all of a folder in the order of their paths, as the model takes them.

    Args:
        path: of the picture or the folder.
        schema: of the run.
        files: of the folder, where only these are wanted.

    Returns:
        float32 (pictures, height, width, channels).
    """
    files, bad = looked_at(path, files or loose(path, "pictures"), _look)
    x, _ = _decoded(files, tuple(schema["image_size"]), schema["colour"], bad)
    report_bad(path, bad, False, [])
    return np.asarray(x, np.float32)


def _decoded(
    files: "Files[Any]", size: tuple[int, int], colour: str, bad: dict[Path, str]
) -> tuple[np.ndarray, list[int]]:
    shape = (*size, 1 if colour == "grey" else 3)
    decode = partial(_decode, size=size, colour=colour)
    return decoded(files, decode, shape, "uint8", "pictures", bad)


def _open(path: Path) -> Image.Image:
    image = Image.open(path, formats=FORMATS)
    width, height = image.size
    if width * height > MOST_PIXELS:
        image.close()
        raise Broken(f"{width}x{height} pixels; more than {MOST_PIXELS:,} are not decoded")
    return image


def _look(path: Path) -> tuple[int, int, str]:
    """Return height, width and mode, from the header alone."""
    with _open(path) as image:
        width, height = image.size
        said = image.format != "PNG" or "exif" in image.info  # else Pillow decodes to look for it
        turned = said and image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # orientation
        return (width, height, image.mode) if turned else (height, width, image.mode)


def _decode(path: Path, size: tuple[int, int], colour: str) -> np.ndarray:
    """Return uint8 (height, width, channels)."""
    mode = "L" if colour == "grey" else "RGB"
    with _open(path) as image:
        if image.format == "JPEG":
            image.draft(mode, (4 * size[1], 4 * size[0]))  # decode no finer than that
        image.load()
        straight = _flat(ImageOps.exif_transpose(image)).convert(mode)
        sized = straight.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        return np.asarray(sized).reshape(*size, -1)


def _flat(image: Image.Image) -> Image.Image:
    """Return a picture of 8 bits that hides nothing."""
    if image.mode in DEEP:
        return Image.fromarray((np.asarray(image).clip(0, 65_535) // 257).astype(np.uint8))
    if image.mode == "F":
        raise Broken("pixels are floating-point numbers; save 8 or 16 bits")
    if image.has_transparency_data:
        alpha = image.convert("RGBA")
        white = Image.new("RGBA", alpha.size, "white")
        return Image.alpha_composite(white, alpha)
    return image


def _size(files: "Files[Any]", reading: Reading, notes: list[str]) -> tuple[int, int]:
    if reading.sides is not None:
        return reading.sides
    sizes = {look[:2] for look, _ in files.looks}
    height, width = next(iter(sizes))
    if len(sizes) == 1 and max(height, width) <= LARGEST_USUAL:
        return height, width
    notes.append(f"Pictures were brought to {USUAL}x{USUAL} pixels; --image-size sets another.")
    return USUAL, USUAL


def _colour(files: "Files[Any]", reading: Reading, notes: list[str]) -> str:
    if reading.colour is not None:
        return reading.colour
    grey = sum(look[2] in GREY for look, _ in files.looks)
    if 0 < grey < len(files.looks):
        notes.append(f"{grey} of {len(files.looks)} pictures are grey; all are read in colour.")
    return "grey" if grey == len(files.looks) else "rgb"
