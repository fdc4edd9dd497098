"""Detection: each image has objects of several classes. y: float32 (rows, most, 5).

A line of y is `class, x1, y1, x2, y2` in pixels of the image as the model takes it, -1 throughout
where there are no more boxes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zoo.metrics import boxes as figures_of
from zoo.metrics.weighted import Measure, Weighted
from zoo.tasks.boxes import constant, words
from zoo.tasks.boxes.cuts import Cuts
from zoo.tasks.boxes.decoding import Found, find, iou, logistic, peaks
from zoo.tasks.boxes.grid import USUAL, cells_of, strides_of
from zoo.tasks.boxes.matching import ALL, AREAS, closeness, match
from zoo.tasks.boxes.objects import Objects
from zoo.tasks.metric import Metric
from zoo.tasks.units import Units

if TYPE_CHECKING:
    import keras

    from zoo.tasks.boxes.matching import Matched

FIFTY = slice(0, 1)  # of the thresholds of IoU: 0.5 alone


@dataclass(frozen=True)
class Detection(Objects):
    """Boxes of objects; `labels` are the names of the classes 0, 1, ...

    Outputs: (rows, cells, 5 + classes), of each cell `dx, dy, log w, log h` in strides, and the
    logits of objectness and of the classes (after YOLOX, arXiv:2107.08430).

    Examples:
        >>> zoo.load_data("digits_scenes").task.size
        (64, 64)
    """

    name = "detection"
    metrics = (Metric("map", "AP50-95 %", 1, 100, "points", "points"),)
    titles: ClassVar[Mapping[str, tuple[str, int]]] = {
        "map": ("AP50-95 %", 100),
        "ap50": ("AP50 %", 100),
        "ap_small": ("AP50-95 of boxes under 32x32 pixels %", 100),
        "ap_medium": ("AP50-95 of boxes of 32x32 to 96x96 pixels %", 100),
        "ap_large": ("AP50-95 of boxes over 96x96 pixels %", 100),
        "recall": ("recall at 0.1 false boxes an image %", 100),
        "f1": ("F1 at the thresholds %", 100),
        "centroid_f1": ("centroid F1 %", 100),
    }
    activation = "sigmoid"
    gives = "boxes"
    moves = "boxes"
    device = "boxes"
    knobs = frozenset({"focal", "mosaic"})
    advised = ("map", "ap50")
    ceiling = "map"
    told = "map"
    words = words.BOXES
    enough = 0.5

    @staticmethod
    def likeness(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return iou(found, truth)

    def columns(self, model: "keras.Model", outputs: int) -> int:
        return 5 + outputs

    def shape_of(self, model: "keras.Model", row: tuple[int, ...], outputs: int) -> tuple[int, ...]:
        cells = int((*model.output_shape, 0)[1] or 0)
        strides_of(row[:2], cells)
        return (cells, 5 + outputs)

    def loss(
        self, label_smoothing: float = 0.0, focal: float = 0.0, units: Units | None = None
    ) -> "keras.losses.Loss":
        from zoo.tasks.boxes.losses import DetectionLoss

        return DetectionLoss(self.size, focal)

    def constant(self, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return constant.of_boxes(y, self.size, shape)

    def cells(self) -> tuple[int, int]:
        return cells_of(self.size, USUAL), 5 + len(self.labels)

    def decoded(self, outputs: np.ndarray) -> Found:
        return find(outputs, self.size)

    def scores(self, outputs: np.ndarray) -> np.ndarray:
        return np.asarray(logistic(outputs[..., 4:5]) * logistic(outputs[..., 5:]))

    def card(self, outputs: int, columns: int, ending: str | None) -> tuple[str, str]:
        return f"boxes of {outputs} class(es)", (
            "Of each cell dx, dy, log w, log h in strides, logits of objectness and of each class; "
            "the product of their sigmoids is the score of a box."
        )

    def judged(self, y: np.ndarray, outputs: np.ndarray) -> Weighted:
        return figures_of.average_precision(match(self.found(outputs), y, len(self.labels)))

    def figures(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Measure]:
        """Return AP over IoU of 0.5 to 0.95 and at 0.5, of COCO's areas, recall and F1.

        AP and areas as pycocotools has them. recall: of boxes of all classes at IoU 0.5, by the
        lowest common threshold with at most one false box in ten images. f1: of all boxes at IoU
        0.5 and the threshold of each class. centroid_f1: the same of their centers, which must lie
        in the true box, or within 8 pixels of its center. Areas without a true box are left out.
        """
        found = self.found(outputs)
        of = match(found, y, len(self.labels), areas=(ALL, *AREAS.values()))
        told = found.above(np.array(self.thresholds))
        measures = {
            "map": figures_of.average_precision(of),
            "ap50": figures_of.average_precision(of, 0, FIFTY),
            "recall": figures_of.recall_at(of),
            "f1": figures_of.f1(match(told, y, len(self.labels), [self.enough])),
            "centroid_f1": figures_of.f1(_of_centers(told, y, len(self.labels))),
        }
        for number, area in enumerate(AREAS, 1):
            if of.truths[number].any():
                measures[f"ap_{area}"] = figures_of.average_precision(of, number)
        return {name: Measure(measures[name]) for name in self.titles if name in measures}


class CenterCuts(Cuts):
    """Thresholds with the largest F1 of centers."""

    figure = "centroid_f1"


@dataclass(frozen=True)
class Centroids(Detection):
    """Centers of objects, for the smallest chips; the truth is that of `Detection`.

    Outputs: (rows, cells, classes) logits of one map. A cell that no neighbor outdoes is an object
    where its score is over the threshold.

    Examples:
        >>> zoo.load_data("digits_scenes", task="centroids").metric
        'centroid_f1'
    """

    name = "centroids"
    metrics = (Metric("centroid_f1", "centroid F1 %", 1, 100, "points", "points"),)
    titles: ClassVar[Mapping[str, tuple[str, int]]] = {
        "centroid_f1": ("centroid F1 %", 100),
        "best_centroid_f1": ("centroid F1 at the best threshold %", 100),
        "recall": ("recall at 0.1 false objects an image %", 100),
    }
    gives = "points"
    device = "points"
    advised = ("centroid_f1", "best_centroid_f1")
    ceiling = "centroid_f1"
    told = "centroid_f1"
    words = words.POINTS
    adjusted = CenterCuts
    enough = 0.0

    @classmethod
    def takes(cls, y: np.ndarray) -> bool:
        """Take no labels unasked: boxes are for `Detection`."""
        return False

    @staticmethod
    def likeness(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return closeness(found, truth)

    def columns(self, model: "keras.Model", outputs: int) -> int:
        return outputs

    def shape_of(self, model: "keras.Model", row: tuple[int, ...], outputs: int) -> tuple[int, ...]:
        cells, _ = super().shape_of(model, row, outputs)
        return (cells, outputs)

    def loss(
        self, label_smoothing: float = 0.0, focal: float = 0.0, units: Units | None = None
    ) -> "keras.losses.Loss":
        from zoo.tasks.boxes.losses import CentroidLoss

        return CentroidLoss(self.size, focal)

    def constant(self, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return constant.of_places(y, shape)

    def cells(self) -> tuple[int, int]:
        return cells_of(self.size, USUAL[:1]), len(self.labels)

    def decoded(self, outputs: np.ndarray) -> Found:
        return peaks(outputs, self.size)

    def scores(self, outputs: np.ndarray) -> np.ndarray:
        return logistic(outputs)

    def card(self, outputs: int, columns: int, ending: str | None) -> tuple[str, str]:
        return f"centers of {outputs} class(es)", (
            "Logits of each class in each cell of 8x8 pixels; a cell that no neighbor outdoes is "
            "the center of an object."
        )

    def judged(self, y: np.ndarray, outputs: np.ndarray) -> Weighted:
        return figures_of.f1(_of_centers(self.told_of(outputs), y, len(self.labels)))

    def figures(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Measure]:
        """Return F1 of centers at the thresholds and at the best common one, and recall.

        A center is found in the true box of its class, or within 8 pixels of that box's center.
        """
        of = _of_centers(self.found(outputs), y, len(self.labels))
        return {
            "centroid_f1": Measure(self.judged(y, outputs)),
            "best_centroid_f1": Measure(figures_of.best_f1(of)),
            "recall": Measure(figures_of.recall_at(of)),
        }


def _of_centers(found: Found, y: np.ndarray, classes: int) -> "Matched":
    return match(found, y, classes, [0.0], likeness=closeness)
