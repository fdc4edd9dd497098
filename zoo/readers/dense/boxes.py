"""Folders of pictures with boxes: COCO, VOC and YOLO."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Found
from zoo.data.layouts import Layout
from zoo.data.letterbox import Letterbox
from zoo.data.reading import Reading
from zoo.readers.decoding import looked_at, report_bad
from zoo.readers.dense.annotations import Annotated, Truth, checked_boxes, only_used
from zoo.readers.dense.coco import read_coco
from zoo.readers.dense.parting import arrays_of, kept, listed, numbers_in, of_test
from zoo.readers.dense.pictures import letterboxed, letterboxed_rows, size_of
from zoo.readers.dense.turning import turned
from zoo.readers.dense.voc import read_voc
from zoo.readers.dense.yolo import read_yolo
from zoo.readers.folders import Files
from zoo.readers.images import Look, color_of, look
from zoo.tasks import Task

KIND = "boxes"  # in the schema
USUAL = 192  # default side for pictures of different sizes
STEP = 32  # the coarsest stride of a detector


def annotations(root: Path, layout: Layout, outlines: bool | None) -> Annotated:
    """Read the boxes of a folder, in whichever form; `outlines` as of `read_coco`."""
    if layout.boxes == "COCO":
        return read_coco(root, layout, outlines)
    if layout.boxes == "YOLO":
        return read_yolo(root, layout, outlines)
    return read_voc(root, layout)


def read_boxes(
    folder: Path, reading: Reading, seed: int, task: type[Task], layout: Layout, sure: bool
) -> Found:
    """Read a folder of pictures with boxes.

    Pictures and boxes are turned by EXIF, scaled with their aspect kept, and centered on gray.
    Boxes that leave their picture by at most `annotations.OVERHANG` pixels are clipped.

    Args:
        folder: the folder.
        reading: `image_size`, `color`, `group`, `time`, `skip_bad`.
        seed: of the split.
        task: of boxes.
        layout: of the folder.
        sure: boxes were asked for; else polygons, which leave it open, are refused.

    Raises:
        UserError: nothing to learn, or pictures or boxes that cannot be used (all in one message).
    """
    found = only_used(annotations(folder, layout, False if sure else None))
    notes = [*found.notes]
    files, boxes, bad = _looked(folder, found, reading)
    report_bad(folder, bad, reading.skip_bad, [])
    size = size_of(files, reading, notes, USUAL, STEP, "fitted, with gray bars, into")
    color = color_of(files, reading, notes)
    x, good = letterboxed(files, size, color, bad)
    report_bad(folder, bad, reading.skip_bad and bool(good), notes)
    files = files.only(good)
    truths = [found.truths[place] for place in files.labels]
    y = _padded(files, truths, boxes, size)
    present = np.zeros((len(y), len(found.names)), bool)
    for row, truth in enumerate(truths):
        present[row, truth.classes] = True
    arrays = arrays_of(files, x, y, present, found.names, seed, reading.skip_bad, notes)
    schema = {"kind": KIND, "image_size": size, "color": color, "notes": notes}
    return Found(arrays, schema, task)


def _looked(
    folder: Path, found: Annotated, reading: Reading
) -> tuple["Files[tuple[Look, bytes]]", dict[Path, np.ndarray], dict[Path, str]]:
    """Return usable pictures, the boxes of each in its upright pixels, and what is bad."""
    bad = {path: one.wrong for path, one in _pairs(found) if one.wrong}
    every = listed(folder, found.paths, found.parts, found.inner, reading)
    usable = kept(every, bad)
    if not usable.paths:
        report_bad(folder, bad, False, [])
    files, broken = looked_at(folder, usable, look)
    bad |= broken
    boxes: dict[Path, np.ndarray] = {}
    for path, place, (seen, _) in zip(files.paths, files.labels, files.looks, strict=True):
        try:
            boxes[path] = _upright(found.truths[place], seen)
        except ValueError as error:
            bad[path] = str(error)
    if not boxes:
        report_bad(folder, bad, False, [])
    return kept(files, bad), boxes, bad


def _pairs(found: Annotated) -> list[tuple[Path, Truth]]:
    return [*zip(found.paths, found.truths, strict=True)]


def _upright(truth: Truth, seen: Look) -> np.ndarray:
    """Return boxes in pixels of the upright picture; they are of the stored one, unless its
    annotation says the size of the upright one."""
    upright = (seen.height, seen.width)
    if truth.size not in (None, seen.stored, upright):
        said, real = (f"{width}x{height}" for height, width in (truth.size or (0, 0), upright))
        raise ValueError(f"annotated as {said} (width x height) pixels, but has {real}")
    if truth.size == upright != seen.stored:
        return checked_boxes(truth, upright)
    return turned(checked_boxes(truth, seen.stored), seen.orientation, seen.stored)


def _padded(
    files: "Files[tuple[Look, bytes]]",
    truths: Sequence[Truth],
    boxes: Mapping[Path, np.ndarray],
    size: tuple[int, int],
) -> np.ndarray:
    """Return float32 (pictures, most, 5): class, x1, y1, x2, y2 in pixels of the row; else -1."""
    most = max(1, *(len(truth.classes) for truth in truths))
    y = np.full((len(truths), most, 5), -1, np.float32)
    for row, (path, truth, (seen, _)) in enumerate(
        zip(files.paths, truths, files.looks, strict=True)
    ):
        count, fit = len(truth.classes), Letterbox.of((seen.height, seen.width), size)
        y[row, :count, 0] = truth.classes
        y[row, :count, 1:] = fit.forward(boxes[path])
    return y


def box_answers(
    path: Path, schema: Mapping[str, Any], names: Sequence[str], layout: Layout
) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures with boxes as a run's rows, and their truth in the run's classes.

    Args:
        path: a folder, of which only the test part is read if there is one.
        schema: of the run.
        names: of the run's classes.
        layout: of the folder.

    Raises:
        UserError: no boxes, pictures that cannot be used, or classes that the run does not know.
    """
    if not layout.boxes:
        raise UserError(f"{path} has no boxes: expected COCO, VOC or YOLO files.")
    found = only_used(annotations(path, layout, False))
    number = numbers_in(path, found.names, names)
    files, boxes, bad = _looked(path, found, Reading())
    report_bad(path, bad, False, [])
    files = of_test(files)
    x, _ = letterboxed_rows(path, schema, files)
    old = [found.truths[place] for place in files.labels]
    truths = [Truth(number[truth.classes], truth.boxes) for truth in old]
    size = (schema["image_size"][0], schema["image_size"][1])
    return x, _padded(files, truths, boxes, size)
