"""Files of COCO that cannot be: each fault is told with its file, and left out if asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.zoo.readers.dense.drawn import (
    COUNT,
    boxes_in,
    cache,
    every,
    picture,
    save,
    write_coco,
    write_yolo,
)
from zoo.checks import UserError
from zoo.readers.dense import listing

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
