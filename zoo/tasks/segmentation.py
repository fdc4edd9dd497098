"""Semantic segmentation: each pixel has one of several classes. y: uint8 masks, (rows, H, W)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.metrics import masks
from zoo.metrics.bootstrap import percentiles, resamples
from zoo.metrics.gates import Gate
from zoo.metrics.intervals import Estimate
from zoo.metrics.weighted import Measure, once
from zoo.tasks import outputs as outputs_of
from zoo.tasks.answers import MOST, Answers, Effect, Mistake, Part, Widths
from zoo.tasks.masks import form, gating, words
from zoo.tasks.masks.area_table import area_table
from zoo.tasks.masks.form import IGNORED, answered, known
from zoo.tasks.masks.truth import MaskLabels
from zoo.tasks.metric import Metric
from zoo.tasks.task import Task
from zoo.tasks.units import Units

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Segmentation(MaskLabels, Task):
    """One class per pixel; `labels` are the names of the classes 0, 1, ...

    Pixels of 255 (`IGNORED`) do not count. Outputs are logits, (rows, height, width, classes).

    Examples:
        >>> y = np.array([[[0, 1], [1, 255]], [[0, 0], [1, 1]]], np.uint8)
        >>> task, _ = zoo.Segmentation.learn({"y_train": y})
        >>> task
        Segmentation(labels=('0', '1'))
    """

    name = "segmentation"
    metrics = (Metric("miou", "mean IoU %", 1, 100, "points", "points"),)
    titles: ClassVar[Mapping[str, tuple[str, int]]] = {
        "miou": ("mean IoU %", 100),
        "pixel_accuracy": ("pixel accuracy %", 100),
        "mean_dice": ("mean Dice %", 100),
        "boundary_f1": ("boundary F1 %", 100),
    }
    activation = "softmax"
    gives = "mask"
    moves = "mask"
    device = "mask"
    knobs = frozenset({"label_smoothing", "focal", "balance"})
    advised = ("miou", "pixel_accuracy")
    ceiling = "miou"
    told = "miou"
    words = words.SEGMENTATION

    # loss

    def aims(self, y: np.ndarray) -> np.ndarray:
        return y

    def weigh(self, aims: np.ndarray, weights: np.ndarray) -> np.ndarray:
        of_each = np.zeros(IGNORED + 1, np.float32)
        of_each[: len(weights)] = weights
        return np.asarray(of_each[aims])

    def loss(
        self, label_smoothing: float = 0.0, focal: float = 0.0, units: Units | None = None
    ) -> "keras.losses.Loss":
        from zoo.tasks.masks.losses import MaskLoss

        return MaskLoss(label_smoothing, focal)

    def progress(self) -> "keras.metrics.Metric":
        from zoo.tasks.masks.losses import MaskIoU

        return MaskIoU(len(self.labels), self.metric.name)

    def ignorance(self, y: np.ndarray) -> float:
        constant = self.constant(y, (*y.shape, len(self.labels)))
        return self.plain_loss(y, constant, Units())

    def plain_loss(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return float(form.losses(y, outputs).mean())

    def soft(self, outputs: np.ndarray) -> np.ndarray:
        from scipy.special import softmax

        return np.asarray(softmax(outputs.astype(np.float64), axis=-1))

    # answers

    def shape_of(self, model: "keras.Model", row: tuple[int, ...], outputs: int) -> tuple[int, ...]:
        return (*row[:2], outputs)

    def columns(self, model: "keras.Model", outputs: int) -> int:
        """One output is enough for two classes: probability or logit of the second."""
        alone = outputs == 2 and model.outputs[0].shape[-1] == 1
        return 1 if alone and self.ending(model) != "softmax" else outputs

    def squashed(self, columns: int) -> str:
        return outputs_of.PROBABILITIES[columns == 1]

    def logits(self, outputs: np.ndarray, ending: str | None, smallest: float) -> np.ndarray:
        """Return outputs whose softmax is what the model says, (rows, H, W, classes)."""
        if ending is not None:
            return outputs_of.log_probabilities(outputs, smallest)
        return outputs_of.of_two(outputs) if outputs.shape[-1] == 1 else outputs

    def answers(self, outputs: np.ndarray, widths: Widths = None, every: bool = False) -> Answers:
        lines = tuple(
            (str(n), *(f"{100 * share:.1f}\u00a0%" for share in shares))
            for n, shares in enumerate(self._shares(outputs))
        )
        return Answers(("row", *self.labels), lines)

    def predictions(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        shares = zip(self.labels, self._shares(outputs).T, strict=True)
        return {f"share of {label}": share for label, share in shares}

    def card(self, outputs: int, columns: int, ending: str | None) -> tuple[str, str]:
        meaning = "Logits of each pixel: their softmax is the probability of each class."
        if columns < outputs:
            meaning = "A logit of each pixel: its sigmoid is the probability of the second class."
        if ending is not None:
            meaning = "Probabilities of the classes for each pixel; one: the second's."
        return f"a mask of {outputs} classes", meaning

    def effect(self, outputs: np.ndarray) -> Effect:
        """Return which share of the pixels gets another class without each part of the image."""
        chosen = answered(outputs)
        falls = (chosen[1:] != chosen[0]).mean(axis=(1, 2))
        most = int(self._shares(outputs[:1])[0].argmax())
        return Effect(f"mostly {self.labels[most]}", falls, falls)

    def examples(self, y: np.ndarray, outputs: np.ndarray, most: int) -> list[int]:
        """Return rows of middling IoU."""
        order = np.argsort(self._of_each(y, outputs), kind="stable")
        middle = max(0, (len(order) - most) // 2)
        return sorted(int(row) for row in order[middle : middle + most])

    # judging

    def compact(self, outputs: np.ndarray) -> np.ndarray:
        return answered(outputs)

    def portion(self, row: tuple[int, ...]) -> int:
        return outputs_of.rows_of(int(np.prod(row[:2])) * len(self.labels))

    def figures(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Measure]:
        """Return miou (mean intersection over union), pixel_accuracy, mean_dice and boundary_f1.

        Pixels of all images count together; classes that are neither there nor answered do not.
        """
        counts, edges = self._pixels(y, outputs), self._edges(y, outputs)
        return {
            "miou": masks.mean_iou(counts),
            "pixel_accuracy": masks.pixel_accuracy(counts),
            "mean_dice": masks.mean_dice(counts),
            "boundary_f1": masks.boundary_f1(edges),
        }

    def score(self, y: np.ndarray, outputs: np.ndarray, units: Units) -> float:
        return float(masks.mean_iou(self._pixels(y, outputs)).at(once(len(y)))[0])

    def estimate(self, y: np.ndarray, outputs: np.ndarray) -> Estimate:
        """Return the mean IoU; its interval is of images drawn anew."""
        measure = masks.mean_iou(self._pixels(y, outputs))
        ends = percentiles(gating.resampled(measure, len(y)))
        return Estimate(self.score(y, outputs, Units()), ends, ends)

    def drop(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
        a, b = (masks.mean_iou(self._pixels(y, outputs)) for outputs in (first, second))
        drawn = resamples(np.zeros(len(y), int))
        samples = np.concatenate([100 * (a.at(weights) - b.at(weights)) for weights in drawn])
        ends = percentiles(samples)
        return Estimate(self.lost(y, first, second), ends, ends)

    def lost(self, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        return 100 * (self.score(y, first, Units()) - self.score(y, second, Units()))

    def fidelity(
        self, y: np.ndarray, first: np.ndarray, second: np.ndarray, max_drop: float
    ) -> list[Gate]:
        counts = self._pixels(y, first), self._pixels(y, second)
        return [
            gating.changed(y, first, second, max_drop),
            *gating.worst_class(self.labels, *counts, max_drop),
        ]

    def agreement(self, first: np.ndarray, second: np.ndarray) -> float | None:
        return float((answered(first) == answered(second)).mean())

    def worst(self, y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> list[Mistake]:
        """Return the images with the lowest IoU."""
        ious, floats = (self._of_each(y, outputs) for outputs in (of_int8, of_float))
        return [
            Mistake(
                row=int(row),
                truth=", ".join(self.counted(y[row])) or "no class",
                int8=f"IoU {ious[row]:.1%}",
                float=f"IoU {floats[row]:.1%}",
                probability=None,
                wrong=bool(ious[row] < 1),
            )
            for row in np.argsort(ious, kind="stable")[:MOST]
        ]

    def details(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, Any]:
        counts, edges = self._pixels(y, outputs), self._edges(y, outputs)
        matrix = masks.confusion(known(y), answered(outputs), len(self.labels))
        return {"confusion": matrix, "areas": area_table(self.labels, counts, edges)}

    # baselines

    def constant(self, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Return the logarithms of the shares that classes have of each place."""
        counts = np.stack([(y == label).sum(axis=0) for label in range(len(self.labels))], axis=-1)
        whole = np.maximum(counts.sum(axis=-1, keepdims=True), 1)
        return np.broadcast_to(np.log(np.maximum(counts / whole, 1e-9)), shape)

    def parts(self, y: np.ndarray) -> list[Part]:
        return []

    def joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        return parts[0]

    def _shares(self, outputs: np.ndarray) -> np.ndarray:
        """Return the share of the pixels that each class is given, (rows, classes)."""
        chosen = answered(outputs)
        counted = np.ones(chosen.shape, bool)
        counts = masks.by_class(chosen, counted, len(self.labels))
        return np.asarray(counts / chosen[0].size)

    def _pixels(self, y: np.ndarray, outputs: np.ndarray) -> masks.Counts:
        return masks.pixels(known(y), answered(outputs), len(self.labels))

    def _edges(self, y: np.ndarray, outputs: np.ndarray) -> masks.Counts:
        return masks.outlines(known(y), answered(outputs), len(self.labels))

    def _of_each(self, y: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return the mean IoU of each row, (rows,)."""
        return masks.mean_ious(self._pixels(y, outputs))
