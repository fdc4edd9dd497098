"""Folders of images with masks, and masks drawn from polygons."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.zoo.readers.dense.drawn import (
    BOX,
    COUNT,
    SIDES,
    cache,
    every,
    mask,
    masks_in,
    names,
    picture,
    rotated,
    save,
    write_coco,
    write_masks,
    write_yolo,
)
from zoo.data.arrays import Found

__all__ = ["cache"]
PLAIN = ("background", "foreground")
AREA = int((BOX[2] - BOX[0]) * (BOX[3] - BOX[1]))


def check(found: Found, classes: list[str]) -> None:
    """The second class fills the bright rectangle of every image."""
    x, y = every(found, "x"), every(found, "y")
    assert (x.shape, y.shape, y.dtype) == ((COUNT, *SIDES, 3), (COUNT, *SIDES), np.uint8)
    assert found.arrays["class_names"].tolist() == classes
    assert (x[y == 1] == 250).all()
    assert (y == 1).sum() == COUNT * AREA
    assert [len(found.arrays[f"x_{part}"]) for part in ("train", "val", "test")] == [12, 4, 4]


@pytest.mark.parametrize(
    "folders",
    [
        {},
        {"images": "JPEGImages", "masks": "SegmentationClass"},
        {"images": "Imgs", "masks": "labels"},
        {"images": "scans/images", "masks": "scans/annotations"},
        {"end": "_mask"},
    ],
)
def test_usual_names(tmp_path: Path, folders: dict[str, Any]) -> None:
    check(masks_in(write_masks(tmp_path, **folders), task=None, image_size=SIDES), [*PLAIN])


@pytest.mark.parametrize("masks", ["{part}/masks", "masks/{part}"])
def test_given_parts(tmp_path: Path, masks: str) -> None:
    images = masks.replace("masks", "images")
    for part, count in (("train", 10), ("valid", 3), ("test", 5)):
        held = {"images": images.format(part=part), "masks": masks.format(part=part)}
        write_masks(tmp_path, count=count, **held)
    found = masks_in(tmp_path)
    assert [len(found.arrays[f"y_{part}"]) for part in ("train", "val", "test")] == [10, 3, 5]


def test_given_lists(tmp_path: Path) -> None:
    write_masks(tmp_path, images="JPEGImages", masks="SegmentationClass")
    for part, places in {"train": range(10), "val": range(10, 16)}.items():
        lines = "".join(f"{n:02}\n" for n in places)
        save(tmp_path / f"ImageSets/Segmentation/{part}.txt", lines)
    found = masks_in(tmp_path)
    assert names(found, "val") == {f"{n}.png" for n in range(10, 16)}
    assert len(every(found, "x")) == 16


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
@pytest.mark.parametrize(
    ("values", "said", "classes", "third"),
    [
        ((0, 255), {}, [*PLAIN], None),
        ((0, 38), {}, [*PLAIN], None),
        ((0, 1, 2, 255), {}, ["0", "1", "2"], 255),
        ((0, 1, 9), {"ignore": 9}, [*PLAIN], 255),
        ((3, 7), {}, ["3", "7"], None),
        ((0, 50, 200), {}, ["0", "50", "200"], 2),
    ],
)
def test_values(
    tmp_path: Path,
    values: Any,
    said: dict[str, Any],
    classes: list[str],
    third: int | None,
    mode: str,
) -> None:
    found = masks_in(write_masks(tmp_path, values, mode), image_size=SIDES, **said)
    check(found, classes)
    if third is not None:
        place = 6 * (len(values) - 3)
        assert (every(found, "y")[:, -1, place] == third).all()


def test_the_names_of_two_values_are_told(tmp_path: Path) -> None:
    found = masks_in(write_masks(tmp_path, (0, 255)))
    told = "Masks hold 0 and 255: background and foreground. classes.txt gives them other names."
    assert told in found.schema["notes"]


@pytest.mark.parametrize(
    ("listed", "thing", "classes"),
    [
        ("ground\nroad\n", 1, ["ground", "road"]),
        ("0: ground\n1: road\n", 255, ["ground", "road"]),
        ("road\n", 1, ["background", "road"]),
        ("road\n", 255, ["background", "road"]),
        ("ground\nroad\nsky\n", 1, ["ground", "road", "sky"]),
    ],
)
def test_names_of_classes(tmp_path: Path, listed: str, thing: int, classes: list[str]) -> None:
    write_masks(tmp_path, (0, thing))
    save(tmp_path / "classes.txt", listed)
    check(masks_in(tmp_path, image_size=SIDES), classes)


def test_masks_of_a_jpeg(tmp_path: Path) -> None:
    write_masks(tmp_path, (0, 255))
    for path in [*(tmp_path / "masks").iterdir()]:
        Image.open(path).save(path.with_suffix(".jpg"), quality=90)
        path.unlink()
    check(masks_in(tmp_path, image_size=SIDES), [*PLAIN])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_turn_with_their_photographs(tmp_path: Path, orientation: int) -> None:
    for n in range(COUNT):
        picture(tmp_path / f"images/{n}.png", n, exif=rotated(orientation))
        mask(tmp_path / f"masks/{n}.png")
    sides = SIDES[::-1] if orientation > 4 else SIDES
    found = masks_in(tmp_path, image_size=sides)
    x, y = every(found, "x"), every(found, "y")
    assert (x[y == 1] == 250).all()
    assert (y == 1).sum() == COUNT * AREA


def test_size_by_default(tmp_path: Path) -> None:
    write_masks(tmp_path)
    found = masks_in(tmp_path)
    assert found.arrays["x_train"].shape[1:3] == (32, 48)
    picture(tmp_path / "images/00.png", 0, (64, 96))
    Image.new("L", (96, 64)).save(tmp_path / "masks/00.png")
    assert masks_in(tmp_path).arrays["x_train"].shape[1:3] == (128, 128)


def corners() -> list[float]:
    x1, y1, x2, y2 = BOX
    return [x1, y1, x2, y1, x2, y2, x1 + 1, y2, x1, y2]


def run_lengths() -> dict[str, Any]:
    """Return `BOX` as COCO's run lengths, down the columns."""
    inside = np.zeros(SIDES, bool)
    inside[int(BOX[1]) : int(BOX[3]), int(BOX[0]) : int(BOX[2])] = True
    column = inside.T.ravel()
    ends = np.flatnonzero(np.diff(column)) + 1
    counts = np.diff([0, *ends, len(column)])
    return {"size": [*SIDES], "counts": counts.tolist()}


