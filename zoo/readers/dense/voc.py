"""Pascal VOC: an XML file for each picture, beside it or in a folder of its own."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from zoo.checks import UserError
from zoo.data.layouts import IMAGES, Layout
from zoo.readers.dense.annotations import Annotated, Truth, part_of, within
from zoo.readers.dense.listing import Listing, Missing, image_sets, inner

LARGEST = 2**24  # bytes of a file
CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_voc(root: Path, layout: Layout) -> Annotated:
    """Read the XML files of a folder, and the parts that ImageSets/Main names.

    Corners of VOC count pixels from 1, and the last pixel is inside; where a corner is at 0, all
    files are taken to count from 0. A picture without a file, or in no list of ImageSets, is
    left out.

    Raises:
        UserError: two files for one picture; all that is wrong with one is in `Truth.wrong`.
    """
    listing = Listing(root)
    lists, notes = image_sets(root, "Main"), list[str]()
    read: dict[Path, tuple[list[str], Truth]] = {}
    for path in layout.files:
        names, truth, said = _read(root, path)
        if lists and path.stem not in lists:
            continue
        try:
            place = _place(listing, path, said)
        except Missing as missing:
            place, truth = (
                path,
                replace(truth, wrong=truth.wrong or f"{said or path.stem} {missing}"),
            )
        if place in read:
            raise UserError(f"{root}: {place} has two XML files, one of them {path}. Remove one.")
        read[place] = names, truth
    without = [path for path in listing.paths if path not in read]
    if without:
        notes.append(f"{len(without)} images without an XML file are unused, such as {without[0]}.")
    counts = Counter(name for names, _ in read.values() for name in names)
    order = {name: place for place, name in enumerate(sorted(counts))}
    first = min((truth.boxes.min() for _, truth in read.values() if truth.boxes.size), default=1)
    if first == 0:
        notes.append("A corner is at 0: boxes are taken to count pixels from 0, not from 1 as VOC.")
    return Annotated(
        tuple(read),
        tuple(
            replace(truth, classes=_numbers(names, order), boxes=_from_zero(truth.boxes, first))
            for names, truth in read.values()
        ),
        tuple(lists.get(path.stem, "") or part_of(path) for path in read),
        tuple(inner(path, IMAGES) for path in read),
        tuple(order),
        tuple(notes),
    )


def _numbers(names: list[str], order: dict[str, int]) -> np.ndarray:
    return np.array([order[name] for name in names], np.int64)


def _from_zero(boxes: np.ndarray, first: float) -> np.ndarray:
    """Return boxes whose corners count from 0; one whose corners are equal stays without area."""
    if first <= 0:
        return boxes
    flat = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1, keepdims=True)
    return np.where(flat, boxes, boxes - [1, 1, 0, 0])


def _place(listing: Listing, path: Path, said: str) -> Path:
    """Return the picture of a file: the one it names, else the one of its stem."""
    if said and within(listing.root, said) is None:
        raise Missing("climbs out of the folder")
    part = part_of(path)
    try:
        return listing.named(Path(said.replace("\\", "/")).name or path.stem, path.parent, part)
    except Missing:
        return listing.only(Path(path.stem), path.parent, part, path.stem)


def _read(root: Path, path: Path) -> tuple[list[str], Truth, str]:
    """Return names of classes, the truth with corners as they stand, and the picture's name."""
    nothing = Truth(np.zeros(0, np.int64), np.zeros((0, 4)))
    try:
        tree = _tree(root / path)
    except (OSError, ValueError, ElementTree.ParseError) as error:
        return [], replace(nothing, wrong=f"{path} cannot be read: {error}"), ""
    names, boxes, wrong = [], [], ""
    for number, thing in enumerate(tree.findall("object"), 1):
        name, box = thing.findtext("name", "").strip(), thing.find("bndbox")
        corners = ["" if box is None else box.findtext(corner, "") for corner in CORNERS]
        try:
            boxes.append([float(corner) for corner in corners])
        except ValueError:
            wrong = wrong or f"{path}: object {number} has no box of four numbers"
            continue
        names.append(name)
        if not name:
            wrong = wrong or f"{path}: object {number} has no name"
    sides = [tree.findtext(f"size/{side}", "") for side in ("height", "width")]
    size = (int(sides[0]), int(sides[1])) if all(map(str.isdecimal, sides)) else None
    size = size if size and all(size) else None
    array = np.array(boxes, np.float64).reshape(-1, 4)
    return (
        names,
        replace(nothing, boxes=array, size=size, wrong=wrong),
        tree.findtext("filename", "").strip(),
    )


def _tree(path: Path) -> ElementTree.Element:
    """Parse a file. Raises ValueError for one that declares entities, or is large."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it has more than {LARGEST / 1e6:.0f} MB")
    content = path.read_bytes()
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", content.replace(b"\0", b""), re.IGNORECASE):
        raise ValueError("it declares a DOCTYPE or an ENTITY, which are not read")
    return ElementTree.fromstring(content)
