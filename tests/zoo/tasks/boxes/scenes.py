"""Boxes of made-up images, found more or less well, and what pycocotools says of them."""

import contextlib
import io
from collections.abc import Iterable

import numpy as np

from zoo.tasks.boxes.decoding import Found
from zoo.tasks.boxes.grid import cells_of, places
from zoo.tasks.boxes.matching import AREAS

SIDE = 200


def truth(rng: np.random.Generator, rows: int, most: int = 6, classes: int = 3) -> np.ndarray:
    """Return boxes of all sizes, (rows, most, 5); some images have none."""
    y = np.full((rows, most, 5), -1, np.float32)
    for row, count in enumerate(rng.integers(0, most + 1, rows)):
        sides = np.exp(rng.uniform(np.log(8), np.log(180), (count, 2)))
        corner = rng.uniform(0, SIDE - sides)
        y[row, :count, 0] = rng.integers(0, classes, count)
        y[row, :count, 1:] = np.concatenate([corner, corner + sides], axis=1)
    return y


def apart(y: np.ndarray, distance: float = 24) -> np.ndarray:
    """Return boxes without those whose center is near that of an earlier one of the image."""
    y = y.copy()
    for boxes in y:
        for line in range(1, len(boxes)):
            middles = (boxes[:, 1:3] + boxes[:, 3:]) / 2
            away = np.abs(middles[:line] - middles[line]).max(axis=1)
            if (away[boxes[:line, 0] >= 0] < distance).any():
                boxes[line] = -1
    return y


def found(rng: np.random.Generator, y: np.ndarray, noise: float = 0.08, classes: int = 3) -> Found:
    """Return the true boxes, moved, some twice or of another class, and as many false ones."""
    rows, most = y.shape[:2]
    near = y[..., 1:] + rng.normal(0, noise, (rows, most, 4)) * np.tile(y[..., 3:] - y[..., 1:3], 2)
    again = near + rng.normal(0, 4, near.shape)
    anywhere = truth(rng, rows, most)[..., 1:]
    boxes = np.concatenate([near, again, anywhere], axis=1)
    boxes[..., 2:] = np.maximum(boxes[..., 2:], boxes[..., :2] + 1)
    kinds = np.concatenate([y[..., 0], y[..., 0], truth(rng, rows, most)[..., 0]], axis=1)
    kinds = np.where(rng.random(kinds.shape) < 0.1, rng.integers(0, classes, kinds.shape), kinds)
    kinds = np.where(boxes[..., 0] < 0, -1, kinds).astype(np.int64)
    scores = np.where(kinds >= 0, np.round(rng.uniform(0.05, 1, kinds.shape), 2), 0)  # with ties
    order = np.argsort(-scores, axis=1, kind="stable")
    return Found(
        np.take_along_axis(boxes, order[..., None], 1).astype(np.float32),
        np.take_along_axis(scores, order, 1).astype(np.float32),
        np.take_along_axis(kinds, order, 1),
    )


def outputs_of(rng: np.random.Generator, y: np.ndarray, noise: float) -> np.ndarray:
    """Return outputs of strides 8 and 16 in which each box has three cells, (rows, cells, 8)."""
    centres, strides = places((SIDE, SIDE), cells_of((SIDE, SIDE), (8, 16)))
    outputs = np.zeros((len(y), len(centres), 8), np.float32)
    outputs[..., 2:4] = -8  # no others overlap anything
    outputs[..., 4:] = -6 + rng.normal(0, noise, outputs[..., 4:].shape)
    for row, line in zip(*np.nonzero(y[..., 0] >= 0), strict=True):
        kind, x1, y1, x2, y2 = y[row, line]
        away = np.abs(centres - [(x1 + x2) / 2, (y1 + y2) / 2]).sum(axis=1)
        free = np.where(outputs[row, :, 4] > -1, np.inf, away)
        for cell in np.argsort(free, kind="stable")[:3]:  # as many as the loss gives it at least
            sides = np.log((x2 - x1, y2 - y1) / strides[cell])
            middle = (((x1 + x2) / 2, (y1 + y2) / 2) - centres[cell]) / strides[cell]
            outputs[row, cell, :4] = np.concatenate([middle, sides])
            outputs[row, cell, :4] += rng.normal(0, noise / 3, 4)
            outputs[row, cell, 4] = rng.uniform(4, 6) - rng.exponential(4 * noise + 1e-9)
            outputs[row, cell, 5 + int(kind)] = 6
    return outputs


def points_of(rng: np.random.Generator, y: np.ndarray, noise: float) -> np.ndarray:
    """Return logits of one map of stride 8 in which each box has a cell, (rows, cells, 3)."""
    centres, _ = places((SIDE, SIDE), cells_of((SIDE, SIDE), (8,)))
    outputs = -6 + rng.normal(0, noise, (len(y), len(centres), 3)).astype(np.float32)
    for row, line in zip(*np.nonzero(y[..., 0] >= 0), strict=True):
        kind, x1, y1, x2, y2 = y[row, line]
        away = np.abs(centres - [(x1 + x2) / 2, (y1 + y2) / 2]).sum(axis=1)
        outputs[row, np.argmin(away), int(kind)] = 6 + rng.normal(0, noise)
    return outputs


def oracle(
    y: np.ndarray, boxes: Found, rows: Iterable[int], classes: int = 3
) -> tuple[dict[str, float], np.ndarray]:
    """Return COCOeval's figures of images, which may occur again, and its precision curves."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    images, annotations, results = [], [], []
    for number, row in enumerate(rows, 1):
        images.append({"id": number})
        for kind, *box in y[row][y[row, :, 0] >= 0].astype(float):
            line = {"image_id": number, "category_id": int(kind), "bbox": _corner_and_sides(box)}
            area = line["bbox"][2] * line["bbox"][3]
            annotations.append({**line, "id": len(annotations) + 1, "area": area, "iscrowd": 0})
        for place in np.flatnonzero(boxes.there[row]):
            box = _corner_and_sides(boxes.boxes[row, place].astype(float))
            kind, score = int(boxes.classes[row, place]), float(boxes.scores[row, place])
            results.append({"image_id": number, "category_id": kind, "bbox": box, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        kinds = [{"id": n} for n in range(classes)]
        known.dataset = {"images": images, "annotations": annotations, "categories": kinds}
        known.createIndex()
        judge = COCOeval(known, known.loadRes(results), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    names = ["map", "ap50", "", *(f"ap_{size}" for size in AREAS)]
    figures = {name: float(value) for name, value in zip(names, judge.stats, strict=False) if name}
    return figures, judge.eval["precision"]


def _corner_and_sides(box: Iterable[float]) -> list[float]:
    x1, y1, x2, y2 = box
    return [x1, y1, x2 - x1, y2 - y1]
