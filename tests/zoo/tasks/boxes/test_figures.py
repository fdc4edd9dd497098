"""Figures of boxes are those of pycocotools, also of resampled images; NMS, peaks, thresholds."""

import numpy as np
import pytest

import zoo
from tests.zoo.tasks.boxes.scenes import SIDE, found, oracle, outputs_of, truth
from zoo.metrics.boxes import average_precision, best_f1, f1, precisions, recall_at
from zoo.metrics.weighted import once
from zoo.tasks import Detection
from zoo.tasks.boxes.cuts import USUAL, Cuts, best_cuts
from zoo.tasks.boxes.decoding import MOST, NMS_IOU, Found, decode, find, iou, peaks
from zoo.tasks.boxes.grid import cells_of, places, strides_of
from zoo.tasks.boxes.matching import ALL, AREAS, closeness, match

FIGURES = {"map": (0, slice(None)), "ap50": (0, slice(0, 1))}
FIGURES |= {f"ap_{name}": (number, slice(None)) for number, name in enumerate(AREAS, 1)}


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_is_that_of_pycocotools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = truth(rng, 40)
    said = found(rng, y)
    of = match(said, y, 3, areas=(ALL, *AREAS.values()))
    figures, curves = oracle(y, said, range(40))
    for name, (area, some) in FIGURES.items():
        value = average_precision(of, area, some)(once(40))[0]
        assert value == pytest.approx(figures[name], abs=1e-6), name
    for kind in range(3):
        np.testing.assert_allclose(precisions(of, kind), curves[0, :, kind, 0, 2], atol=1e-9)


def test_weights_are_images_that_occur_again() -> None:
    rng = np.random.default_rng(3)
    y = truth(rng, 30)
    said = found(rng, y)
    scores = np.where(said.there, said.scores + rng.uniform(0, 1e-3, said.scores.shape), 0)
    said = Found(said.boxes, scores, said.classes)  # without ties, whose order pycocotools sets
    of = match(said, y, 3, areas=(ALL, *AREAS.values()))
    for _ in range(3):
        rows = np.sort(rng.integers(0, 30, 30))
        figures, _ = oracle(y, said, rows)
        weights = np.bincount(rows, minlength=30)[None]
        for name, (area, some) in FIGURES.items():
            value = average_precision(of, area, some)(weights)[0]
            assert value == pytest.approx(figures[name], abs=1e-6), name


def _some(y: np.ndarray, boxes: list[list[float]], scores: list[float]) -> Found:
    """Return boxes of class 0 in one image."""
    return Found(np.array([boxes]), np.array([scores]), np.zeros((1, len(scores)), np.int64))


def test_recall_and_f1_are_counts() -> None:
    y = np.array([[[0, 10, 10, 30, 30], [0, 50, 50, 70, 70]]], np.float32)
    said = _some(y, [[10, 10, 30, 30], [90, 90, 95, 95], [50, 50, 70, 70]], [0.9, 0.8, 0.7])
    of = match(said, y, 1)
    assert recall_at(of, 0)(once(1))[0] == 0.5  # the second is found below a false one
    assert recall_at(of, 1)(once(1))[0] == 1
    assert f1(of)(once(1))[0] == pytest.approx(4 / 5)
    assert best_f1(of)(once(1))[0] == pytest.approx(4 / 5)
    nothing = match(_some(y, [[0, 0, 1, 1]], [0.9]).above(np.array([1.0])), y, 1)
    assert f1(nothing)(once(1))[0] == best_f1(nothing)(once(1))[0] == 0
    assert average_precision(nothing)(once(1))[0] == 0


def test_a_center_must_lie_near() -> None:
    box = np.array([0.0, 0, 100, 100])
    assert closeness(np.array([50.0, 50, 50, 50]), box) == 1
    assert closeness(np.array([99.0, 50, 99, 50]), box) > 0
    assert closeness(np.array([101.0, 50, 101, 50]), box) == -1
    assert closeness(np.array([13.0, 5, 13, 5]), np.array([4.0, 4, 6, 6])) > 0  # within 8 pixels


