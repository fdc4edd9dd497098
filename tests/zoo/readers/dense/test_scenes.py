"""The built-in synthetic scenes."""

import numpy as np
import pytest

import zoo
from zoo.checks import UserError
from zoo.readers.dense import scenes as drawing
from zoo.readers.dense.scenes import MOST, SIDE, SIZES, scenes


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "SCENES", {"train": 60, "val": 20, "test": 20})


def test_boxes_and_masks_are_of_the_same_scenes() -> None:
    boxes, masks = (
        zoo.load_data("digits_scenes"),
        zoo.load_data("digits_scenes", task="segmentation"),
    )
    assert boxes.task.moves == "boxes"
    np.testing.assert_array_equal(boxes.x_train, masks.x_train)
    assert (boxes.input_shape, boxes.num_outputs, masks.num_outputs) == ((SIDE, SIDE, 1), 10, 11)
    assert masks.class_names == ("background", *boxes.class_names)
    for lines, mask in zip(boxes.y_train, masks.y_train, strict=True):
        drawn = np.zeros_like(mask)
        for digit, x1, y1, x2, y2 in lines[lines[:, 0] >= 0].astype(int):
            inside = mask[y1:y2, x1:x2] == 1 + digit
            assert inside.any(axis=0)[[0, -1]].all()
            assert inside.any(axis=1)[[0, -1]].all()
            drawn[y1:y2, x1:x2] |= inside
        np.testing.assert_array_equal(drawn, mask > 0)


def test_scenes_are_drawn_by_a_seed() -> None:
    first, again, other = scenes(0, False), scenes(0, False), scenes(1, False)
    np.testing.assert_array_equal(first["x_test"], again["x_test"])
    assert (first["x_test"] != other["x_test"]).any()
    lines = first["y_train"]
    count = (lines[..., 0] >= 0).sum(axis=1)
    assert {*count} <= {*range(1, MOST + 1)}
    assert len({*count}) > 2
    sides = (lines[..., 3:] - lines[..., 1:3])[lines[..., 0] >= 0]
    assert sides.min() > 0
    assert SIZES[0] < sides.max() <= SIZES[1]


def test_parts_have_digits_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[set[int]] = []
    draw = drawing._scene

    def noting(random, images, target, pool):  # type: ignore[no-untyped-def]
        used.append({*pool.tolist()})
        return draw(random, images, target, pool)

    monkeypatch.setattr(drawing, "_scene", noting)
    scenes(0, False)
    train, val, test = used[0], used[60], used[80]
    assert not train & val
    assert not test & (train | val)


def test_scenes_are_not_for_every_task() -> None:
    with pytest.raises(
        UserError, match="has boxes, and masks: it is for detection and segmentation"
    ):
        zoo.load_data("digits_scenes", task="classification")
