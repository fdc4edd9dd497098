"""The loss of a detector, with a dynamic assignment of cells to boxes; the file with Keras.

SimOTA of YOLOX (Ge et al. 2021, arXiv:2107.08430, section 2.1; the simple form of OTA, Ge et al.
2021, arXiv:2103.14259): a box takes the cells that predict it at the least cost, as many as the
overlaps of its ten best add up to. Generalized IoU: Rezatofighi et al. 2019, arXiv:1902.09630.
Objectness is found by focal loss (Lin et al. 2017, arXiv:1708.02002) where a focus is asked for.
Everything has fixed shapes, and every row a loss of its own.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.tasks.boxes.grid import places

register = keras.saving.register_keras_serializable(package="zoo")

BEST = 10  # cells whose overlaps say how many cells a box takes
LEAST = 3  # cells that a box takes however bad they are: a short training sees more of each box
REACH = 2.5  # strides from a box's centre within which a cell may take it
OVERLAP = 3.0  # what the logarithm of the overlap weighs in the cost
BOX = 5.0  # what the loss of boxes weighs in the whole
LARGEST = 8.0  # logarithm of a side in strides; larger ones are clipped
FAR = 1e5  # cost of a cell that lies in no box
TINY = 1e-7
ROWS = 64  # at a time, outside of trainings


@register
class DetectionLoss(keras.losses.Loss):
    """Boxes, objectness and classes of an anchor-free detector.

    Args:
        size: (height, width) of the images, in pixels.
        focal: exponent of the focal loss of objectness; 0 takes the cross-entropy.

    Compares y (rows, most, 5), `class, x1, y1, x2, y2` in pixels or -1, with outputs (rows, cells,
    5 + classes); see `zoo.tasks.detection.Detection`.
    """

    def __init__(
        self,
        size: tuple[int, int],
        focal: float = 0.0,
        name: str = "detection_loss",
        **arguments: Any,
    ) -> None:
        super().__init__(name=name, **arguments)
        self.size, self.focal = tuple(size), focal

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row, (rows,): over its cells with a box, at least one."""
        truth, outputs = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        centres, strides = map(ops.convert_to_tensor, places(self.size, outputs.shape[1]))
        boxes = corners(outputs[..., :4], centres, strides)  # (B, cells, 4)
        one_hot = ops.one_hot(ops.cast(truth[..., 0], "int32"), outputs.shape[2] - 5)
        taken = assign(truth, one_hot, boxes, outputs, centres, strides)  # (B, most, cells)
        mine = ops.sum(taken, axis=1)  # (B, cells): 1 where a cell has a box
        aim = ops.matmul(ops.transpose(taken, (0, 2, 1)), truth[..., 1:])  # (B, cells, 4)
        kind = ops.matmul(ops.transpose(taken, (0, 2, 1)), one_hot)  # (B, cells, C)
        overlap, general = overlaps(boxes, aim)
        kind = kind * ops.stop_gradient(overlap)[..., None]  # a class is as sure as its box is good
        of_classes = ops.sum(bce(kind, outputs[..., 5:]) - entropy(kind), axis=-1)
        of_objects = self._objectness(mine, outputs[..., 4])
        whole = mine * (BOX * (1 - general) + of_classes) + of_objects
        return ops.sum(whole, axis=1) / ops.maximum(ops.sum(mine, axis=1), 1.0)

    def _objectness(self, mine: Any, logits: Any) -> Any:
        plain = bce(mine, logits)
        if not self.focal:
            return plain
        return plain * ops.abs(mine - ops.sigmoid(logits)) ** self.focal

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "focal": self.focal}


@register
class CentroidLoss(keras.losses.Loss):
    """Penalty-reduced focal loss of a heat map of centres (Law and Deng 2018, arXiv:1808.01244,
    equation 1; Zhou et al. 2019, arXiv:1904.07850).

    Args:
        size: (height, width) of the images, in pixels.
        focal: exponent; 0 takes the papers' 2.

    Compares y (rows, most, 5) with logits (rows, cells, classes).
    """

    def __init__(
        self,
        size: tuple[int, int],
        focal: float = 0.0,
        name: str = "centroid_loss",
        **arguments: Any,
    ) -> None:
        super().__init__(name=name, **arguments)
        self.size, self.focal = tuple(size), focal

    def call(self, y_true: Any, y_pred: Any) -> Any:
        truth, logits = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        heat, peak = heat_of(truth, self.size, logits.shape[1], logits.shape[2])
        away = ops.abs(peak - ops.sigmoid(logits)) ** (self.focal or 2.0)
        damped = ops.where(peak > 0, 1.0, (1 - heat) ** 4)
        whole = ops.sum(bce(peak, logits) * away * damped, axis=(1, 2))
        return whole / ops.maximum(ops.sum(peak, axis=(1, 2)), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "focal": self.focal}


def bce(aims: Any, logits: Any) -> Any:
    """Return the cross-entropy of logits, which no size of them overflows."""
    return ops.maximum(logits, 0.0) - logits * aims + ops.log1p(ops.exp(-ops.abs(logits)))


def entropy(p: Any) -> Any:
    """Return the least cross-entropy that probabilities can have; its gradient is not used."""
    p = ops.clip(p, TINY, 1 - TINY)
    return -p * ops.log(p) - (1 - p) * ops.log(1 - p)


def corners(raw: Any, centres: Any, strides: Any) -> Any:
    """Return boxes x1, y1, x2, y2 in pixels of raw outputs (B, cells, 4)."""
    middle = centres + raw[..., :2] * strides[:, None]
    half = ops.exp(ops.clip(raw[..., 2:4], -LARGEST, LARGEST)) * strides[:, None] / 2
    return ops.concatenate([middle - half, middle + half], axis=-1)