@pytest.mark.parametrize(
    ("shape", "strides"), [((64, 64), (8, 16)), ((97, 70, 3), (8, 16, 32)), ((40, 40), (8,))]
)
def test_strides_follow_from_cells(shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    cells = cells_of(shape, strides)
    assert strides_of(shape, cells) == strides
    centres, steps = places(shape, cells)
    assert centres.shape == (cells, 2)
    np.testing.assert_array_equal(centres[:2], [[4, 4], [12, 4]])
    assert list(np.unique(steps)) == list(strides)
    with pytest.raises(zoo.UserError, match="cells are those of no maps of an image of"):
        strides_of(shape, cells + 1)


def test_boxes_come_back_from_outputs() -> None:
    rng = np.random.default_rng(0)
    y = truth(rng, 20)
    outputs = outputs_of(rng, y, 0.0)
    boxes, scores = decode(outputs, (SIDE, SIDE))
    assert boxes.min() >= 0
    assert boxes.max() <= SIDE
    assert scores.shape == (20, outputs.shape[1], 3)
    said = find(outputs, (SIDE, SIDE), 0.5)
    assert said.there.sum() == (y[..., 0] >= 0).sum()
    assert average_precision(match(said, y, 3))(once(20))[0] == pytest.approx(1, abs=1e-6)
    assert (np.diff(said.scores, axis=1) <= 0).all()


def test_suppression_is_greedy_and_by_class() -> None:
    rng = np.random.default_rng(1)
    outputs = rng.normal(0, 0.6, (6, cells_of((96, 96), (8, 16)), 7)).astype(np.float32)
    outputs[..., 2:4] += 1
    said = find(outputs, (96, 96), 0.2)
    boxes, scores = decode(outputs, (96, 96))
    for row in range(len(outputs)):
        cells, kinds = np.nonzero(scores[row] > 0.2)
        order = np.argsort(-scores[row, cells, kinds], kind="stable")[:300]
        kept: list[tuple[int, int]] = []
        for cell, kind in zip(cells[order], kinds[order], strict=True):
            beside = [boxes[row, one] for one, its in kept if its == kind]
            if all(iou(boxes[row, cell], box) <= NMS_IOU for box in beside):
                kept.append((cell, kind))
        mine = said.there[row]
        np.testing.assert_array_equal(said.classes[row, mine], [k for _, k in kept[:MOST]])
        np.testing.assert_array_equal(
            said.boxes[row, mine], [boxes[row, c] for c, _ in kept[:MOST]]
        )


def test_peaks_outdo_their_neighbors() -> None:
    heat = np.full((1, 5, 5, 1), -9.0, np.float32)
    heat[0, 1, 1], heat[0, 1, 2], heat[0, 4, 4] = 3, 2, 1
    said = peaks(heat.reshape(1, 25, 1), (40, 40), 0.5)
    assert said.boxes[0, said.there[0]].tolist() == [[12, 12, 12, 12], [36, 36, 36, 36]]


def test_thresholds_have_the_best_f1() -> None:
    y = np.tile(np.array([[[0, 10, 10, 30, 30]]], np.float32), (6, 1, 1))
    boxes = np.tile(np.array([[[10, 10, 30, 30], [60, 60, 80, 80]]], np.float32), (6, 1, 1))
    scores = np.tile([0.9, 0.4], (6, 1))
    cuts = best_cuts(match(Found(boxes, scores, np.zeros((6, 2), np.int64)), y, 2), 2)
    assert cuts.values == pytest.approx((0.65, 0.65))  # the second class has no box of its own
    assert cuts.f1 == pytest.approx((2 / 3, 1))
    task = Detection(("a", "b"), (96, 96))
    assert task.thresholds == (USUAL, USUAL)
    record = {"values": list(cuts.values)}
    told = Cuts.applied(task, record)
    assert told.thresholds == cuts.values
    assert Cuts.removed(told).thresholds == task.thresholds
    with pytest.raises(zoo.UserError, match="holds 1 thresholds for 2 classes. Train the model"):
        Cuts.applied(task, {"values": [0.5]})
