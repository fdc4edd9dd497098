"""Masks and boxes move along with their images: checked by what is drawn on both."""

from typing import Any

import numpy as np
import pytest

import zoo
from tests.helpers.instances import data_of
from tuning import Recipe
from tuning.augmentation.apply import Augmentation, check_augmentation
from tuning.augmentation.mosaic import NEAREST, mosaic, room_for
from tuning.augmentation.moving import LEFT, UNUSED, move_boxes, unmoved
from zoo.tasks.masks.form import IGNORED

MOTIONS: dict[str, Any] = {"shift": 0.25, "flip": True, "zoom": 0.5, "randaugment": 0.6}
SIDES = (40, 56)
ROWS = 60


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return images with one rectangle each, bright on dark, their masks and their boxes."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((ROWS, *SIDES), np.uint8)
    boxes = np.full((ROWS, 3, 5), UNUSED, np.float32)
    for mask, lines in zip(masks, boxes, strict=True):
        height, width = rng.integers(8, 16, 2)
        y, x = rng.integers(4, SIDES[0] - height - 4), rng.integers(4, SIDES[1] - width - 4)
        mask[y : y + height, x : x + width] = 1
        lines[0] = 0, x, y, x + width, y + height
    return masks[..., None].astype(np.float32), masks, boxes


def moved(moves: str, y: np.ndarray, **fields: Any) -> tuple[np.ndarray, np.ndarray]:
    x, _, _ = drawn()
    augment = Augmentation.of(Recipe(**fields), x, moves)
    return augment(np.random.default_rng(1), x, y)


@pytest.mark.parametrize("name", MOTIONS)
def test_masks_go_where_the_pixels_go(name: str) -> None:
    x, masks, _ = drawn()
    if name == "randaugment":  # its tones change what is bright: a rectangle told by its edge
        x, y = moved("mask", masks, randaugment=0.6)
        still = moved("", masks, randaugment=0.6)
        np.testing.assert_array_equal(still[0], x)  # the same draws, whatever follows
        middle = x.min(axis=(1, 2, 3), keepdims=True) / 2 + x.max(axis=(1, 2, 3), keepdims=True) / 2
        seen = (x > middle)[..., 0]
        agree = [(s == (m == 1))[m != IGNORED].mean() for s, m in zip(seen, y, strict=True)]
        right = np.maximum(agree, 1 - np.array(agree))  # solarize turns bright and dark round
        assert np.median(right) > 0.97
    else:
        x, y = moved("mask", masks, **{name: MOTIONS[name]})
        known = y != IGNORED
        wrong = ((x[..., 0] > 0.5) != (y == 1)) & known
        assert wrong.sum() <= 0.02 * (y == 1).sum()  # a pixel's rounding along an edge
        assert name == "flip" or (~known).any()
        assert name != "flip" or known.all()
    assert not np.array_equal(y, masks)
    assert y.dtype == masks.dtype
    assert set(np.unique(y)) <= {0, 1, IGNORED}


@pytest.mark.parametrize("name", MOTIONS)
def test_boxes_go_where_the_pixels_go(name: str) -> None:
    _, masks, boxes = drawn()
    x, y = moved("mask", masks, **{name: MOTIONS[name]})
    again, lines = moved("boxes", boxes, **{name: MOTIONS[name]})
    np.testing.assert_array_equal(again, x)
    assert lines.dtype == np.float32
    assert (lines[:, 1:] == UNUSED).all()
    kept = 0
    for mask, (number, *corners) in zip(y, lines[:, 0], strict=True):
        if number < 0:
            assert (mask == 1).sum() < 150  # little of it is left
            continue
        kept += 1
        rows, columns = np.nonzero(mask == 1)
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        slack = 3 if name == "randaugment" else 1  # the corners of a turned box reach further
        np.testing.assert_allclose(corners, found, atol=slack)
    assert kept > 0.7 * ROWS
    assert not np.array_equal(lines, boxes)


def test_boxes_are_cut_to_the_image_and_dropped_where_little_is_left() -> None:
    boxes = np.array([[[2, 0, 10, 10, 20], [1, 10, 10, 20, 20]]], np.float32)
    matrices = unmoved(1)
    matrices[0, 1, 2] = 6 / 19.5  # read 6 pixels further right: all moves left
    found = move_boxes(boxes, matrices, SIDES[:1] * 2)
    assert LEFT < 4 / 10
    np.testing.assert_allclose(found[0], [[2, 0, 10, 4, 20], [1, 4, 10, 14, 20]], atol=1e-5)
    matrices[0, 1, 2] = 8 / 19.5
    np.testing.assert_allclose(move_boxes(boxes, matrices, (40, 40))[0, 0], [UNUSED] * 5)


def colored() -> tuple[np.ndarray, np.ndarray]:
    """Return images with a rectangle each, of a color of its own, and boxes of that class."""
    x, _, boxes = drawn()
    boxes[:, 0, 0] = np.arange(ROWS)
    return x * (1 + np.arange(ROWS, dtype=np.float32)[:, None, None, None]), boxes


def test_four_images_are_one_with_their_boxes_where_they_are_drawn() -> None:
    """A box's color is its class, so that none can stand for another's."""
    x, boxes = colored()
    room = room_for(boxes)
    assert room == 4
    recipe = Recipe(mosaic=1.0)
    augment = Augmentation.of(recipe, x, "boxes", boxes)
    found, y = augment(np.random.default_rng(2), x, boxes)
    assert found.shape == x.shape
    assert y.shape == (ROWS, room, 5)
    counts = (y[..., 0] >= 0).sum(axis=1)
    assert counts.max() == room
    for image, lines in zip(found[..., 0], y, strict=True):
        rest = image.copy()
        for number, *corners in lines[lines[:, 0] >= 0]:
            # the color at full strength, but along edges, which bilinear reading blurs
            rows, columns = np.nonzero(np.abs(image - (1 + number)) < 1e-3)
            seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            np.testing.assert_allclose(corners, seen, atol=2.5)
            left, top, right, bottom = np.rint(corners).astype(int)
            rest[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = 0
        assert (rest > 0.5).sum() < 150  # what little is left of others


def test_a_share_of_the_images_is_made_of_four() -> None:
    x, boxes = colored()
    found, y = mosaic(np.random.default_rng(0), x, boxes, 0.5, 4)
    same = (found == x).all(axis=(1, 2, 3))
    assert 0.3 * ROWS < same.sum() < 0.7 * ROWS
    np.testing.assert_array_equal(y[same, :3], boxes[same])
    assert (y[same, 3] == UNUSED).all()
    few, lines = mosaic(np.random.default_rng(0), x[:3], boxes[:3], 1.0, 4)
    np.testing.assert_array_equal(few, x[:3])
    assert lines.shape == (3, 4, 5)
    assert 0 < NEAREST < 0.5


def test_mosaic_is_for_boxes() -> None:
    x, _, _ = drawn()
    with pytest.raises(zoo.UserError, match="mosaic is for boxes; rows .*Set it to 0"):
        check_augmentation(Recipe(mosaic=0.5), data_of(x, np.arange(ROWS) % 2))
    with pytest.raises(zoo.UserError, match=r"mosaic must be a number in \[0, 1\]"):
        Recipe(mosaic=1.5)