def overlaps(one: Any, other: Any) -> tuple[Any, Any]:
    """Return IoU and generalized IoU of boxes (..., 4), which broadcast."""
    inner = ops.minimum(one[..., 2:], other[..., 2:]) - ops.maximum(one[..., :2], other[..., :2])
    outer = ops.maximum(one[..., 2:], other[..., 2:]) - ops.minimum(one[..., :2], other[..., :2])
    both, hull = area(ops.maximum(inner, 0.0)), area(outer)
    union = area(one[..., 2:] - one[..., :2]) + area(other[..., 2:] - other[..., :2]) - both
    iou = both / ops.maximum(union, TINY)
    return iou, iou - (hull - union) / ops.maximum(hull, TINY)


def area(sides: Any) -> Any:
    return sides[..., 0] * sides[..., 1]


def assign(truth: Any, one_hot: Any, boxes: Any, outputs: Any, centres: Any, strides: Any) -> Any:
    """Return which box each cell takes, (B, most, cells) of 0 and 1, at most one for a cell.

    Args:
        truth: (B, most, 5).
        one_hot: classes of it, (B, most, C).
        boxes: predicted, (B, cells, 4) in pixels.
        outputs: raw, (B, cells, 5 + C).
        centres, strides: of the cells.
    """
    boxes, outputs = ops.stop_gradient(boxes), ops.stop_gradient(outputs)
    there = truth[..., :1] >= 0  # (B, most, 1)
    inside, central = _near(truth[..., 1:], centres, strides)
    may = ops.logical_and(ops.logical_or(inside, central), there)
    iou, _ = overlaps(truth[..., None, 1:], boxes[:, None])  # (B, most, cells)
    iou = iou * ops.cast(may, "float32")
    cost = _cost(one_hot, outputs) - OVERLAP * ops.log(iou + 1e-8)
    both = ops.logical_and(inside, central)
    cost = ops.where(both, cost, cost + FAR)
    cost = ops.where(may, cost, 1e3 * FAR)
    best = min(BEST, centres.shape[0])
    count = ops.floor(ops.sum(ops.top_k(iou, best)[0], axis=-1))
    count = ops.clip(count, min(LEAST, best), best)
    ranked = -ops.top_k(-cost, best)[0]  # (B, most, best), the least cost first
    last = ops.take_along_axis(ranked, ops.cast(count, "int32")[..., None] - 1, axis=-1)
    wanted = ops.logical_and(cost <= last, may)
    cost = ops.where(wanted, cost, 1e4 * FAR)
    owner = ops.one_hot(ops.argmin(cost, axis=1), truth.shape[1], axis=1)  # (B, most, cells)
    return ops.cast(owner, "float32") * ops.cast(wanted, "float32")


def _near(truth: Any, centres: Any, strides: Any) -> tuple[Any, Any]:
    """Return which cells' centres lie in a box, and which near its centre, (B, most, cells)."""
    low, high = truth[..., None, :2], truth[..., None, 2:]
    inside = ops.logical_and(centres > low, centres < high)
    away = ops.abs(centres - (low + high) / 2)
    central = away < REACH * strides[:, None]
    return ops.all(inside, axis=-1), ops.all(central, axis=-1)


def _cost(one_hot: Any, outputs: Any) -> Any:
    """Return the cross-entropy of classes, (B, most, cells), of square roots of scores."""
    score = ops.sigmoid(outputs[..., 5:]) * ops.sigmoid(outputs[..., 4:5])  # (B, cells, C)
    p = ops.clip(ops.sqrt(ops.maximum(score, TINY)), 1e-4, 1 - 1e-4)
    yes, no = -ops.log(p), -ops.log(1 - p)
    gain = ops.transpose(yes - no, (0, 2, 1))  # (B, C, cells)
    return ops.matmul(one_hot, gain) + ops.sum(no, axis=-1)[:, None]


def heat_of(truth: Any, size: tuple[int, ...], cells: int, classes: int) -> tuple[Any, Any]:
    """Return a bump at each centre and the cell of its top, (B, cells, classes), in [0, 1]."""
    centres, strides = map(ops.convert_to_tensor, places(size, cells))
    there = truth[..., :1] >= 0  # (B, most, 1)
    middle = (truth[..., 1:3] + truth[..., 3:]) / 2
    spread = ops.maximum((truth[..., 3:] - truth[..., 1:3]) / 6, strides[0] / 2)  # (B, most, 2)
    away = ops.abs(centres - middle[..., None, :])  # (B, most, cells, 2)
    bump = ops.exp(-ops.sum((away / spread[..., None, :]) ** 2, axis=-1) / 2)
    top = ops.one_hot(ops.argmin(ops.sum(away**2, axis=-1), axis=-1), cells)
    kind = ops.one_hot(ops.cast(truth[..., 0], "int32"), classes)[..., None, :]  # (B, most, 1, C)
    shown = ops.cast(there, "float32")[..., None] * kind
    heat = ops.max(shown * bump[..., None], axis=1)
    return heat, ops.max(shown * ops.cast(top, "float32")[..., None], axis=1)


def mean_of(loss: keras.losses.Loss, y: np.ndarray, outputs: np.ndarray) -> float:
    """Return the mean loss of rows, some at a time."""
    found = 0.0
    for start in range(0, len(y), ROWS):
        some = slice(start, start + ROWS)
        found += float(loss(y[some], outputs[some])) * len(y[some])
    return found / max(1, len(y))
