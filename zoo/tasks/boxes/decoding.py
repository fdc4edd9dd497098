"""Decoding of outputs: boxes after non-maximum suppression, and peaks of centroids.

NumPy, whole batches; a device does the same (`export/device`).
"""

from dataclasses import dataclass

import numpy as np

from zoo.tasks.boxes.grid import places, strides_of

MOST = 100  # boxes of an image, as COCO counts
CANDIDATES = 300  # that suppression looks at, the surest ones
NMS_IOU = 0.6  # of two boxes of a class; the less sure one goes
SMALLEST = 0.01  # score of a box that counts at all
LARGEST = 8.0  # logarithm of a side in strides; larger ones are clipped
CHUNK = 64  # images at a time


@dataclass(frozen=True, eq=False)
class Found:
    """Boxes of each image, the surest first; unused places have class -1 and score 0.

    Attributes:
        boxes: x1, y1, x2, y2 in pixels, float32 (rows, most, 4); a centroid has no extent.
        scores: float32 (rows, most), in [0, 1].
        classes: int64 (rows, most).
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray

    def above(self, cuts: np.ndarray) -> "Found":
        """Return those with a score above the threshold of their class, (classes,)."""
        kept = (self.classes >= 0) & (self.scores > cuts[np.maximum(self.classes, 0)])
        return Found(self.boxes, np.where(kept, self.scores, 0), np.where(kept, self.classes, -1))

    @property
    def there(self) -> np.ndarray:
        """Which places hold a box, (rows, most)."""
        return np.asarray(self.classes >= 0)

    def centres(self) -> "Found":
        """Return the boxes as points."""
        middle = (self.boxes[..., :2] + self.boxes[..., 2:]) / 2
        return Found(np.concatenate([middle, middle], -1), self.scores, self.classes)


def decode(outputs: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes of all cells, (rows, cells, 4), and scores, (rows, cells, classes).

    Args:
        outputs: `dx, dy, log w, log h, objectness, classes...`, (rows, cells, 5 + classes).
        shape: (height, width, ...) of the images; boxes are clipped to them.
    """
    outputs = np.asarray(outputs, np.float32)
    centres, strides = places(shape, outputs.shape[1])
    middle = centres + outputs[..., :2] * strides[:, None]
    half = np.exp(np.clip(outputs[..., 2:4], -LARGEST, LARGEST)) * strides[:, None] / 2
    boxes = np.concatenate([middle - half, middle + half], axis=-1)
    height, width = shape[:2]
    boxes = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
    return boxes, logistic(outputs[..., 4:5]) * logistic(outputs[..., 5:])


def find(outputs: np.ndarray, shape: tuple[int, ...], smallest: float = SMALLEST) -> Found:
    """Return the boxes that outputs of a detector say, at most 100 an image.

    Args:
        outputs: (rows, cells, 5 + classes).
        shape: (height, width, ...) of the images.
        smallest: score that a box must exceed.
    """
    parts = []
    for start in range(0, len(outputs), CHUNK):
        boxes, scores = decode(outputs[start : start + CHUNK], shape)
        parts.append(suppressed(_best(boxes, scores, smallest)))
    return _joined(parts)


def peaks(outputs: np.ndarray, shape: tuple[int, ...], smallest: float = SMALLEST) -> Found:
    """Return the centroids that outputs say: cells that no neighbor of the eight outdoes.

    Args:
        outputs: logits of one map, (rows, cells, classes).
        shape: (height, width, ...) of the images.
        smallest: score that a centroid must exceed.
    """
    rows, cells, classes = outputs.shape
    (stride,) = strides_of(tuple(shape[:2]), cells)
    sides = tuple(-(-size // stride) for size in shape[:2])
    heat = np.asarray(outputs, np.float32).reshape(rows, *sides, classes)
    padded = np.pad(heat, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    around = [padded[:, y : y + sides[0], x : x + sides[1]] for y in range(3) for x in range(3)]
    top = (heat >= np.max(around, axis=0)).reshape(outputs.shape)
    centres = places(shape, cells)[0]
    boxes = np.broadcast_to(np.concatenate([centres, centres], axis=1), (rows, cells, 4))
    found = _best(boxes, np.where(top, logistic(outputs), 0), smallest)
    return Found(*(part[:, :MOST] for part in (found.boxes, found.scores, found.classes)))


def suppressed(found: Found) -> Found:
    """Drop boxes that overlap a surer one of their class by more than `NMS_IOU`."""
    same = found.classes[:, :, None] == found.classes[:, None]
    clash = (iou(found.boxes[:, :, None], found.boxes[:, None]) > NMS_IOU) & same
    alive = found.there
    for place in range(alive.shape[1] - 1):
        alive[:, place + 1 :] &= ~(clash[:, place, place + 1 :] & alive[:, place, None])
    order = np.argsort(~alive, axis=1, kind="stable")[:, :MOST]
    alive = np.take_along_axis(alive, order, 1)
    scores, classes = (np.take_along_axis(of, order, 1) for of in (found.scores, found.classes))
    boxes = np.take_along_axis(found.boxes, order[..., None], 1)
    return Found(boxes, np.where(alive, scores, 0), np.where(alive, classes, -1))


def iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the overlap over the union of boxes (..., 4), which broadcast; 0 of empty ones."""
    width, height = (
        np.minimum(one[..., axis + 2], other[..., axis + 2])
        - np.maximum(one[..., axis], other[..., axis])
        for axis in (0, 1)
    )
    both = np.maximum(width, 0) * np.maximum(height, 0)
    union = area(one) + area(other) - both
    return np.asarray(both / np.maximum(union, 1e-12))


def area(boxes: np.ndarray) -> np.ndarray:
    """Return the areas of boxes (..., 4), in square pixels."""
    return np.asarray((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]))


def logistic(x: np.ndarray) -> np.ndarray:
    """Return the sigmoid, float32."""
    from scipy.special import expit

    return np.asarray(expit(np.asarray(x, np.float32)))


def _best(boxes: np.ndarray, scores: np.ndarray, smallest: float) -> Found:
    """Return the surest pairs of a cell and a class of each image, the surest first."""
    rows, cells, classes = scores.shape
    flat = np.where(scores > smallest, scores, 0).reshape(rows, cells * classes)
    most = min(CANDIDATES, max(1, int((flat > 0).sum(axis=1).max(initial=0))))
    order = np.argsort(-flat, axis=1, kind="stable")[:, :most]
    chosen = np.take_along_axis(flat, order, axis=1)
    places_of = np.take_along_axis(boxes, (order // classes)[..., None], axis=1)
    return Found(places_of, chosen, np.where(chosen > 0, order % classes, -1))


def _joined(parts: list[Found]) -> Found:
    """Return the images of all parts, as many places each as the fullest needs."""
    most = max((part.classes.shape[1] for part in parts), default=1)

    def joined(arrays: list[np.ndarray], blank: float) -> np.ndarray:
        padded = [
            np.pad(
                a, [(0, 0), (0, most - a.shape[1]), *[(0, 0)] * (a.ndim - 2)], constant_values=blank
            )
            for a in arrays
        ]
        return np.concatenate(padded)

    return Found(
        joined([part.boxes for part in parts], 0),
        joined([part.scores for part in parts], 0),
        joined([part.classes for part in parts], -1),
    )
