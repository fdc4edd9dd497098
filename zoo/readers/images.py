"""Image folders, decoded by Pillow."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from zoo.data.arrays import Found
from zoo.data.reading import Reading, american
from zoo.data.ways import sizes_around
from zoo.readers.decoding import Broken, decoded, looked_at, report_bad
from zoo.readers.folders import Files, find, loose, parted
from zoo.tasks import Task

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")  # no format that runs a program
MOST_PIXELS = 100_000_000  # of an image; 300 MB in color
USUAL = 64  # default side for images of different sizes
LARGEST_USUAL = 224  # largest side that is kept by default
GRAY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")
DEEP = ("I", "I;16", "I;16B", "I;16L")  # 16 bits a pixel


class Look(NamedTuple):
    """A picture's header: sides in pixels, upright; the orientation of EXIF, 1 to 8."""

    height: int
    width: int
    mode: str
    orientation: int

    @property
    def stored(self) -> tuple[int, int]:
        """(height, width) of the pixels as the file holds them."""
        return (self.width, self.height) if self.orientation > 4 else (self.height, self.width)


def read_images(folder: Path, reading: Reading, seed: int, task: type[Task] | None = None) -> Found:
    """Read a folder of class folders, optionally within train/, val/ and test/.

    Images are rotated by their EXIF orientation, composited on white where they are transparent,
    and resized to one size (bilinear), regardless of their aspect ratio. The first frame of an
    animation counts. Values are 0 to 255.

    Args:
        folder: the folder of class folders, or with `labels.csv`.
        reading: `image_size`, `color`, `skip_bad`; `group`, `time`.
        seed: seed of the split.
        task: None: classes, or what `labels.csv` looks like.

    Raises:
        UserError: no classes, or unreadable files (all in one message).
    """
    files, bad = looked_at(folder, find(folder, "pictures", reading, task), look)
    notes = [*files.notes]
    sizes, color = _sizes(files, reading, notes), color_of(files, reading, notes)
    size = sizes[0]
    x, good = decoded_images(files, size, color, bad)
    report_bad(folder, bad, reading.skip_bad, notes)
    arrays = parted(files.only(good), x, seed, "float32")
    schema = {"kind": "pictures", "image_size": size, "color": color, "notes": notes}
    return Found(arrays, schema, files.task, sizes)


def image_rows(
    path: Path, schema: Mapping[str, Any], files: "Files[Any] | None" = None
) -> np.ndarray:
    """Return an image, or all images of a folder sorted by path, as inputs of the model.

    Args:
        path: an image or a folder.
        schema: of the run.
        files: those of the folder to read; None for all.

    Returns:
        float32 (images, height, width, channels).
    """
    files, bad = looked_at(path, files or loose(path, "pictures"), look)
    x, _ = decoded_images(files, tuple(schema["image_size"]), american(schema)["color"], bad)
    report_bad(path, bad, False, [])
    return np.asarray(x, np.float32)


def decoded_images(
    files: "Files[Any]", size: tuple[int, int], color: str, bad: dict[Path, str]
) -> tuple[np.ndarray, list[int]]:
    """Return resized images, uint8 (files, height, width, channels), and their indices."""
    shape = (*size, 1 if color == "gray" else 3)
    decode = partial(_decode, size=size, color=color)
    return decoded(files, decode, shape, "uint8", "pictures", bad)


def opened(path: Path) -> Image.Image:
    """Return an image whose header has been read. Raises Broken for one of too many pixels."""
    image = Image.open(path, formats=FORMATS)
    width, height = image.size
    if width * height > MOST_PIXELS:
        image.close()
        raise Broken(f"{width}x{height} pixels; more than {MOST_PIXELS:,} are not decoded")
    return image


def look(path: Path) -> Look:
    """Return what the header alone says."""
    with opened(path) as image:
        width, height = image.size
        stated = image.format != "PNG" or "exif" in image.info  # else Pillow decodes it to search
        turned = image.getexif().get(0x0112, 1) if stated else 1
        turned = turned if turned in range(1, 9) else 1
        return Look(*((width, height) if turned > 4 else (height, width)), image.mode, turned)


def _decode(path: Path, size: tuple[int, int], color: str) -> np.ndarray:
    """Return uint8 (height, width, channels)."""
    return np.asarray(resized(path, size, color)).reshape(*size, -1)


def resized(path: Path, size: tuple[int, int], color: str) -> Image.Image:
    """Return an upright image of a size (height, width), "gray" or "rgb"."""
    mode = "L" if color == "gray" else "RGB"
    with opened(path) as image:
        if image.format == "JPEG":
            image.draft(mode, (4 * size[1], 4 * size[0]))  # decode no finer than that
        image.load()
        straight = _flat(ImageOps.exif_transpose(image)).convert(mode)
        return straight.resize((size[1], size[0]), Image.Resampling.BILINEAR)


def _flat(image: Image.Image) -> Image.Image:
    """Return an image of 8 bits without transparency."""
    if image.mode in DEEP:
        return Image.fromarray((np.asarray(image).clip(0, 65_535) // 257).astype(np.uint8))
    if image.mode == "F":
        raise Broken("pixels are floating-point numbers; save 8 or 16 bits")
    if image.has_transparency_data:
        alpha = image.convert("RGBA")
        white = Image.new("RGBA", alpha.size, "white")
        return Image.alpha_composite(white, alpha)
    return image


def _sizes(files: "Files[Any]", reading: Reading, notes: list[str]) -> tuple[tuple[int, int], ...]:
    """Return the size of the rows, and others that a search may try."""
    if reading.sides is not None:
        return (reading.sides,)
    sizes = {look[:2] for look, _ in files.looks}
    height, width = next(iter(sizes))
    if len(sizes) == 1 and max(height, width) <= LARGEST_USUAL:
        return ((height, width),)
    notes.append(f"Images were resized to {USUAL}x{USUAL} pixels; --image-size sets another size.")
    return sizes_around(USUAL, [min(look[:2]) for look, _ in files.looks])


def color_of(files: "Files[Any]", reading: Reading, notes: list[str]) -> str:
    """Return "gray" or "rgb"."""
    if reading.color is not None:
        return reading.color
    gray = sum(look[2] in GRAY for look, _ in files.looks)
    if 0 < gray < len(files.looks):
        notes.append(f"{gray} of {len(files.looks)} images are gray; all are read in color.")
    return "gray" if gray == len(files.looks) else "rgb"
