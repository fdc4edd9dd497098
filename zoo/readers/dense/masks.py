"""Folders of pictures with a class for each pixel: mask files, or outlines of COCO and YOLO."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Found
from zoo.data.layouts import OURS, Layout
from zoo.data.reading import Reading
from zoo.readers.decoding import Broken, decoded, looked_at, report_bad
from zoo.readers.dense.annotations import only_used
from zoo.readers.dense.boxes import annotations
from zoo.readers.dense.outlines import drawn
from zoo.readers.dense.pairs import paired
from zoo.readers.dense.parting import arrays_of, kept, listed, numbers_in, of_test
from zoo.readers.dense.pictures import size_of
from zoo.readers.dense.pixels import as_seen, values_of
from zoo.readers.dense.values import GROUND, Values, counted, meaning, names_in
from zoo.readers.folders import Files
from zoo.readers.images import Look, color_of, decoded_images, image_rows, look
from zoo.tasks import Task

KIND = "masks"  # in the schema
USUAL = 128  # default side for pictures of different sizes
STEP = 16  # an encoder halves so often
SHOWN = 5  # files in a message


@dataclass(frozen=True, eq=False)
class Masked:
    """Pictures whose masks can be had.

    Attributes:
        files: the pictures, labeled by their places.
        bad: pictures that cannot be used, and why.
        mask: picture, its header -> mask, uint8, as stored or upright.
        digest: picture -> digest of what its mask is made from.
        names: of the classes; empty where the values of pixels are to tell.
        notes: what was left out.
    """

    files: "Files[Any]"
    bad: dict[Path, str]
    mask: Callable[[Path, Look], np.ndarray]
    digest: Callable[[Path], bytes]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_masks(
    folder: Path, reading: Reading, seed: int, task: type[Task], layout: Layout
) -> Found:
    """Read a folder of pictures with masks.

    Pictures and masks are turned by EXIF and resized to one size, regardless of their aspect ratio:
    pictures bilinear, masks to the nearest pixel.

    Args:
        folder: the folder.
        reading: `image_size`, `color`, `ignore`, `group`, `time`, `skip_bad`.
        seed: of the split.
        task: of masks.
        layout: of the folder.

    Raises:
        UserError: nothing to learn, or pictures or masks that cannot be used (all in one message).
    """
    masked = _masked(folder, layout, reading)
    notes, bad, skip = [*masked.notes], masked.bad, reading.skip_bad
    files = _looked(folder, masked, bad)
    report_bad(folder, bad, skip, [])
    size = size_of(files, reading, notes, USUAL, STEP, "resized to")
    color = color_of(files, reading, notes)
    raw, good = _raw(files, masked, size, bad)
    report_bad(folder, bad, skip and bool(good), [])
    files, counts = files.only(good), counted(raw)
    values = _values(folder, masked, counts, reading, notes)
    unknown = values.unknown(counts)
    for place in np.flatnonzero(unknown):
        bad[files.paths[place]] = _outside(values, counts[place])
    report_bad(folder, bad, skip and not unknown.all(), [])
    whole = np.flatnonzero(~unknown)
    x, right = decoded_images(files.only([*whole]), size, color, bad)
    report_bad(folder, bad, skip, notes)
    rows = whole[right]
    y = values.numbers(raw if len(rows) == len(raw) else raw[rows])
    present = counts[rows][:, list(values.classes)] > 0
    arrays = arrays_of(files.only([*rows]), x, y, present, values.names, seed, skip, notes)
    schema = {"kind": KIND, "image_size": size, "color": color, "notes": notes}
    held = {"values": list(values.classes), "ignored": list(values.ignored)}
    return Found(arrays, schema | held, task)


def _masked(folder: Path, layout: Layout, reading: Reading) -> Masked:
    if layout.masks:
        return _of_files(folder, layout, reading)
    if layout.boxes in ("COCO", "YOLO"):
        return _of_outlines(folder, layout, reading)
    raise UserError(
        f"{folder} has boxes ({layout.boxes}), and no masks. {OURS.capitalize()}: masks of "
        "images/a.png are expected as masks/a.png."
    )


def _of_files(folder: Path, layout: Layout, reading: Reading) -> Masked:
    pairs = paired(folder, layout)
    if not pairs.images:
        images, masks = layout.masks[0]
        raise UserError(
            f"{folder}: no image in {images}/ has a mask of its name in {masks}/. Files of single "
            f"things would be instance segmentation: {OURS}."
        )
    of = dict(zip(pairs.images, pairs.masks, strict=True))
    notes: tuple[str, ...] = ()
    if pairs.unused:
        shown = ", ".join(map(str, pairs.unused[:SHOWN]))
        notes = (f"{len(pairs.unused)} masks without an image are unused, such as {shown}.",)

    def digest(path: Path) -> bytes:
        with (folder / of[path]).open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()

    def mask(path: Path, seen: Look) -> np.ndarray:
        found = values_of(folder / of[path])
        if found.shape not in (seen.stored, (seen.height, seen.width)):
            sides = f"{found.shape[1]}x{found.shape[0]} (width x height)"
            raise Broken(f"{of[path]} has {sides} pixels, the image {seen.width}x{seen.height}")
        return found

    files = listed(folder, pairs.images, pairs.parts, pairs.inner, reading)
    return Masked(files, {**pairs.bad}, _named(mask, of), digest, notes=notes)


def _named(
    mask: Callable[[Path, Look], np.ndarray], of: Mapping[Path, Path]
) -> Callable[[Path, Look], np.ndarray]:
    """Return a reader of masks whose errors name the mask."""

    def read(path: Path, seen: Look) -> np.ndarray:
        try:
            return mask(path, seen)
        except Exception as error:  # decoders raise anything on damaged files
            said = str(error)
            raise Broken(said if str(of[path]) in said else f"{of[path]}: {said}") from error

    return read


def _of_outlines(folder: Path, layout: Layout, reading: Reading) -> Masked:
    found = only_used(annotations(folder, layout, True))
    truths = dict(zip(found.paths, found.truths, strict=True))

    def digest(path: Path) -> bytes:
        one = truths[path]
        said = repr((one.classes.tolist(), one.boxes.tolist(), one.size, one.outlines))
        return hashlib.sha256(said.encode()).digest()

    def mask(path: Path, seen: Look) -> np.ndarray:
        size = truths[path].size or seen.stored
        if size not in (seen.stored, (seen.height, seen.width)):
            sides = f"{size[1]}x{size[0]} (width x height)"
            raise Broken(f"annotated as {sides} pixels, but has {seen.width}x{seen.height}")
        return drawn(truths[path], size)

    bad = {path: one.wrong for path, one in truths.items() if one.wrong}
    files = listed(folder, found.paths, found.parts, found.inner, reading)
    return Masked(kept(files, bad), bad, mask, digest, (GROUND, *found.names), found.notes)


def _looked(folder: Path, masked: Masked, bad: dict[Path, str]) -> "Files[tuple[Look, bytes]]":
    if not masked.files.paths:
        report_bad(folder, bad, False, [])
    files, broken = looked_at(folder, masked.files, look)
    bad |= broken
    return files


def _raw(
    files: "Files[tuple[Look, bytes]]", masked: Masked, size: tuple[int, int], bad: dict[Path, str]
) -> tuple[np.ndarray, list[int]]:
    """Return the values of masks, uint8 (files, height, width), and the indices of the files."""
    seen = dict(zip(files.paths, (one for one, _ in files.looks), strict=True))
    content = hashlib.sha256()
    for path in files.paths:
        content.update(masked.digest(path))

    def decode(path: Path) -> np.ndarray:
        inner = path.relative_to(files.root)
        return as_seen(masked.mask(inner, seen[inner]), seen[inner], size)

    settings = ("masks", content.hexdigest(), [*seen.values()])
    return decoded(files, decode, size, "uint8", settings, bad)


def _values(
    folder: Path, masked: Masked, counts: np.ndarray, reading: Reading, notes: list[str]
) -> Values:
    if masked.names:
        return Values(tuple(range(len(masked.names))), (), masked.names)
    return meaning(folder, counts, names_in(folder), reading.ignore, notes)


def _outside(values: Values, counts: np.ndarray) -> str:
    other = [v for v in np.flatnonzero(counts) if v not in (*values.classes, *values.ignored)]
    known = f"{values.classes[0]} to {values.classes[-1]}"
    return (
        f"its mask holds {', '.join(map(str, other[:SHOWN]))}; the classes are {known}. "
        "--ignore leaves a value out"
    )


def mask_answers(
    path: Path, schema: Mapping[str, Any], names: Sequence[str], layout: Layout
) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures with masks as a run's rows, and their masks in the run's classes.

    Args:
        path: a folder, of which only the test part is read if there is one.
        schema: of the run.
        names: of the run's classes.
        layout: of the folder.

    Raises:
        UserError: no masks, pictures that cannot be used, or classes that the run does not know.
    """
    masked, bad = _masked(path, layout, Reading()), dict[Path, str]()
    files = _looked(path, masked, bad)
    report_bad(path, masked.bad | bad, False, [])
    files = of_test(files)
    size = (schema["image_size"][0], schema["image_size"][1])
    raw, _ = _raw(files, masked, size, bad)
    report_bad(path, bad, False, [])
    values = Values.of(schema, names)
    if masked.names:
        order = numbers_in(path, masked.names, names).astype(np.uint8)
        return image_rows(path, schema, files), order[raw]
    counts = counted(raw)
    for place in np.flatnonzero(values.unknown(counts)):
        bad[files.paths[place]] = _outside(values, counts[place])
    report_bad(path, bad, False, [])
    return image_rows(path, schema, files), values.numbers(raw)
