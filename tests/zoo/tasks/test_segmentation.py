"""Masks: figures by scikit-learn and by hand, ignored pixels, the loss, gates, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

import zoo
from tests.helpers.instances import data_of
from tests.zoo.tasks.samples import SAMPLES
from tuning import Recipe
from tuning.augmentation.apply import check_augmentation
from zoo.metrics import masks
from zoo.metrics.weighted import once
from zoo.tasks import Segmentation
from zoo.tasks.masks.form import IGNORED, losses
from zoo.tasks.masks.losses import MaskLoss
from zoo.tasks.units import Units

SAMPLE = SAMPLES[Segmentation.name]
TASK, Y = SAMPLE.task, SAMPLE.y


def flat(outputs: np.ndarray, rows: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes of the pixels that count, and what was answered."""
    counted = Y[rows] != IGNORED
    return Y[rows][counted], outputs[rows].argmax(axis=-1)[counted]


def test_areas_are_scikit_learns() -> None:
    truth, said = flat(SAMPLE.worse)
    lines = TASK.details(Y, SAMPLE.worse)["areas"].described()
    found = {name: [line[name] for line in lines] for name in ("iou", "dice", "pixels")}
    np.testing.assert_allclose(found["iou"], metrics.jaccard_score(truth, said, average=None))
    np.testing.assert_allclose(found["dice"], metrics.f1_score(truth, said, average=None))
    assert found["pixels"] == TASK.counts(Y) == np.bincount(truth).tolist()
    score = TASK.score(Y, SAMPLE.worse, Units())
    expected = metrics.jaccard_score(truth, said, average="macro")
    assert score == pytest.approx(expected, abs=1e-9)
    matrix = TASK.details(Y, SAMPLE.worse)["confusion"]
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(truth, said))


def test_a_class_that_is_nowhere_does_not_count() -> None:
    y = np.zeros((2, 4, 4), np.uint8)
    y[0, :2] = 1
    outputs = 3.0 * (y[..., None] == np.arange(3))
    task = Segmentation(("a", "b", "c"))
    assert task.score(y, outputs, Units()) == 1
    assert task.details(y, outputs)["areas"].lines[2].iou is None
    outputs[1, 0, 0] = [0, 0, 9]  # answered once
    assert task.score(y, outputs, Units()) == pytest.approx((23 / 24 + 1 + 0) / 3)


def test_pixels_that_do_not_count_change_nothing() -> None:
    outputs = SAMPLE.outputs.copy()
    outputs[Y == IGNORED] = np.random.default_rng(1).normal(0, 9, outputs[Y == IGNORED].shape)
    for name, measure in TASK.figures(Y, SAMPLE.outputs).items():
        value = measure.at(once(len(Y)))[0]
        assert TASK.figures(Y, outputs)[name].at(once(len(Y)))[0] == value, name
    np.testing.assert_allclose(losses(Y, outputs), losses(Y, SAMPLE.outputs))
    loss = MaskLoss(0.1, 2.0)
    assert float(loss(Y, outputs)) == pytest.approx(float(loss(Y, SAMPLE.outputs)), rel=1e-5)


def test_the_loss_is_cross_entropy_and_dice_of_each_image() -> None:
    rows = slice(20)
    expected = []
    for y, logits in zip(Y[rows], SAMPLE.outputs[rows], strict=True):
        counted = y != IGNORED
        p = np.exp(logits[counted]) / np.exp(logits[counted]).sum(axis=-1, keepdims=True)
        one_hot = np.eye(3)[y[counted]]
        dice = 2 * (p * one_hot).sum(axis=0) / (p.sum(axis=0) + one_hot.sum(axis=0))
        there = one_hot.any(axis=0)
        expected.append(metrics.log_loss(y[counted], p, labels=range(3)) + 1 - dice[there].mean())
    np.testing.assert_allclose(losses(Y[rows], SAMPLE.outputs[rows]), expected, rtol=1e-6)
    made = MaskLoss()(Y[rows], SAMPLE.outputs[rows])
    assert float(made) == pytest.approx(np.mean(expected), rel=1e-5)
    smooth, focal = MaskLoss(label_smoothing=0.2), MaskLoss(focal=2.0)
    assert float(smooth(Y, SAMPLE.perfect)) > float(MaskLoss()(Y, SAMPLE.perfect))
    assert float(focal(Y, SAMPLE.outputs)) < float(MaskLoss()(Y, SAMPLE.outputs))
    assert MaskLoss.from_config(smooth.get_config()).label_smoothing == 0.2


def test_an_image_without_a_pixel_that_counts_costs_nothing() -> None:
    y = np.full((2, 3, 3), IGNORED, np.uint8)
    assert losses(y, np.ones((2, 3, 3, 2))).tolist() == [0, 0]
    assert float(MaskLoss()(y, np.ones((2, 3, 3, 2), np.float32))) == 0


def boundary_by_hand(y: np.ndarray, chosen: np.ndarray, reach: int) -> float:
    """Return the mean F1 of outlines, pixel by pixel."""

    def outline(mask: np.ndarray, label: int) -> set[tuple[int, int, int]]:
        found = set()
        for n, i, j in zip(*np.nonzero(mask == label), strict=True):
            for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                inside = 0 <= i + di < mask.shape[1] and 0 <= j + dj < mask.shape[2]
                if inside and mask[n, i + di, j + dj] not in (label, -1):
                    found.add((n, i, j))
        return found

    def near(some: set[tuple[int, int, int]], others: set[tuple[int, int, int]]) -> float:
        steps = range(-reach, reach + 1)
        hits = [any((n, i + a, j + b) in others for a in steps for b in steps) for n, i, j in some]
        return float(np.mean(hits))

    values = []
    for label in range(3):
        true, said = outline(y, label), outline(np.where(y < 0, -1, chosen), label)
        precision, recall = near(said, true), near(true, said)
        values.append(2 * precision * recall / (precision + recall))
    return float(np.mean(values))


