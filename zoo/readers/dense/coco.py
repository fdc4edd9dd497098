"""COCO: a JSON file with images, annotations and categories, for each part or for all."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.layouts import IMAGES, OURS, Layout
from zoo.readers.dense.annotations import Annotated, Truth, part_in, part_of
from zoo.readers.dense.listing import Listing, Missing, inner, text_of

EXPECTED = "Expected COCO: {images: [...], annotations: [...], categories: [...]}"


@dataclass
class Picture:
    """A picture while its annotations are collected."""

    path: Path
    part: str
    size: tuple[int, int] | None
    classes: list[int] = field(default_factory=list)
    boxes: list[tuple[float, ...]] = field(default_factory=list)
    outlines: list[object] = field(default_factory=list)
    wrong: str = ""


def read_coco(root: Path, layout: Layout, outlines: bool | None) -> Annotated:
    """Read the JSON files of a folder.

    Args:
        root: the folder.
        layout: with its files; where some are called "instances", only these are read.
        outlines: keep polygons and run lengths; False: only boxes, without those of crowds; None:
            refuse polygons, which leave open what is asked.

    Raises:
        UserError: a file that is no COCO, or polygons; all that is wrong with one image is in
            `Truth.wrong`.
    """
    files = [path for path in layout.files if "instances" in path.name] or [*layout.files]
    listing, names, notes = Listing(root), dict[str, int](), list[str]()
    pictures: dict[Path, Picture] = {}
    for path in files:
        held = _held(root / path)
        if "annotations" not in held:
            notes.append(f"{path} has no annotations, and is not read.")
            continue
        part = part_in(path.name) or part_of(path)
        known = _pictures(held["images"], path, part, listing, pictures)
        numbers = {
            key: names.setdefault(name, len(names)) for key, name in _categories(held, path).items()
        }
        _annotate(held["annotations"], path, known, numbers, outlines, notes)
    found = [*pictures.values()]
    return Annotated(
        tuple(one.path for one in found),
        tuple(map(_truth, found)),
        tuple(one.part or part_of(one.path) for one in found),
        tuple(inner(one.path, IMAGES) for one in found),
        tuple(names),
        tuple(notes),
    )


def _held(path: Path) -> dict[str, Any]:
    try:
        held: Any = json.loads(text_of(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} is no JSON: {error}. {EXPECTED}.") from error
    keys = ("images", "annotations", "categories")
    lists = isinstance(held, dict) and all(isinstance(held.get(key, []), list) for key in keys)
    if not lists or "images" not in held:
        raise UserError(f"{path} holds no list of images. {EXPECTED}.")
    if any(not isinstance(one, dict) for key in keys for one in held.get(key, ())):
        raise UserError(f"{path} has images, annotations or categories that are no objects.")
    return dict(held)


def _pictures(
    images: Iterable[Mapping[str, Any]],
    path: Path,
    part: str,
    listing: Listing,
    pictures: dict[Path, Picture],
) -> dict[Any, Picture]:
    """Add the pictures of a file; return them by their ids."""
    known: dict[Any, Picture] = {}
    for image in images:
        name, key = image.get("file_name"), image.get("id")
        if not isinstance(name, str) or not isinstance(key, int | str):
            raise UserError(f"{path} has an image without id or file_name. {EXPECTED}.")
        if key in known:
            raise UserError(f"{path} has two images with the id {key!r}. Renumber them.")
        wrong = ""
        try:
            place = listing.named(name, path.parent, part)
        except Missing as missing:
            place, wrong = Path(name), f"named in {path}: {missing}"
        if place in pictures:
            pictures[place].wrong = f"{path} names it again: two images of one name"
        else:
            pictures[place] = Picture(place, part, _size(image), wrong=wrong)
        known[key] = pictures[place]
    return known


def _size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    size = image.get("height"), image.get("width")
    return size if all(isinstance(side, int) and side > 0 for side in size) else None  # type: ignore[return-value]


def _categories(held: Mapping[str, Any], path: Path) -> dict[Any, str]:
    """Return the names of the categories by their ids, which may have holes."""
    found: dict[Any, str] = {}
    for category in held.get("categories", ()):
        key = category.get("id")
        if not isinstance(key, int | str) or key in found:
            raise UserError(f"{path} has categories without an id, or two with the id {key!r}.")
        found[key] = str(category.get("name", key))
    return dict(sorted(found.items(), key=lambda one: (isinstance(one[0], str), one[0])))


def _annotate(
    annotations: Iterable[Mapping[str, Any]],
    path: Path,
    known: Mapping[Any, Picture],
    numbers: Mapping[Any, int],
    outlines: bool | None,
    notes: list[str],
) -> None:
    lost = crowds = 0
    for one in annotations:
        key, category = one.get("image_id"), one.get("category_id")
        picture = known.get(key) if isinstance(key, int | str) else None
        if picture is None:
            lost += 1
        elif not isinstance(category, int | str) or category not in numbers:
            picture.wrong = picture.wrong or f"{path}: category {category!r} is not in categories"
        elif one.get("iscrowd") and not outlines:
            crowds += 1
        else:
            drawn = _outline(one)
            if drawn and outlines is None:
                raise UserError(
                    f"{path}: this looks like instance segmentation (COCO polygons): {OURS}. Give "
                    "one of these as --task: boxes are read for the one, masks for the other."
                )
            picture.classes.append(numbers[category])
            picture.boxes.append(_corners(one.get("bbox"), drawn))
            picture.outlines.append(drawn if outlines else None)
    if lost:
        notes.append(f"{lost} annotations of {path} are of images that it does not list.")
    if crowds:
        notes.append(f"{crowds} boxes around crowds (iscrowd) in {path} are left out.")


def _outline(one: Mapping[str, Any]) -> Any:
    """Return polygons or run lengths; None for none, or for the box once more."""
    drawn = one.get("segmentation")
    if not isinstance(drawn, list) or len(drawn) != 1 or not isinstance(drawn[0], list):
        return drawn or None
    corners = drawn[0]
    upright = len(corners) in (8, 10) and len({*corners[::2]}) == len({*corners[1::2]}) == 2
    return None if upright else drawn


def _corners(box: Any, drawn: Any) -> tuple[float, ...]:
    """Return x1, y1, x2, y2; NaN for what is no box."""
    if isinstance(box, list) and len(box) == 4 and all(isinstance(v, int | float) for v in box):
        return (box[0], box[1], box[0] + box[2], box[1] + box[3])
    if box is None and isinstance(drawn, list) and all(isinstance(one, list) for one in drawn):
        x, y = ([v for one in drawn for v in one[start::2]] for start in (0, 1))
        if x and y:
            return (min(x), min(y), max(x), max(y))
    return (np.nan,) * 4


def _truth(picture: Picture) -> Truth:
    return Truth(
        np.array(picture.classes, np.int64),
        np.array(picture.boxes, np.float64).reshape(-1, 4),
        picture.size,
        outlines=tuple(picture.outlines),
        wrong=picture.wrong,
    )
