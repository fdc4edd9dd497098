"""Boxes that cannot be: each is told with its file, and left out if asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.zoo.readers.dense.drawn import (
    COUNT,
    SIDES,
    boxes_in,
    cache,
    every,
    picture,
    save,
    write_coco,
    write_masks,
    write_voc,
    write_yolo,
    xml,
)
from zoo.checks import UserError
from zoo.data.sources import reader_of
from zoo.readers.dense import annotations, voc, yolo

__all__ = ["cache"]
Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (xml("00.jpg", [("cat", (30, 2, 10, 9))]), "has x1 > x2"),
        (xml("00.jpg", [("cat", (30, 2, 30, 9))]), "has no area"),
        (xml("00.jpg", [("cat", (5, 5, 80, 9))]), "lies outside the picture"),
        (xml("00.jpg", [("", (5, 5, 8, 9))]), "object 1 has no name"),
        (xml("00.jpg", [("cat", ("a", 5, 8, 9))]), "object 1 has no box of four numbers"),  # type: ignore[list-item]
        (xml("00.jpg", [("cat", (5, 5, float("nan"), 9))]), "holds NaN"),
        (xml("../../00.jpg", []), "climbs out of the folder"),
        (xml("00.jpg", [], (99, 48)), "annotated as 48x99"),
        ("<annotation><object>", "00.xml cannot be read: no element found"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotation>&b;</annotation>", "declares a DOCTYPE or an"),
    ],
)
def test_voc(tmp_path: Path, text: str, said: str) -> None:
    write_voc(tmp_path)
    save(tmp_path / "Annotations/00.xml", text)
    with pytest.raises(UserError) as error:
        boxes_in(tmp_path)
    assert said in str(error.value)
    assert "00." in str(error.value)
    assert len(every(boxes_in(tmp_path, skip_bad=True), "y")) == COUNT - 1


def test_voc_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_voc(tmp_path)
    save(tmp_path / "Annotations/extra.xml", xml("00.jpg", []))
    with pytest.raises(UserError, match=r"00.jpg has two XML files, one of them Annotations.extra"):
        boxes_in(tmp_path)
    (tmp_path / "Annotations/extra.xml").unlink()
    (tmp_path / "JPEGImages/00.jpg").unlink()
    with pytest.raises(UserError, match=r"00.jpg is not there"):
        boxes_in(tmp_path)
    monkeypatch.setattr(voc, "LARGEST", 10)
    with pytest.raises(UserError, match="it has more than 0 MB"):
        boxes_in(tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 12 9 20 12", "expected shares of the sides, 0 to 1; are these pixels?"),
        ("0 0.5 0.5 0.1", "expected five numbers"),
        ("cat 0.5 0.5 0.1 0.1", "expected five numbers"),
        ("0 0.5 0.5 nan 0.1", "holds NaN or infinite numbers"),
        ("7 0.5 0.5 0.1 0.1", "class 7 is not one of 0 to 1"),
        ("0 0.5 0.5 0 0.1", "has no area"),
        ("0 0.9 0.5 0.8 0.1", "lies outside the picture"),
    ],
)
def test_yolo(tmp_path: Path, line: str, said: str) -> None:
    write_yolo(tmp_path)
    save(tmp_path / "labels/05.txt", line)
    with pytest.raises(UserError) as error:
        boxes_in(tmp_path)
    assert said in str(error.value)
    assert "05." in str(error.value)
    assert len(every(boxes_in(tmp_path, skip_bad=True), "y")) == COUNT - 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("names: [", "is no YAML"),
        ("names: 3", "names of data.yaml must be a list"),
        ("names: {a: b}", "names of data.yaml must be a list"),
        (
            "names: [cat, dog]\ntrain: /data/images",
            "names '/data/images' for train, which is not",
        ),
        ("names: [cat, dog]\ntrain: list.txt", "list.txt: ../../a.png climbs out of the folder"),
        ("names: [" + "a, " * 2**19 + "]", "is too large to be the settings"),
    ],
)
def test_settings_of_yolo(tmp_path: Path, settings: str, said: str) -> None:
    write_yolo(tmp_path)
    save(tmp_path / "data.yaml", settings)
    save(tmp_path / "list.txt", "./images/00.png\n../../a.png\n")
    with pytest.raises(UserError) as error:
        boxes_in(tmp_path)
    assert said in str(error.value)


def test_long_list_of_yolo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_yolo(tmp_path)
    monkeypatch.setattr(yolo, "LONGEST", 10)
    with pytest.raises(UserError, match="expected five numbers"):
        boxes_in(tmp_path)


def test_a_million_boxes(tmp_path: Path) -> None:
    write_yolo(tmp_path)
    line = (tmp_path / "labels/00.txt").read_text()
    save(tmp_path / "labels/00.txt", line * 50_000)
    with pytest.raises(UserError, match=r"00.png: 50,000 boxes; a picture has at most 1,000"):
        boxes_in(tmp_path)


def test_class_of_test_images_alone(tmp_path: Path) -> None:
    for part, count in (("train", 12), ("test", 6)):
        write_yolo(tmp_path, count, part)
    save(tmp_path / "labels/test/00.txt", "2 0.5 0.5 0.1 0.1")
    save(tmp_path / "data.yaml", "names: [cat, dog, owl]")
    with pytest.raises(UserError) as error:
        boxes_in(tmp_path)
    assert "no training image has the class 'owl', which 1 images of other parts have" in str(
        error.value
    )
    assert "images/test/00.png" in str(error.value)
    found = boxes_in(tmp_path, skip_bad=True)
    assert len(found.arrays["x_test"]) == 5
    assert "They were left out" in found.schema["notes"][-1]


def test_parts_that_are_not_all(tmp_path: Path) -> None:
    write_yolo(tmp_path, 12, "val")
    with pytest.raises(UserError, match="has no images for training, only val"):
        boxes_in(tmp_path)
    write_yolo(tmp_path, 12, "train")
    write_yolo(tmp_path, 4)
    with pytest.raises(UserError, match=r"images.00.png is in no part, others are in train, val"):
        boxes_in(tmp_path)


def test_a_part_of_which_nothing_is_left(tmp_path: Path) -> None:
    write_yolo(tmp_path, 12, "train")
    write_yolo(tmp_path, 1, "val")
    save(tmp_path / "labels/val/00.txt", "0 9 9 9 9")
    assert len(boxes_in(tmp_path, skip_bad=True).arrays["x_val"]) == 2
    save(tmp_path / "labels/val/00.txt", "2 0.5 0.5 0.1 0.1")
    save(tmp_path / "data.yaml", "names: [cat, dog, owl]")
    with pytest.raises(UserError, match="no image is left for val"):
        boxes_in(tmp_path, skip_bad=True)


def test_masks_are_no_boxes(tmp_path: Path) -> None:
    write_masks(tmp_path)
    with pytest.raises(UserError, match="has masks, and no boxes: detection needs COCO, VOC or"):
        boxes_in(tmp_path)
    write_voc(tmp_path)
    with pytest.raises(UserError, match=r"has masks, and boxes \(VOC\). Give --task"):
        boxes_in(tmp_path, task=None)
    with pytest.raises(UserError, match="--ignore is for masks"):
        boxes_in(tmp_path, ignore=3)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("person_keypoints.json", '{"images": [], "annotations": []}', "keypoints"),
        ("panoptic.json", '{"segments_info": [], "images": 1, "annotations": []}', "panoptic"),
        ("a.json", '{"shapes": [], "imagePath": "a.png"}', "LabelMe"),
        ("a.xml", "<annotations><image id='0'></image></annotations>", "CVAT"),
        ("captions.json", '{"images": [], "annotations": [{"caption": ""}]}', "captions"),
    ],
)
def test_foreign_annotations(tmp_path: Path, name: str, text: str, said: str) -> None:
    picture(tmp_path / "a.png")
    save(tmp_path / name, text)
    with pytest.raises(UserError) as error:
        reader_of(str(tmp_path))
    assert f"this looks like {said}" in str(error.value)
    assert "pocketzoo has detection and semantic segmentation" in str(error.value)


def test_many_bad_boxes_are_not_all_listed(tmp_path: Path) -> None:
    held = write_coco(tmp_path)
    held["images"] += [{"id": n, "file_name": f"lost{n}.png"} for n in range(1000, 1200)]
    save(tmp_path / "annotations.json", held)
    with pytest.raises(UserError, match="and 100 more"):
        boxes_in(tmp_path)


def test_all_that_can_be_wrong_is_told_at_once() -> None:
    truth = annotations.Truth(np.zeros(1, np.int64), np.array([[1.0, 1, 9, 9]]), wrong="torn")
    with pytest.raises(ValueError, match="torn"):
        annotations.checked_boxes(truth, SIDES)
