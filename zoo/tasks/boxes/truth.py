"""The truth of a detection: boxes of each image, padded to one number of lines."""

import numpy as np

from zoo.checks import UserError
from zoo.tasks.truth import Arrays

FIELDS = 5  # class, x1, y1, x2, y2
UNUSED = -1.0  # in all places of a line without a box


def is_boxes(y: np.ndarray) -> bool:
    """Return whether labels are boxes: float, (rows, most, 5)."""
    return y.ndim == 3 and y.shape[2] == FIELDS and y.dtype.kind == "f"


def as_boxes(arrays: Arrays) -> tuple[Arrays, int]:
    """Return all `y_*` as float32 boxes, and how many classes there are.

    Raises:
        UserError: what are no boxes, or no boxes in these images; classes that cannot be learned.
    """
    for part in [key for key in arrays if key.startswith("y_")]:
        x = arrays.get("x_" + part.removeprefix("y_"))
        arrays = arrays | {part: checked(part, arrays[part], None if x is None else x.shape)}
    learned, named = classes_of(arrays["y_train"]), len(arrays.get("class_names", ()))
    if not len(learned):
        raise UserError("y_train holds no box: there is nothing to learn.")
    for part in [key for key in arrays if key.startswith("y_")]:
        unknown = np.setdiff1d(classes_of(arrays[part]), learned)
        if len(unknown):
            raise UserError(
                f"{part} holds boxes of the class {unknown[0]}, which no training image has: there "
                "is nothing to learn of it. Split the images anew, or leave the class out."
            )
    count = max(int(learned[-1]) + 1, named)
    if named and named < count:
        raise UserError(f"class_names holds {named} names for {count} classes of boxes.")
    return arrays, count


def classes_of(y: np.ndarray) -> np.ndarray:
    """Return the classes that boxes have, in order."""
    return np.unique(y[y[..., 0] >= 0][:, 0]).astype(np.int64)


def held(y: np.ndarray, classes: int) -> np.ndarray:
    """Return how many boxes of each class an image holds, (rows, classes)."""
    rows, lines = np.nonzero(y[..., 0] >= 0)
    found = np.zeros((len(y), classes), np.int64)
    np.add.at(found, (rows, y[rows, lines, 0].astype(np.int64)), 1)
    return found


def checked(part: str, y: np.ndarray, image: tuple[int, ...] | None) -> np.ndarray:
    """Return boxes as float32. Raises UserError for ones that do not lie in images (rows, H, W)."""
    if y.ndim != 3 or y.shape[2] != FIELDS or y.dtype.kind not in "iuf":
        raise UserError(
            f"{part} must hold boxes, numbers of shape (rows, most, 5): class, x1, y1, x2, y2 in "
            f"pixels, lines of -1 where there are no more; got shape {y.shape}, type {y.dtype}."
        )
    y = np.asarray(y, np.float32)
    if not np.isfinite(y).all():
        raise UserError(f"{part} holds boxes with NaN or infinite numbers. Leave such boxes out.")
    there = y[..., 0] >= 0
    kinds, low, high = y[there][:, 0], y[there][:, 1:3], y[there][:, 3:]
    if not np.array_equal(kinds, np.rint(kinds)) or (y[~there] != UNUSED).any():
        raise UserError(
            f"{part} must name the class of a box by a whole number from 0 on; lines without a box "
            "are -1 throughout."
        )
    if not (high > low).all():
        raise UserError(f"{part} holds boxes without an area: x2 must be over x1, y2 over y1.")
    if image is not None and len(kinds) and _outside(low, high, image):
        raise UserError(
            f"{part} holds boxes outside their images of {image[1]}x{image[2]} pixels: corners go "
            f"from {low.min():.4g} to {high.max():.4g}. Give pixels of the rows, not shares."
        )
    return y


def _outside(low: np.ndarray, high: np.ndarray, image: tuple[int, ...]) -> bool:
    """Return whether corners lie more than a pixel outside, or all within the first pixel."""
    sides = np.array([image[2], image[1]])
    return bool((low < -1).any() or (high > sides + 1).any() or (high <= 1).all())
