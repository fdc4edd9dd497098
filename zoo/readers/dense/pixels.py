"""Mask files as values of pixels, and masks that are turned and resized with their picture."""

from pathlib import Path

import numpy as np
from PIL import Image

from zoo.readers.decoding import Broken
from zoo.readers.images import Look, opened

SHADES = 32  # a JPEG's 0 and 255 are off by so much at most, but for a few pixels
FEW = 0.02  # of the pixels
EXPECTED = "expected class numbers, a palette, or 0 and 255, in one channel"
TURNS = {  # EXIF orientation -> how a stored picture is turned upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def values_of(path: Path) -> np.ndarray:
    """Return the values of a mask's pixels, uint8 (height, width); of a palette its indices.

    Raises:
        Broken: a picture that is no mask.
    """
    with opened(path) as image:
        image.load()
        jpeg = image.format == "JPEG"
        if image.mode in ("1", "LA"):
            image = image.convert("L")
        pixels = np.asarray(image)
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * 255
    if pixels.ndim == 3:
        pixels = _one_channel(pixels[..., :3])
    if pixels.dtype.kind not in "ui" or pixels.max(initial=0) > 255 or pixels.min(initial=0) < 0:
        raise Broken(f"a mask with values outside of 0 to 255; {EXPECTED}")
    return _crisp(pixels) if jpeg else pixels.astype(np.uint8)


def _one_channel(pixels: np.ndarray) -> np.ndarray:
    first = pixels[..., 0]
    if not (pixels == first[..., None]).all():
        colors = len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0))
        raise Broken(f"a mask in RGB with {colors:,} colors, and without a palette; {EXPECTED}")
    return first


def _crisp(pixels: np.ndarray) -> np.ndarray:
    """Return a JPEG's mask of 0 and 255 as it was before."""
    shades = (pixels > SHADES) & (pixels < 255 - SHADES)
    if shades.mean() > FEW:
        raise Broken("a mask saved as JPEG, which blurs class numbers; save it as PNG")
    return np.where(pixels > 127, 255, 0).astype(np.uint8)


def as_seen(mask: np.ndarray, seen: Look, size: tuple[int, int]) -> np.ndarray:
    """Return a mask turned with its picture, and resized (nearest).

    Args:
        mask: uint8, of the size of the picture as stored, or else as it is upright.
        seen: header of the picture.
        size: (height, width) of the result.
    """
    image = Image.fromarray(mask)
    if mask.shape == seen.stored and seen.orientation != 1:
        image = image.transpose(TURNS[seen.orientation])
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.NEAREST))
