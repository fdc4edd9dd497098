"""Folders of images with boxes: COCO, VOC and YOLO as people have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.zoo.readers.dense.drawn import (
    BOX,
    COUNT,
    SIDES,
    boxes_in,
    cache,
    every,
    names,
    picture,
    rotated,
    save,
    write_coco,
    write_voc,
    write_yolo,
    xml,
)
from zoo.data.arrays import Found
from zoo.data.letterbox import PADDING, Letterbox

__all__ = ["cache"]
ROW = 32, 64  # (32, 48), rounded up to whole strides of 32


def check(found: Found) -> None:
    """Every image has one box around its bright rectangle."""
    x, y = every(found, "x"), every(found, "y")
    assert (x.shape, y.shape, y.dtype) == ((COUNT, *ROW, 3), (COUNT, 1, 5), np.float32)
    fit = Letterbox.of(SIDES, ROW)
    np.testing.assert_allclose(y[:, 0, 1:], np.repeat(fit.forward([BOX]), COUNT, 0), atol=1e-3)
    assert sorted(y[:, 0, 0]) == [0] * (COUNT // 2) + [1] * (COUNT // 2)
    assert found.arrays["class_names"].tolist() == ["cat", "dog"]
    x1, y1, x2, y2 = fit.forward([BOX])[0].astype(int)
    assert (x[:, y1 + 2 : y2 - 2, x1 + 2 : x2 - 2] > 200).all()
    assert (x[:, :, :8] == PADDING).all()
    assert [len(found.arrays[f"x_{part}"]) for part in ("train", "val", "test")] == [12, 4, 4]


def test_coco(tmp_path: Path) -> None:
    write_coco(tmp_path)
    check(boxes_in(tmp_path))
    check(boxes_in(tmp_path, task=None))


def test_voc(tmp_path: Path) -> None:
    check(boxes_in(write_voc(tmp_path), task=None))


@pytest.mark.parametrize("mixed", [False, True])
def test_yolo(tmp_path: Path, mixed: bool) -> None:
    write_yolo(tmp_path)
    if mixed:
        for path in [*(tmp_path / "images").iterdir(), *(tmp_path / "labels").iterdir()]:
            path.rename(tmp_path / path.name)
        (tmp_path / "data.yaml").unlink()
        save(tmp_path / "classes.txt", "cat\ndog\n")
    check(boxes_in(tmp_path, task=None))


def test_voc_beside_its_images(tmp_path: Path) -> None:
    write_voc(tmp_path, boxes="JPEGImages")
    check(boxes_in(tmp_path))


@pytest.mark.parametrize(
    "where", ["annotations/instances_{}2017.json", "{}/_annotations.coco.json"]
)
def test_given_parts_of_coco(tmp_path: Path, where: str) -> None:
    held = write_coco(tmp_path)
    (tmp_path / "annotations.json").unlink()
    for part, some in (("train", slice(0, 12)), ("val", slice(12, 16)), ("test", slice(16, 20))):
        images = held["images"][some]
        ids = {image["id"] for image in images}
        kept = [one for one in held["annotations"] if one["image_id"] in ids]
        save(tmp_path / where.format(part), {**held, "images": images, "annotations": kept})
    found = boxes_in(tmp_path)
    assert names(found, "val") == {f"{n}.png" for n in range(12, 16)}
    assert names(found, "test") == {f"{n}.png" for n in range(16, 20)}


def test_given_parts_of_voc(tmp_path: Path) -> None:
    write_voc(tmp_path)
    lists = {"train": range(12), "val": range(12, 15), "test": range(15, 19)}
    for part, places in lists.items():
        save(tmp_path / f"ImageSets/Main/{part}.txt", "".join(f"{n:02}\n" for n in places))
    found = boxes_in(tmp_path)
    assert names(found, "test") == {f"{n}.jpg" for n in range(15, 19)}
    assert len(every(found, "x")) == 19
    assert "1 images without an XML file are unused" in found.schema["notes"][-2]


def test_given_parts_of_yolo(tmp_path: Path) -> None:
    for part, count in (("train", 12), ("valid", 6)):
        write_yolo(tmp_path, count, part)
    said = "train: ../images/train\nval: images/valid\ntest: images/none\nnames: {0: cat, 1: dog}"
    save(tmp_path / "data.yaml", said)
    found = boxes_in(tmp_path)
    assert len(found.arrays["x_val"]) == 6
    assert len(found.arrays["x_test"]) == 3  # of the 12 for training: nothing is there for test


def test_groups_stay_together(tmp_path: Path) -> None:
    held = write_coco(tmp_path)
    for n, image in enumerate(held["images"]):
        image["file_name"] = f"clip{n // 4}/{n:02}.png"
        picture(tmp_path / "images" / image["file_name"], n)
        (tmp_path / "images" / f"{n:02}.png").unlink()
    save(tmp_path / "annotations.json", held)
    for group in ("1", r"clip(\d)"):
        found = boxes_in(tmp_path, group=group)
        held_groups = [{*found.arrays[f"groups_{part}"]} for part in ("train", "val", "test")]
        assert all(held_groups)
        assert sum(map(len, held_groups)) == 5


def test_empty_images_are_kept(tmp_path: Path) -> None:
    write_yolo(tmp_path)
    save(tmp_path / "labels/03.txt", "")
    (tmp_path / "labels/04.txt").unlink()
    found = boxes_in(tmp_path)
    assert (every(found, "y")[:, 0, 0] == -1).sum() == 2
    assert found.schema["notes"][0] == "1 of 20 images have no list of boxes: taken as empty."


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_turn_with_their_photographs(tmp_path: Path, orientation: int) -> None:
    for n in range(COUNT):
        picture(tmp_path / f"{n:02}.png", n, exif=rotated(orientation))
        box = [BOX[0] + 1, BOX[1] + 1, *BOX[2:]]
        save(tmp_path / f"{n:02}.xml", xml(f"{n:02}.png", [("cat", box)]))
    found = boxes_in(tmp_path)
    for x, (_, *box) in zip(every(found, "x"), every(found, "y")[:, 0], strict=True):
        bright = (x > 200).all(axis=-1)
        rows, columns = (np.flatnonzero(bright.any(axis=axis)) for axis in (1, 0))
        seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert np.abs(np.array(box) - seen).max() <= 1


def test_boxes_of_upright_photographs_stay(tmp_path: Path) -> None:
    """Their file says the size of the turned photograph."""
    for n in range(COUNT):
        picture(tmp_path / f"{n:02}.png", n, exif=rotated(6))
        turned = xml(f"{n:02}.png", [("cat", (1, 1, 20, 40))], SIDES[::-1])
        save(tmp_path / f"{n:02}.xml", turned)
    found = boxes_in(tmp_path)
    assert every(found, "y")[0, 0, 1:].tolist() == [0, 8, 20, 48]  # 48x32 pixels in 64x32


def test_a_small_overhang_is_clipped(tmp_path: Path) -> None:
    held = write_coco(tmp_path)
    held["annotations"][0]["bbox"] = [-1.5, 4, 20, 29.5]
    save(tmp_path / "annotations.json", held)
    y = every(boxes_in(tmp_path, image_size=SIDES), "y")
    assert [0, 4, 18.5, 32] in y[:, 0, 1:].tolist()


def test_corners_from_zero(tmp_path: Path) -> None:
    write_voc(tmp_path)
    save(tmp_path / "Annotations/00.xml", xml("00.jpg", [("cat", (0, 0, 20, 20))]))
    found = boxes_in(tmp_path, image_size=SIDES)
    assert [0, 0, 20, 20] in every(found, "y")[:, 0, 1:].tolist()
    assert [11, 7, 30, 22] in every(found, "y")[:, 0, 1:].tolist()
    assert "taken to count pixels from 0" in found.schema["notes"][0]


def test_polygons_as_boxes(tmp_path: Path) -> None:
    write_yolo(tmp_path)
    save(tmp_path / "labels/00.txt", "0 0.25 0.25 0.75 0.25 0.5 0.75\n")
    y = every(boxes_in(tmp_path, image_size=SIDES), "y")
    assert [12, 8, 36, 24] in y[:, 0, 1:].tolist()


def test_classes_without_boxes_are_left_out(tmp_path: Path) -> None:
    held = write_coco(tmp_path)
    held["categories"].insert(0, {"id": 0, "name": "animals"})
    save(tmp_path / "annotations.json", held)
    found = boxes_in(tmp_path)
    check(found)
    assert found.schema["notes"][0] == "1 classes have no boxes and are left out: animals."


def test_boxes_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_voc(tmp_path)
    first = boxes_in(tmp_path)
    monkeypatch.setattr("zoo.readers.dense.pictures._fitted", lambda *_: 1 / 0)
    np.testing.assert_array_equal(every(boxes_in(tmp_path), "x"), every(first, "x"))


@pytest.mark.parametrize("size", [(10, 10), (33, 97), (500, 20), (1, 64)])
def test_letterbox_and_back(size: tuple[int, int]) -> None:
    fit = Letterbox.of(size, (48, 64))
    inside: list[Any] = [[0, 0, size[1], size[0]], [size[1] / 4, 0, size[1] / 2, size[0] / 3]]
    there = fit.forward(inside)
    assert (there >= -0.5).all()
    assert (there[:, 2:] <= [64.5, 48.5]).all()
    assert max(side / room for side, room in zip(fit.inner, (48, 64), strict=True)) == 1
    np.testing.assert_allclose(fit.back(there), inside, rtol=1e-4, atol=1e-3)
