"""Masks that cannot be: each is told with its file, and left out if asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.zoo.readers.dense.drawn import (
    COUNT,
    SIDES,
    cache,
    every,
    mask,
    masks_in,
    picture,
    save,
    write_coco,
    write_masks,
    write_voc,
)
from zoo.checks import UserError
from zoo.data.reading import Reading

__all__ = ["cache"]


def colorful(path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 9, (*SIDES, 3)).astype(np.uint8)).save(
        path
    )


def deep(path: Path) -> None:
    Image.fromarray(np.full(SIDES, 4000, np.uint16)).save(path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda path: Image.new("L", (9, 5)).save(path),
            "9x5 (width x height) pixels, the image",
        ),
        (lambda path: path.unlink(), "images/07.png: has no mask in masks/"),
        (colorful, "a mask in RGB with "),
        (deep, "a mask with values outside of 0 to 255"),
        (lambda path: path.write_bytes(b""), "cannot identify image file"),
        (lambda path: mask(path, (0, 1, 7)), "its mask holds 7; the classes are 0 to 1. --ignore"),
    ],
)
def test_masks(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    write_masks(tmp_path)
    save(tmp_path / "classes.txt", "ground\nroad\n")
    spoil(tmp_path / "masks/07.png")
    with pytest.raises(UserError) as error:
        masks_in(tmp_path)
    assert said in str(error.value)
    assert "07.png" in str(error.value)
    found = masks_in(tmp_path, skip_bad=True)
    assert len(every(found, "y")) == COUNT - 1
    assert any(said in note for note in found.schema["notes"])


def test_no_mask_can_be_read(tmp_path: Path) -> None:
    write_masks(tmp_path)
    for path in (tmp_path / "masks").iterdir():
        colorful(path)
    for skip in (False, True):
        with pytest.raises(UserError, match="20 files in .* cannot be read"):
            masks_in(tmp_path, skip_bad=skip)


def test_unused_and_doubled_masks(tmp_path: Path) -> None:
    write_masks(tmp_path)
    mask(tmp_path / "masks/other.png")
    found = masks_in(tmp_path)
    assert found.schema["notes"][0].startswith("1 masks without an image are unused, such as masks")
    mask(tmp_path / "masks/07.bmp")
    with pytest.raises(UserError, match=r"07.png: has 2 masks, such as"):
        masks_in(tmp_path)
    (tmp_path / "masks/07.bmp").unlink()
    picture(tmp_path / "images/07.bmp")
    with pytest.raises(UserError, match=r"has the same name, so that .*07.png is of both"):
        masks_in(tmp_path)


def test_masks_of_single_things(tmp_path: Path) -> None:
    for n in range(3):
        picture(tmp_path / f"scan{n}/images/{n}.png", n)
        mask(tmp_path / f"scan{n}/masks/a.png")
    with pytest.raises(UserError, match="has a mask of its name in scan0/masks/. Files of single"):
        masks_in(tmp_path)


@pytest.mark.parametrize(
    ("values", "said"),
    [((3, 3), "all masks hold the value 3 alone"), (None, "shades of gray, not class numbers")],
)
def test_masks_without_classes(tmp_path: Path, values: Any, said: str) -> None:
    write_masks(tmp_path, values or (0, 1))
    if values is None:
        Image.linear_gradient("L").resize(SIDES[::-1]).rotate(180).save(tmp_path / "masks/01.png")
        Image.radial_gradient("L").resize(SIDES[::-1]).save(tmp_path / "masks/02.png")
    with pytest.raises(UserError, match=said):
        masks_in(tmp_path)


def test_numbers_in_a_jpeg(tmp_path: Path) -> None:
    write_masks(tmp_path, (0, 100))
    Image.open(tmp_path / "masks/01.png").save(tmp_path / "masks/01.jpg")
    (tmp_path / "masks/01.png").unlink()
    with pytest.raises(UserError, match="a mask saved as JPEG, which blurs class numbers"):
        masks_in(tmp_path)


def test_class_of_test_masks_alone(tmp_path: Path) -> None:
    write_masks(tmp_path, (0, 1), images="train/images", masks="train/masks")
    write_masks(tmp_path, (0, 1, 2), images="test/images", masks="test/masks", count=4)
    with pytest.raises(UserError, match="no training image has the class '2', which 4 images"):
        masks_in(tmp_path)


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        ([[1, 2, 3]], "a polygon that is no list of x and y"),
        ([[1, 2, 3, 4]], "a polygon of fewer than 3 corners"),
        ([[1, 2, 1e9, 4, 5, 6]], "a polygon of fewer than 3 corners, or far outside"),
        ({"size": [*SIDES], "counts": [3]}, "run lengths that are not of the picture's size"),
        ({"size": [*SIDES], "counts": "o" * 20}, "run lengths that cannot be unpacked"),
        ({"size": [*SIDES], "counts": None}, "run lengths that are not of the picture's size"),
    ],
)
def test_outlines(tmp_path: Path, outline: Any, said: str) -> None:
    held = write_coco(tmp_path)
    held["annotations"][0]["segmentation"] = outline
    save(tmp_path / "annotations.json", held)
    with pytest.raises(UserError) as error:
        masks_in(tmp_path)
    assert f"00.png: {said}" in str(error.value)
    assert len(every(masks_in(tmp_path, skip_bad=True), "y")) == COUNT - 1


def test_outlines_of_another_size(tmp_path: Path) -> None:
    held = write_coco(tmp_path)
    held["images"][0]["height"] = 99
    save(tmp_path / "annotations.json", held)
    with pytest.raises(UserError, match=r"annotated as 48x99 \(width x height\) pixels, but has"):
        masks_in(tmp_path)


def test_boxes_are_no_masks(tmp_path: Path) -> None:
    write_voc(tmp_path)
    with pytest.raises(UserError, match=r"has boxes \(VOC\), and no masks. Pocketzoo has"):
        masks_in(tmp_path)


@pytest.mark.parametrize("ignore", [-1, 256, "void"])
def test_ignored_values(ignore: Any) -> None:
    with pytest.raises(UserError, match="ignore must be"):
        Reading(ignore=ignore)
