"""Masks and boxes as data sets; new rows, with and without labels, for their models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zoo
from tests.helpers.described import Recorded
from tests.zoo.readers.dense.drawn import (
    BOX,
    SIDES,
    cache,
    mask,
    picture,
    save,
    write_coco,
    write_masks,
    write_voc,
    write_yolo,
)
from zoo.checks import UserError
from zoo.data.contents import contents_of
from zoo.data.kinds import IMAGE
from zoo.data.letterbox import Letterbox
from zoo.readers.dense.pictures import letterboxed_rows

__all__ = ["cache"]


def by_name(data: zoo.Data, kind: str) -> dict[str, np.ndarray]:
    """Return rows of all parts by the names of their files."""
    found: dict[str, np.ndarray] = {}
    for part in ("train", "validation", "test"):
        names = [Path(name).name for name in data.columns[f"names_{part}"]]
        found |= dict(zip(names, getattr(data, f"{kind}_{part}"), strict=True))
    return found


@pytest.mark.parametrize("write", [write_masks, write_yolo, write_voc])
def test_new_rows_are_as_in_training(tmp_path: Path, write: Any) -> None:
    root = write(tmp_path)
    data = zoo.load_data(root)
    assert data.kind is IMAGE
    rows = zoo.read_rows(root, Recorded(data))
    known = by_name(data, "x")
    for row, name in zip(rows, sorted(known), strict=True):
        np.testing.assert_array_equal(row, known[name])
    one = next(path for path in sorted(root.rglob("07.*")) if path.suffix in (".png", ".jpg"))
    np.testing.assert_array_equal(zoo.read_rows(one, data.schema)[0], known[one.name])


@pytest.mark.parametrize("write", [write_masks, write_yolo, write_voc])
def test_labeled_rows(tmp_path: Path, write: Any) -> None:
    root = write(tmp_path)
    data = zoo.load_data(root)
    x, y = zoo.read_labelled(root, Recorded(data))
    known, truth = by_name(data, "x"), by_name(data, "y")
    for row, answer, name in zip(x, y, sorted(known), strict=True):
        np.testing.assert_array_equal(row, known[name])
        np.testing.assert_array_equal(answer, truth[name])


def test_labeled_rows_have_the_classes_of_the_run(tmp_path: Path) -> None:
    data = zoo.load_data(write_yolo(tmp_path / "known"))
    write_voc(tmp_path / "new")
    for path in sorted((tmp_path / "new/Annotations").iterdir())[::2]:  # the cats
        path.unlink()
    _, y = zoo.read_labelled(tmp_path / "new", Recorded(data))
    assert (y[:, 0, 0] == 1).all()  # a dog is the only class there, and the second of the run
    (tmp_path / "new/Annotations/01.xml").write_text(
        (tmp_path / "new/Annotations/01.xml").read_text().replace("dog", "owl")
    )
    with pytest.raises(UserError, match="has the class 'owl', which the run does not know"):
        zoo.read_labelled(tmp_path / "new", Recorded(data))
    with pytest.raises(UserError, match="must be a folder of images with masks or boxes"):
        zoo.read_labelled(tmp_path / "new/JPEGImages/01.jpg", Recorded(data))
    write_masks(tmp_path / "masks")
    with pytest.raises(UserError, match="has no boxes: expected COCO, VOC or YOLO"):
        zoo.read_labelled(tmp_path / "masks", Recorded(data))


def test_labeled_masks_of_a_run(tmp_path: Path) -> None:
    data = zoo.load_data(write_masks(tmp_path / "known", (0, 255)))
    write_masks(tmp_path / "new/train")
    write_masks(tmp_path / "new/test", (0, 255), count=5)
    x, y = zoo.read_labelled(tmp_path / "new", Recorded(data))
    assert (len(x), {*np.unique(y)}) == (5, {0, 1})
    mask(tmp_path / "new/test/masks/03.png", (0, 9))
    with pytest.raises(UserError, match=r"03.png: its mask holds 9; the classes are 0 to 255"):
        zoo.read_labelled(tmp_path / "new", Recorded(data))


def test_labeled_outlines_of_a_run(tmp_path: Path) -> None:
    held = write_coco(tmp_path)
    data = zoo.load_data(tmp_path, task="segmentation")
    _, y = zoo.read_labelled(tmp_path, Recorded(data))
    assert {*np.unique(y)} == {0, 1, 2}
    held["categories"][0]["name"] = "owl"
    save(tmp_path / "annotations.json", held)
    with pytest.raises(UserError, match="has the class 'owl', which the run does not know"):
        zoo.read_labelled(tmp_path, Recorded(data))


def test_letterboxes_of_new_pictures(tmp_path: Path) -> None:
    data = zoo.load_data(write_yolo(tmp_path / "known"))
    picture(tmp_path / "new/a.png", 0, (60, 30))
    picture(tmp_path / "new/b.png", 1)
    x, fits = letterboxed_rows(tmp_path / "new", data.schema)
    assert x.shape == (2, *data.input_shape)
    assert fits == [Letterbox.of(size, data.input_shape[:2]) for size in ((60, 30), SIDES)]  # type: ignore[arg-type]


def test_contents(tmp_path: Path) -> None:
    boxes = contents_of(zoo.load_data(write_yolo(tmp_path / "boxes")))
    assert boxes is not None
    sides = f"{BOX[2] - BOX[0]:.0f}x{BOX[3] - BOX[1]:.0f}"
    assert boxes.lines == (("cat", "10", "10", sides), ("dog", "10", "10", sides))
    assert boxes.summary["boxes per image"] == "1 to 1, 1.0 on average"
    assert boxes.summary["images without boxes"] == "0 of 20"
    assert boxes.summary["sizes of boxes"] == f"{sides} to {sides} pixels, in 64x32"
    masks = contents_of(zoo.load_data(write_masks(tmp_path / "masks", (0, 1, 2, 255))))
    assert masks is not None
    assert masks.lines[1] == ("1", "20", "21.16%")
    assert masks.summary == {"ignored pixels": "1.56%"}
    assert contents_of(zoo.load_data("wine")) is None
