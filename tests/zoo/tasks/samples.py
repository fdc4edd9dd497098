"""Rows of each task: labels, outputs that are nearly right, and a reference implementation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn import metrics

from tests.zoo.tasks.boxes.scenes import SIDE, apart, oracle, outputs_of, points_of, truth
from zoo.tasks import (
    Centroids,
    Classification,
    Detection,
    Multilabel,
    Regression,
    Segmentation,
    Task,
)
from zoo.tasks.boxes.decoding import peaks
from zoo.tasks.masks.form import IGNORED

ROWS = 200
IMAGES = 60  # with boxes


@dataclass(frozen=True)
class Sample:
    """A task with labels and outputs.

    Attributes:
        y: labels, in order of their strata.
        outputs: mostly right.
        worse: less so.
        perfect: right on every row.
        bad: labels that cannot be learned, as `y_train`, and a part of the message.
        reference: figures by scikit-learn, of y and outputs.
    """

    task: Task
    y: np.ndarray
    outputs: np.ndarray
    worse: np.ndarray
    perfect: np.ndarray
    bad: tuple[tuple[np.ndarray, str], ...]
    reference: Callable[[np.ndarray, np.ndarray], dict[str, float]]


def _classes() -> Sample:
    rng = np.random.default_rng(0)
    y = np.sort(np.arange(ROWS) % 3)
    perfect = 3.0 * np.eye(3)[y]
    outputs = perfect + rng.normal(size=perfect.shape)
    worse = outputs + rng.normal(0, 2, perfect.shape)
    bad = (
        (1 + np.eye(3)[y], r"or one 1 among zeros \(one-hot\); got shape"),
        (y + 1, "must use every class 0..classes-1; it holds 1, 2, 3"),
        (y * 0, "holds one class only; a classifier needs at least two"),
    )
    task = Classification(("a", "b", "c"))
    return Sample(task, y, outputs, worse, perfect, bad, _figures_of_classes)


def _figures_of_classes(y: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    exponentials = np.exp(logits)
    p = exponentials / exponentials.sum(axis=1, keepdims=True)
    chosen = p.argmax(axis=1)
    return {
        "accuracy": metrics.accuracy_score(y, chosen),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, chosen),
        "macro_f1": metrics.f1_score(y, chosen, average="macro"),
        "roc_auc": metrics.roc_auc_score(y, p, multi_class="ovr"),
        "log_loss": metrics.log_loss(y, p),
        "brier": metrics.brier_score_loss(y, p, labels=range(3)),
    }


def _numbers() -> Sample:
    rng = np.random.default_rng(0)
    y = (rng.normal(5, 1, (ROWS, 2)) * [1, 10]).astype(np.float32)
    outputs = y + rng.normal(0, [0.3, 3], y.shape).astype(np.float32)
    worse = outputs + rng.normal(0, [0.5, 5], y.shape).astype(np.float32)
    bad = ((y.reshape(ROWS, 2, 1), r"must have shape \(rows,\) or \(rows, targets\)"),)
    return Sample(Regression(), y, outputs, worse, y, bad, _figures_of_numbers)


def _figures_of_numbers(y: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    return {
        "rmse": float(np.sqrt(metrics.mean_squared_error(y, outputs))),
        "mae": metrics.mean_absolute_error(y, outputs),
        "mape": metrics.mean_absolute_percentage_error(y, outputs),
        "r2": metrics.r2_score(y, outputs),
    }


def _labels() -> Sample:
    rng = np.random.default_rng(0)
    y = (rng.random((ROWS, 4)) < [0.6, 0.4, 0.3, 0.1]).astype(np.uint8)
    y = y[np.argsort(Multilabel.strata(y), kind="stable")]
    perfect = 3.0 * (2 * y - 1.0)
    outputs = np.round(perfect + rng.normal(0, 3, y.shape), 1)  # with ties, as int8 gives
    worse = outputs + rng.normal(0, 4, y.shape)
    bad = (
        (y[:, 0], r"must be a matrix of zeros and ones, \(rows, labels\), with at least two"),
        (2 * y, "must be a matrix of zeros and ones"),
        (y * [1, 0, 1, 1], "No training row has the label '1': there is nothing to learn of it"),
        (y | [0, 0, 0, 1], "All training rows have the label '3'"),
    )
    task = Multilabel(("a", "b", "c", "d"))
    return Sample(task, y, outputs, worse, perfect, bad, _figures_of_labels)


def _figures_of_labels(y: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    said = logits > 0
    return {
        "macro_f1": metrics.f1_score(y, said, average="macro", zero_division=np.nan),
        "micro_f1": metrics.f1_score(y, said, average="micro"),
        "mean_average_precision": metrics.average_precision_score(y, logits, average="macro"),
        "subset_accuracy": metrics.accuracy_score(y, said),
    }


def _masks() -> Sample:
    rng = np.random.default_rng(0)
    y = np.repeat(np.repeat(rng.integers(0, 3, (ROWS, 3, 4)), 3, axis=1), 3, axis=2)
    y[:, 0, :2] = IGNORED
    y[0, :4] = IGNORED
    y = y.astype(np.uint8)
    perfect = 3.0 * (y[..., None] == np.arange(3))
    outputs = perfect + rng.normal(0, 1.2, perfect.shape)
    worse = outputs + rng.normal(0, 2, perfect.shape)
    bad = (
        (y[:, 0], r"must hold a mask of class numbers for each image, whole numbers of shape"),
        (y / 2, r"whole numbers of shape \(rows, height, width\); got shape .* type float64"),
        (y.astype(int) - 1, "holds classes of pixels outside the range: -1 to 254"),
        (y * (y == IGNORED), "training masks hold 1 class only; a segmentation needs at least two"),
    )
    task = Segmentation(("a", "b", "c"))
    return Sample(task, y, outputs, worse, perfect, bad, _figures_of_masks)


def _figures_of_masks(y: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    known = y != IGNORED
    truth, said = y[known], logits.argmax(axis=-1)[known]
    return {
        "miou": metrics.jaccard_score(truth, said, average="macro"),
        "pixel_accuracy": metrics.accuracy_score(truth, said),
        "mean_dice": metrics.f1_score(truth, said, average="macro"),
    }


def _boxes() -> Sample:
    rng = np.random.default_rng(0)
    y, task = truth(rng, IMAGES), Detection(("a", "b", "c"), (SIDE, SIDE))
    y = y[np.argsort(Detection.strata(y), kind="stable")]
    perfect = outputs_of(rng, y, 0.0)
    outputs, worse = outputs_of(rng, y, 0.3), outputs_of(rng, y, 1.0)
    wide = y.copy()
    wide[0, 0] = (1, 3, 3, 3, 9)
    bad = (
        (y[..., :4], r"must hold boxes, numbers of shape \(rows, most, 5\): class, x1, y1, x2, y2"),
        (y * np.nan, "holds boxes with NaN or infinite numbers"),
        (np.where(y < 0, -2, y), "lines without a box are -1 throughout"),
        (wide, "holds boxes without an area: x2 must be over x1, y2 over y1"),
        (np.full_like(y, -1), "y_train holds no box: there is nothing to learn"),
    )

    def reference(y: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        return oracle(y, task.found(outputs), range(len(y)))[0]

    return Sample(task, y, outputs, worse, perfect, bad, reference)


def _centers() -> Sample:
    rng = np.random.default_rng(0)
    y, task = apart(truth(rng, IMAGES)), Centroids(("a", "b", "c"), (SIDE, SIDE), (0.5, 0.5, 0.5))
    y = y[np.argsort(Centroids.strata(y), kind="stable")]
    perfect = points_of(rng, y, 0.0)
    bad = ((y[..., 0], r"must hold boxes, numbers of shape \(rows, most, 5\)"),)
    noisy = [points_of(rng, y, noise) for noise in (1.5, 3.0)]
    return Sample(task, y, noisy[0], noisy[1], perfect, bad, _figures_of_centers)


def _figures_of_centers(y: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    """Return F1 of centers, one image and one class after the other."""
    hits = whole = 0
    found = peaks(logits, (SIDE, SIDE), 0.5)
    for row, boxes in enumerate(y):
        for kind in range(3):
            left = [box[1:] for box in boxes if box[0] == kind]
            for x, y_of in found.boxes[row, found.classes[row] == kind][:, :2]:
                whole += 1
                near = [
                    (max(abs(x - (x1 + x2) / 2), abs(y_of - (y1 + y2) / 2)), place)
                    for place, (x1, y1, x2, y2) in enumerate(left)
                    if abs(x - (x1 + x2) / 2) <= max((x2 - x1) / 2, 8)
                    and abs(y_of - (y1 + y2) / 2) <= max((y2 - y1) / 2, 8)
                ]
                if near:
                    del left[min(near)[1]]
                    hits += 1
            whole += sum(box[0] == kind for box in boxes)
    return {"centroid_f1": 2 * hits / whole}


SAMPLES = {
    sample.task.name: sample
    for sample in (_classes(), _numbers(), _labels(), _masks(), _boxes(), _centers())
}