def test_boundaries_are_those_found_by_hand() -> None:
    y = np.where(Y == IGNORED, -1, Y.astype(int))[:12]
    coarse = np.roll(Y[:12], 2, axis=2)
    chosen = np.where(coarse == IGNORED, 0, coarse).astype(int)
    found = masks.boundary_f1(masks.outlines(y, chosen, 3)).at(once(12))[0]
    assert found == pytest.approx(boundary_by_hand(y, chosen, 1), abs=1e-9)
    assert 0.3 < found < 0.99
    wide = np.repeat(np.repeat(y, 16, axis=1), 16, axis=2)  # of a diagonal of 240 pixels
    assert masks.boundary_f1(masks.outlines(wide, wide, 3)).at(once(12))[0] == 1
    moved = np.roll(wide, 2, axis=2)
    near = masks.boundary_f1(masks.outlines(wide, np.where(moved < 0, 0, moved), 3)).at(once(12))[0]
    assert near > 0.9  # two pixels are near there


def test_gates_of_equal_masks_pass_and_of_others_fail() -> None:
    same = TASK.gates(Y, SAMPLE.outputs, SAMPLE.outputs, 0.5)
    assert [gate.state for gate in same] == ["passed"] * 3
    assert same[1].ci95 == (0, 0)
    other = TASK.gates(Y, SAMPLE.outputs, SAMPLE.worse, 0.5)
    assert [gate.state for gate in other] == ["failed"] * 3
    low, high = other[1].ci95
    changed = flat(SAMPLE.outputs)[1] != flat(SAMPLE.worse)[1]
    assert other[1].value == pytest.approx(100 * changed.mean())
    assert low < other[1].value < high
    alone = TASK.gates(Y[1:2], SAMPLE.outputs[1:2], SAMPLE.outputs[1:2], 0.5)
    assert alone[1].state == "not shown"  # one image says nothing of others
    none = np.full_like(Y, IGNORED)
    assert len(TASK.gates(none, SAMPLE.outputs, SAMPLE.outputs, 0.5)) == 2


def test_the_interval_of_changed_pixels_covers_as_it_says() -> None:
    """Images differ in how much changes: pixels as such would give a far narrower interval."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        shares = rng.beta(2, 60, 12)
        y = np.zeros((12, 20, 20), np.uint8)
        first = np.zeros((12, 20, 20, 2))
        other = rng.random((12, 20, 20)) < shares[:, None, None]
        second = np.stack([-1.0 * other, 1.0 * other], axis=-1)
        low, high = TASK.fidelity(y, first, second, 0.5)[0].ci95
        covered += low <= 100 * 2 / 62 <= high
    assert 0.88 < covered / 200 <= 1.0


def test_single_logits_are_of_the_second_class() -> None:
    two = Segmentation(("no", "yes"))
    alone = SAMPLE.outputs[..., :1]
    found = two.logits(alone, None, 1e-7)
    np.testing.assert_array_equal(two.soft(found)[..., 1:] > 0.5, alone > 0)


def test_masks_and_images_must_fit() -> None:
    x = np.zeros((len(Y), 9, 11, 3), np.float32)
    with pytest.raises(zoo.UserError, match="holds masks of 9x12 pixels for images of 9x11"):
        Segmentation.learn({"x_train": x, "y_train": Y})
    rare = np.where(Y == 2, 3, Y).astype(np.uint8)
    with pytest.raises(zoo.UserError, match="y_test holds the class 3, which no training mask has"):
        Segmentation.learn({"y_train": Y, "y_test": rare})
    with pytest.raises(zoo.UserError, match="class_names holds 2 names for 3 classes of pixels"):
        Segmentation.learn({"y_train": Y, "class_names": np.array(["a", "b"])})
    named, _ = Segmentation.learn({"y_train": Y, "class_names": np.array(list("abcd"))})
    assert named.outputs(Y) == 4


def test_answers_to_new_rows() -> None:
    np.testing.assert_array_equal(TASK.take_answers("y.npz", Y[..., None].astype(int)), Y)
    with pytest.raises(zoo.UserError, match=r"y.npz holds a class of pixels over 2"):
        TASK.take_answers("y.npz", np.full((1, 4, 4), 3))
    with pytest.raises(zoo.UserError, match="has a mask for each image; a table has none"):
        Segmentation.raw_answers("a.csv", {}, None)


def test_answers_are_shares_of_the_pixels() -> None:
    lines = TASK.answers(SAMPLE.outputs).lines
    shares = np.array([[float(text[:-2]) for text in line[1:]] for line in lines])
    np.testing.assert_allclose(shares.sum(axis=1), 100, atol=0.2)


@pytest.mark.parametrize("field", ["mixup", "distill"])
def test_what_blends_whole_rows_is_refused(field: str) -> None:
    data = replace(data_of(SAMPLE.outputs.astype(np.float32), Y), name="ours", task=TASK)
    said = rf"{field} blends one answer for a whole row; ours is a segmentation"
    with pytest.raises(zoo.UserError, match=said):
        check_augmentation(Recipe(**{field: 0.2}), data)  # type: ignore[arg-type]
    with pytest.raises(zoo.UserError, match="cutmix is for classes; ours is a segmentation"):
        check_augmentation(Recipe(cutmix=1.0), data)
