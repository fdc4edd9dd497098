"""Annotations of pictures, in one form for COCO, VOC and YOLO."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from zoo.checks import UserError
from zoo.readers.folders import PARTS

OVERHANG = 2.0  # pixels by which a box may leave its picture; it is clipped, and nothing is said
MOST_BOXES = 1000  # of a picture
WORDS = PARTS | {"training": "train", "testing": "test", "dev": "val"}


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a picture.

    Attributes:
        classes: int64 (things,), places in the names of the classes.
        boxes: float64 (things, 4): x1, y1, x2, y2 in pixels; of YOLO in shares of the sides.
        size: (height, width) that the file says.
        shares: whether boxes and outlines are in shares of the sides.
        outlines: of each thing its polygons (x, y, x, y, ...) or its COCO run lengths, if asked.
        wrong: what is wrong with it; "" for nothing.
    """

    classes: np.ndarray
    boxes: np.ndarray
    size: tuple[int, int] | None = None
    shares: bool = False
    outlines: tuple[object, ...] = ()
    wrong: str = ""


@dataclass(frozen=True, eq=False)
class Annotated:
    """Pictures of a folder with their truth.

    Attributes:
        paths: of the pictures, relative to the folder.
        truths: of each.
        parts: "train", "val" or "test" of each; "" where nothing says.
        inner: path of each within the images, for groups.
        names: of the classes.
        notes: what was left out.
    """

    paths: tuple[Path, ...]
    truths: tuple[Truth, ...]
    parts: tuple[str, ...]
    inner: tuple[Path, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def part_in(name: str) -> str:
    """Return the part that the name of a file or folder says, such as "val2017"; "" for none."""
    words = "".join(char if char.isalpha() else " " for char in name.lower()).split()
    return next((WORDS[word] for word in words if word in WORDS), "")


def part_of(path: Path) -> str:
    """Return the part that the folders of a path say."""
    return next((part for part in map(part_in, path.parts[:-1]) if part), "")


def within(root: Path, name: str) -> Path | None:
    """Return a path that a file names, relative to a folder; None if it climbs out of it."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        return None
    return Path(*path.parts)


def checked_boxes(truth: Truth, size: tuple[int, int]) -> np.ndarray:
    """Return the boxes of a picture in its pixels, float64 (boxes, 4), clipped to it.

    Args:
        truth: of the picture.
        size: its (height, width), as the boxes see it.

    Raises:
        ValueError: a box that cannot be; the message says which and why.
    """
    if truth.wrong:
        raise ValueError(truth.wrong)
    if len(truth.boxes) > MOST_BOXES:
        raise ValueError(f"{len(truth.boxes):,} boxes; a picture has at most {MOST_BOXES:,}")
    height, width = size
    sides = np.array([width, height, width, height], np.float64)
    boxes = truth.boxes * sides if truth.shares else truth.boxes
    inside = boxes.clip(0, sides)
    off = (boxes < -OVERHANG) | (boxes > sides + OVERHANG)
    lost = off.any(axis=1) | (inside[:, :2] >= inside[:, 2:]).any(axis=1)
    faults = {  # the first that a box has is told
        "holds NaN or infinite numbers": ~np.isfinite(boxes).all(axis=1),
        "has x1 > x2 or y1 > y2": (boxes[:, :2] > boxes[:, 2:]).any(axis=1),
        "has no area": (boxes[:, :2] == boxes[:, 2:]).any(axis=1),
        f"lies outside the picture of {width}x{height} (width x height) pixels": lost,
    }
    for why, has in faults.items():
        if has.any():
            first = int(has.argmax())
            shown = ", ".join(f"{value:g}" for value in boxes[first])
            raise ValueError(f"box {first + 1} ({shown}) {why}")
    return np.asarray(inside)


def only_used(found: Annotated) -> Annotated:
    """Return annotations without the classes that no picture has.

    Raises:
        UserError: nothing is left, and nothing is wrong, of which the reader then tells.
    """
    used = np.unique(np.concatenate([np.zeros(0, np.int64), *(of.classes for of in found.truths)]))
    if not len(used):
        if any(truth.wrong for truth in found.truths):
            return found
        raise UserError(f"No picture of {len(found.paths)} has a box; there is nothing to learn.")
    place = np.zeros(int(used.max()) + 1, np.int64)
    place[used] = np.arange(len(used))
    lacking = [name for number, name in enumerate(found.names) if number not in {*used.tolist()}]
    shown = ", ".join(lacking[:10]) + ", ..." * (len(lacking) > 10)
    note = (f"{len(lacking)} classes have no boxes and are left out: {shown}.",) if lacking else ()
    truths = tuple(
        Truth(place[one.classes], one.boxes, one.size, one.shares, one.outlines, one.wrong)
        for one in found.truths
    )
    names = tuple(found.names[number] for number in used)
    return Annotated(found.paths, truths, found.parts, found.inner, names, (*found.notes, *note))
