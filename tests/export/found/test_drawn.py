"""Drawings over pictures: boxes where they are, colors of classes, masks at another size."""

import io

import numpy as np
import pytest
from PIL import Image

from export.after.pictures import Seen
from export.drawing.drawn import boxed, mask_png, nearest, overlaid, rgb
from export.drawing.palette import colors
from export.page.overlays import _size
from pocketzoo.printing.pictures import coco
from zoo.tasks.masks.form import IGNORED


def gray(height: int = 60, width: int = 80) -> Image.Image:
    return Image.new("RGB", (width, height), (90, 90, 90))


def test_classes_have_colors_of_their_own() -> None:
    found = colors(30)
    assert found.shape == (30, 3)
    assert not found[0].any()
    apart = np.abs(found[:, None].astype(int) - found[None]).max(axis=2) + 99 * np.eye(30)
    assert apart.min() > 15
    assert np.array_equal(colors(3), found[:3])
    assert colors(0).shape == (0, 3)


def test_boxes_and_points_are_drawn_where_they_are() -> None:
    drawn = np.asarray(boxed(gray(), np.array([[10, 30, 40, 50.0]]), [1], [""]), int)
    changed = np.argwhere((drawn != 90).any(axis=2))
    assert changed.min(axis=0).tolist() == [30, 10]
    assert changed.max(axis=0).tolist() == [49, 39]
    assert np.array_equal(drawn[30, 20], colors(3)[2])
    point = np.asarray(boxed(gray(), np.array([[20.0, 30, 20, 30]]), [0], [""]), int)
    assert np.abs(np.argwhere((point != 90).any(axis=2)) - [30, 20]).max() <= 5
    texts = boxed(gray(), np.array([[2.0, 0, 40, 50]]), [0], ["näme 0.93"])  # no room above
    assert (np.asarray(texts)[:9] != 90).any()
    ends = np.array([[0.0, 30, 10, 50]]), np.array([[70.0, 30, 80, 50]])
    left, right = (np.asarray(boxed(gray(), one, [0], ["dog 0.9"]), int)[16:28] for one in ends)
    width = 1 + np.argwhere((left != 90).any(axis=2))[:, 1].max()
    assert 30 < width < 70
    assert np.array_equal(left[:, :width], right[:, 80 - width :])  # all of a text is in sight
    assert boxed(gray(), np.zeros((0, 4)), [], []).tobytes() == gray().tobytes()


def test_masks_are_laid_over_pictures() -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[10:20] = 2
    mask[30:] = IGNORED
    drawn = np.asarray(overlaid(gray(), mask), int)
    assert np.array_equal(drawn[15, 5], np.rint((90 + colors(3)[2].astype(int)) / 2))
    assert (drawn[:10] == 90).all()
    assert (drawn[30:] == 90).all()
    with Image.open(io.BytesIO(mask_png(np.minimum(mask, 2), 3))) as file:
        assert file.mode == "P"
        assert np.array_equal(file, np.minimum(mask, 2))
        assert np.array_equal(np.asarray(file.convert("RGB"))[15, 5], colors(3)[2])


def test_masks_at_another_size() -> None:
    mask = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(nearest(mask, (6, 8)), mask.repeat(2, axis=0).repeat(2, axis=1))
    assert np.array_equal(nearest(mask, (1, 2)), [[5, 7]])
    assert np.array_equal(nearest(mask, (3, 4)), mask)


def test_rows_of_any_scale_and_channels_are_pictures() -> None:
    row = np.linspace(-1, 1, 12).reshape(2, 3, 2)
    assert rgb(row, -1.0, 1.0).size == (3, 2)
    assert np.asarray(rgb(np.zeros((2, 2, 1)), 0.0, 0.0)).max() == 0
    assert _size(Image.new("RGB", (32, 16))) == (192, 96)
    assert _size(Image.new("RGB", (440, 110))) == (220, 55)


def seen(**changes: object) -> Seen:
    row = np.zeros((8, 8, 1), np.float32)
    box = np.array([[1.0, 2, 5, 4.5], [0, 0, 2, 2]])
    held = {"mask": None, "boxes": box, "classes": (1, 1), "scores": (0.9, 0.5)} | changes
    return Seen("a.png", (8, 8), path=None, row=row, **held)  # type: ignore[arg-type]


def test_objects_as_coco_has_them() -> None:
    empty = seen(boxes=np.zeros((0, 4)), classes=(), scores=())
    found = coco([empty, seen()], ("cat", "dog"))
    assert [one["id"] for one in found["images"]] == [1, 2]  # a picture without objects is there
    first = found["annotations"][0]
    assert (first["image_id"], first["category_id"], first["score"]) == (2, 2, 0.9)
    assert (first["bbox"], first["area"]) == ([1.0, 2.0, 4.0, 2.5], 10.0)
    assert found["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]


def test_findings_in_words() -> None:
    assert seen().counted(("cat", "dog")) == "2 dog"
    assert seen(boxes=np.zeros((0, 4)), classes=(), scores=()).counted(("cat", "dog")) == "nothing"
    mask = np.array([[0, 0], [0, 2]], np.uint8)
    assert seen(mask=mask).counted(("ground", "cat", "dog")) == "75.0% ground, 25.0% dog"
    assert seen().drawn(("cat", "dog")).size == (8, 8)


def test_coco_json_is_coco(tmp_path: object) -> None:
    """The oracle reads it, and finds all boxes of a truth that is the same."""
    coco_of = pytest.importorskip("pycocotools.coco").COCO
    truth = coco_of()
    truth.dataset = coco([seen()], ("cat", "dog"))
    truth.createIndex()
    assert truth.getAnnIds(catIds=[2]) == [1, 2]