def packed(counts: list[int]) -> str:
    """Return run lengths as COCO's tools write them."""
    text = ""
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        while True:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(48 + (bits | 32 * more))
            if not more:
                break
    return text


@pytest.mark.parametrize("form", ["polygon", "runs", "packed"])
def test_masks_of_coco(tmp_path: Path, form: str) -> None:
    held = write_coco(tmp_path)
    runs = run_lengths()
    drawn: dict[str, Any] = {
        "polygon": [corners()],
        "runs": runs,
        "packed": {**runs, "counts": packed(runs["counts"])},
    }
    for one in held["annotations"]:
        one |= {"segmentation": drawn[form], "category_id": 3}
    save(tmp_path / "annotations.json", held)
    found = masks_in(tmp_path, image_size=SIDES)
    x, y = every(found, "x"), every(found, "y")
    assert found.arrays["class_names"].tolist() == ["background", "cat"]
    missed = (y == 1) != (x == 250).all(axis=-1)
    assert missed.mean() < (0.03 if form == "polygon" else 1e-9)


def test_masks_of_yolo(tmp_path: Path) -> None:
    write_yolo(tmp_path)
    for n in range(COUNT):
        shares = [v / SIDES[1 - place % 2] for place, v in enumerate(corners())]
        save(tmp_path / f"labels/{n:02}.txt", f"0 {' '.join(map(str, shares))}\n")
    found = masks_in(tmp_path, image_size=SIDES)
    missed = (every(found, "y") == 1) != (every(found, "x") == 250).all(axis=-1)
    assert missed.mean() < 0.03


def test_masks_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_masks(tmp_path)
    first = every(masks_in(tmp_path), "y")
    with monkeypatch.context() as patch:
        patch.setattr("zoo.readers.dense.masks.values_of", lambda *_: 1 / 0)
        np.testing.assert_array_equal(every(masks_in(tmp_path), "y"), first)
    mask(tmp_path / "masks/00.png", (1, 0))
    assert (every(masks_in(tmp_path), "y") != first).any()
