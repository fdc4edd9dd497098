"""Losses of detectors: assignment, gradients, and the truth that is refused."""

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from tests.zoo.tasks.boxes.scenes import SIDE, outputs_of, points_of, truth
from zoo.tasks import Centroids, Detection
from zoo.tasks.boxes.grid import cells_of, places
from zoo.tasks.boxes.losses import LEAST, CentroidLoss, DetectionLoss, assign, corners, overlaps

NONE = np.full((1, 5), -1, np.float32)


def _assigned(y: np.ndarray, outputs: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    centres, strides = map(ops.convert_to_tensor, places(size, outputs.shape[1]))
    raw = ops.convert_to_tensor(outputs)
    one_hot = ops.one_hot(ops.convert_to_tensor(y[..., 0].astype("int32")), outputs.shape[2] - 5)
    boxes = corners(raw[..., :4], centres, strides)
    return ops.convert_to_numpy(
        assign(ops.convert_to_tensor(y), one_hot, boxes, raw, centres, strides)
    )


def test_every_box_takes_cells_and_no_cell_two() -> None:
    rng = np.random.default_rng(0)
    y = truth(rng, 8)
    outputs = rng.normal(0, 0.5, (8, cells_of((SIDE, SIDE), (8, 16)), 8)).astype(np.float32)
    taken = _assigned(y, outputs, (SIDE, SIDE))
    assert set(np.unique(taken)) == {0, 1}
    assert taken.sum(axis=1).max() == 1
    assert not taken[y[..., 0] < 0].any()
    assert taken[y[..., 0] >= 0].sum(axis=1).max() <= 10
    assert (taken[y[..., 0] >= 0].sum(axis=1) > 0).mean() > 0.9  # others may have won the cells


def test_the_cell_that_predicts_a_box_takes_it() -> None:
    y = np.array([[[1, 20, 20, 44, 44], *NONE]], np.float32)
    outputs = np.zeros((1, cells_of((64, 64), (8, 16)), 7), np.float32)
    outputs[..., 2:4] = -4
    outputs[0, 27, 2:4] = np.log(3)  # its center is (28, 28)
    outputs[0, 27, :2] = 0.5
    taken = _assigned(y, outputs, (64, 64))
    assert taken[0, 0, 27] == 1
    assert taken[0].sum() == LEAST  # the others that it takes predict nothing


def test_overlaps_of_boxes() -> None:
    one = ops.convert_to_tensor(np.array([[0, 0, 2, 2], [0, 0, 1, 1]], np.float32))
    other = ops.convert_to_tensor(np.array([[1, 0, 3, 2], [2, 0, 3, 1]], np.float32))
    iou, general = map(ops.convert_to_numpy, overlaps(one, other))
    np.testing.assert_allclose(iou, [1 / 3, 0], atol=1e-6)
    np.testing.assert_allclose(general, [1 / 3, -1 / 3], atol=1e-6)


@pytest.mark.parametrize("focal", [0.0, 2.0])
def test_losses_are_of_rows_and_come_back_from_their_configuration(focal: float) -> None:
    rng = np.random.default_rng(0)
    y = truth(rng, 6)
    cases = {
        DetectionLoss: outputs_of(rng, y, 0.5),
        CentroidLoss: points_of(rng, y, 0.5),
    }
    for kind, outputs in cases.items():
        loss = kind((SIDE, SIDE), focal, reduction=None)
        each = ops.convert_to_numpy(loss(y, outputs))
        assert each.shape == (6,)
        alone = ops.convert_to_numpy(loss(y[:2], outputs[:2]))
        np.testing.assert_allclose(each[:2], alone, rtol=1e-5)
        again = kind.from_config(loss.get_config())
        np.testing.assert_allclose(ops.convert_to_numpy(again(y, outputs)), each, rtol=1e-6)


@pytest.mark.parametrize("kind", ["detect_tiny", "centroid_tiny"])
def test_a_step_goes_down_the_slope(kind: str) -> None:
    y = np.array([[[0, 4, 4, 24, 24], *NONE], [[1, 8, 2, 28, 30], [0, 2, 20, 14, 31]]], np.float32)
    x = np.random.default_rng(0).uniform(0, 1, (2, 32, 32, 1)).astype(np.float32)
    task = (Detection if kind.startswith("detect") else Centroids)(("a", "b"), (32, 32))
    keras.utils.set_random_seed(0)
    model = zoo.create_model(kind, (32, 32, 1), 2)
    model.compile(keras.optimizers.Adam(1e-2), task.loss(), jit_compile=False)
    losses = model.fit(x, y, epochs=12, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.8 * losses[0]


def test_boxes_that_cannot_be_learned() -> None:
    y = np.array([[[0, 4, 4, 24, 24], *NONE], [[1, 8, 2, 28, 30], *NONE]], np.float32)
    x = np.zeros((2, 32, 32, 1), np.float32)
    arrays = {"x_train": x, "y_train": y, "x_test": x, "y_test": y}
    assert Detection.learn(arrays)[0] == Detection(("0", "1"), (32, 32))
    cases = {
        "holds boxes outside their images of 32x32 pixels": y * [1, 2, 2, 2, 2],
        "holds boxes of the class 2, which no training image has": y + [1, 0, 0, 0, 0] * (y > 0),
    }
    for message, bad in cases.items():
        bad = np.where(y[..., :1] < 0, y, bad).astype(np.float32)
        with pytest.raises(zoo.UserError, match=message):
            Detection.learn(arrays | {"y_test": bad})
    with pytest.raises(zoo.UserError, match="class_names holds 1 names for 2 classes of boxes"):
        Detection.learn(arrays | {"class_names": np.array(["a"])})
    half = np.where(y[..., :1] < 0, y, y * [0.5, 1, 1, 1, 1]).astype(np.float32)
    with pytest.raises(zoo.UserError, match="must name the class of a box by a whole number"):
        Detection.learn(arrays | {"y_train": half})
    task = Detection(("a",), (32, 32))
    with pytest.raises(zoo.UserError, match="holds boxes of the class 1; the run knows 0 to 0"):
        task.take_answers("new.npz", y)
    with pytest.raises(zoo.UserError, match="Columns of a table hold no boxes"):
        Detection.take_columns({}, None)
