"""The form of masks: uint8 class numbers, (rows, height, width); one stands for ignored pixels."""

from collections.abc import Iterator

import numpy as np

from zoo.checks import UserError
from zoo.tasks.truth import Arrays

IGNORED = 255  # the class of a pixel that does not count
LEAST = 1e-6  # of pixels, below which a class is not there
CHUNK = 2**24  # values of outputs that are looked at together


def as_masks(arrays: Arrays) -> tuple[Arrays, int]:
    """Return all `y_*` as uint8 masks, and how many classes there are.

    Raises:
        UserError: what are no masks, or no masks of the images; classes that cannot be learned.
    """
    for part in [key for key in arrays if key.startswith("y_")]:
        x = arrays.get("x_" + part.removeprefix("y_"))
        arrays = arrays | {part: as_mask(part, arrays[part], None if x is None else x.shape)}
    learned = classes_of(arrays["y_train"])
    if len(learned) < 2:
        raise UserError(
            f"The training masks hold {len(learned)} class only; a segmentation needs at least "
            f"two. {IGNORED} is no class: it marks pixels that do not count."
        )
    named = len(arrays.get("class_names", ()))
    count = max(int(learned[-1]) + 1, named)
    for part in [key for key in arrays if key.startswith("y_")]:
        unknown = np.setdiff1d(classes_of(arrays[part]), learned)
        if len(unknown):
            raise UserError(
                f"{part} holds the class {unknown[0]}, which no training mask has: there is "
                "nothing to learn of it. Move such images, or mark its pixels as ignored "
                f"({IGNORED})."
            )
    if named and named < count:
        raise UserError(f"class_names holds {named} names for {count} classes of pixels.")
    return arrays, count


def as_mask(part: str, y: np.ndarray, image: tuple[int, ...] | None) -> np.ndarray:
    """Return masks as uint8, (rows, height, width).

    Args:
        part: names them in messages.
        y: class numbers; a last axis of one is dropped.
        image: shape of their images, (rows, height, width, channels); None where there are none.

    Raises:
        UserError: what are no masks, or not those of such images.
    """
    y = y[..., 0] if y.ndim == 4 and y.shape[-1] == 1 else y
    if y.ndim != 3 or y.dtype.kind not in "biu":
        raise UserError(
            f"{part} must hold a mask of class numbers for each image, whole numbers of shape "
            f"(rows, height, width); got shape {y.shape}, type {y.dtype}."
        )
    if image is not None and y.shape[1:] != image[1:3]:
        raise UserError(
            f"{part} holds masks of {y.shape[1]}x{y.shape[2]} pixels for images of "
            f"{'x'.join(map(str, image[1:3]))}. Make them as large as their images."
        )
    if y.size and (y.min() < 0 or y.max() > IGNORED):
        raise UserError(
            f"{part} holds classes of pixels outside the range: {y.min()} to {y.max()}; expected "
            f"0 to {IGNORED - 1}, and {IGNORED} for pixels that do not count."
        )
    return np.asarray(y, np.uint8)


def classes_of(y: np.ndarray) -> np.ndarray:
    """Return the classes that masks hold, in order, without the ignored one."""
    return np.flatnonzero(np.bincount(y.ravel(), minlength=IGNORED + 1)[:IGNORED])


def known(y: np.ndarray) -> np.ndarray:
    """Return masks as `zoo.metrics.masks` takes them: -1 where a pixel does not count."""
    return np.where(y == IGNORED, -1, y.astype(np.int16))


def answered(outputs: np.ndarray) -> np.ndarray:
    """Return the class of each pixel, uint8 (rows, height, width), of logits, or of such masks."""
    return outputs if outputs.ndim == 3 else np.asarray(outputs.argmax(axis=-1), np.uint8)


def chunks(outputs: np.ndarray) -> Iterator[slice]:
    """Yield a few rows of outputs after the others, so that float64 of them fits in memory."""
    rows = max(1, CHUNK // max(1, int(np.prod(outputs.shape[1:]))))
    for start in range(0, len(outputs), rows):
        yield slice(start, start + rows)


def losses(y: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return the loss of each image, (rows,), that `MaskLoss` is without its arguments."""
    from scipy.special import log_softmax

    found = []
    for rows in chunks(outputs):
        one_hot = y[rows, ..., None] == np.arange(outputs.shape[-1])
        logs = log_softmax(outputs[rows].astype(np.float64), axis=-1)
        p = np.exp(logs) * one_hot.any(axis=-1, keepdims=True)
        both = (one_hot * p).sum(axis=(1, 2))
        true, said = one_hot.sum(axis=(1, 2)), p.sum(axis=(1, 2))
        dice = (true > 0) * (1 - 2 * both / np.maximum(true + said, LEAST))
        entropy = -(one_hot * logs).sum(axis=(1, 2, 3)) / np.maximum(true.sum(axis=1), 1)
        found.append(entropy + dice.sum(axis=1) / np.maximum((true > 0).sum(axis=1), 1))
    return np.concatenate(found) if found else np.zeros(0)
