"""Boxes that cannot be: each is told with its file, and left out if asked."""

import json
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
from zoo.readers.dense import annotations, listing, voc, yolo

__all__ = ["cache"]
Change = Callable[[dict[str, Any]], object]


def first(held: dict[str, Any]) -> Any:
    return held["annotations"][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda held: first(held).update(bbox=[40, 4, 20, 9]), "lies outside the picture of 48x32"),
        (lambda held: first(held).update(bbox=[60, 4, 1, 1]), "lies outside the picture of 48x32"),
        (lambda held: first(held).update(bbox=[4, 4, 0, 9]), "(4, 4, 4, 13) has no area"),
        (lambda held: first(held).update(bbox=[4, 4, -2, 9]), "has x1 > x2 or y1 > y2"),
        (lambda held: first(held).update(bbox=[4, 4, float("nan"), 9]), "holds NaN or infinite"),
        (lambda held: first(held).update(bbox="wide"), "holds NaN or infinite"),
        (lambda held: first(held).update(category_id=4), "category 4 is not in categories"),
        (
            lambda held: held["images"][0].update(height=99),
            "annotated as 48x99 (width x height) pixels, but has 48x32",
        ),
        (
            lambda held: held["images"][0].update(file_name="lost.png"),
            ".json: is not there",
        ),
        (
            lambda held: held["images"][0].update(file_name="../../etc/passwd"),
            "climbs out of the folder",
        ),
        (
            lambda held: held["images"][0].update(file_name="/etc/passwd"),
            "climbs out of the folder",
        ),
        (
            lambda held: held["images"][0].update(file_name="01.png"),
            "names it again: two images of one name",
        ),
        (
            lambda held: held["annotations"].extend([first(held)] * 1000),
            "picture has at most 1,000",
        ),
    ],
)
def test_coco(tmp_path: Path, change: Change, said: str) -> None:
    held = write_coco(tmp_path)
    change(held)
    save(tmp_path / "annotations.json", held)
    with pytest.raises(UserError) as error:
        boxes_in(tmp_path)
    assert said in str(error.value)
    found = boxes_in(tmp_path, skip_bad=True)
    assert len(every(found, "y")) in (COUNT - 1, COUNT - 2)
    assert said in found.schema["notes"][-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda held: held["images"][0].pop("id"), "an image without id or file_name"),
        (lambda held: held["images"][0].update(id=101), "two images with the id 101"),
        (lambda held: held["categories"][0].update(id=7), "or two with the id 7"),
        (lambda held: held.update(images=3), "holds no list of images"),
        (
            lambda held: held.update(annotations=[3]),
            "or categories that are no objects",
        ),
        (lambda held: held.update(annotations=[]), "has a box; there is nothing to learn"),
    ],
)
def test_coco_that_is_none(tmp_path: Path, change: Change, said: str) -> None:
    held = write_coco(tmp_path)
    change(held)
    save(tmp_path / "annotations.json", held)
    with pytest.raises(UserError, match=said):
        boxes_in(tmp_path, skip_bad=True)


def test_json_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(write_coco(tmp_path))
    save(tmp_path / "annotations.json", text[:-1])
    with pytest.raises(UserError, match=r"annotations.json is no JSON: .*Expected COCO"):
        boxes_in(tmp_path)
    save(tmp_path / "annotations.json", text + "[" * 100_000)
    with pytest.raises(UserError, match="is no JSON"):
        boxes_in(tmp_path)
    monkeypatch.setattr(listing, "LARGEST", 100)
    with pytest.raises(UserError, match="annotations of at most 0 MB are read"):
        boxes_in(tmp_path)
    (tmp_path / "annotations.json").write_bytes(text.encode() + b"\xff")
    monkeypatch.setattr(listing, "LARGEST", 10**9)
    with pytest.raises(UserError, match="cannot be read: 'utf-8' codec"):
        boxes_in(tmp_path)


def test_crowds_and_strangers_are_left_out(tmp_path: Path) -> None:
    held = write_coco(tmp_path)
    first(held)["iscrowd"] = 1
    held["annotations"][1]["image_id"] = "none"
    save(tmp_path / "annotations.json", held)
    save(tmp_path / "image_info_test.json", {"images": [], "categories": []})
    found = boxes_in(tmp_path)
    assert (every(found, "y")[:, 0, 0] == -1).sum() == 2
    notes = " ".join(found.schema["notes"])
    assert "1 annotations of annotations.json are of images that it does not list" in notes
    assert "1 boxes around crowds (iscrowd)" in notes
    assert "image_info_test.json has no annotations, and is not read" in notes


def test_two_images_of_one_name(tmp_path: Path) -> None:
    write_coco(tmp_path)
    picture(tmp_path / "more" / "03.png")
    with pytest.raises(UserError, match=r"03.png: .*is the name of 2 images, such as"):
        boxes_in(tmp_path)


def test_polygons(tmp_path: Path) -> None:
    held = write_coco(tmp_path)
    first(held)["segmentation"] = [[1, 1, 9, 1, 5, 9]]
    save(tmp_path / "annotations.json", held)
    with pytest.raises(UserError) as error:
        boxes_in(tmp_path, task=None)
    assert (
        "this looks like instance segmentation (COCO polygons): pocketzoo has detection and "
        "semantic segmentation. Give one of these as --task"
    ) in str(error.value)
    write_yolo(tmp_path / "yolo")
    save(tmp_path / "yolo/labels/00.txt", "0 0.25 0.25 0.75 0.25 0.5 0.75\n")
    with pytest.raises(UserError, match=r"labels.00.txt: this looks like instance segmentation"):
        boxes_in(tmp_path / "yolo", task=None)


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
