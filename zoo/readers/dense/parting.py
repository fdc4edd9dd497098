"""Pictures with classes in them, in three parts that all have their share of each class."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Arrays
from zoo.data.memory import gather
from zoo.data.reading import Reading
from zoo.readers.folders import Files, names_of, part_rows
from zoo.readers.naming import times, values_in

LEAST = 8  # pictures of a stratum: enough for each part


def listed(
    root: Path, paths: Sequence[Path], parts: Sequence[str], inner: Sequence[Path], reading: Reading
) -> "Files[Any]":
    """Return pictures as files, labeled by their places in the list.

    Args:
        root: the folder.
        paths: relative to it.
        parts: of each.
        inner: paths whose folders and names tell groups and times.
        reading: `group`, `time`.

    Raises:
        UserError: some pictures are in no part, or none is in train.
    """
    given = {part for part in parts if part}
    if "" in parts and given:
        lost = paths[parts.index("")]
        raise UserError(f"{root}: {lost} is in no part, others are in {', '.join(sorted(given))}.")
    if given and "train" not in given:
        raise UserError(f"{root} has no images for training, only {', '.join(sorted(given))}.")
    beside: dict[str, np.ndarray] = {}
    if reading.group is not None:
        beside["groups"] = np.array(values_in(inner, reading.group, "group"))
    if reading.time is not None:
        beside["time"] = times(values_in(inner, reading.time, "time"))
    return Files(root, tuple(paths), np.arange(len(paths)), tuple(parts), (), beside=beside)


def strata_of(present: np.ndarray) -> np.ndarray:
    """Return the rarest class of each picture, int64 (pictures,); rare strata are one.

    Args:
        present: bool (pictures, classes).
    """
    counts = present.sum(axis=0)
    order = np.argsort(counts, kind="stable")  # the rarest first
    found = np.where(present.any(axis=1), order[present[:, order].argmax(axis=1)], -1)
    names, place, sizes = np.unique(found, return_inverse=True, return_counts=True)
    found = np.where(sizes[place] >= LEAST, names[place], -2)
    if 0 < (found == -2).sum() < LEAST:
        usual = names[sizes.argmax()]
        found = np.where(found == -2, usual if sizes.max() >= LEAST else -2, found)
    return np.asarray(found, np.int64)


def arrays_of(
    files: "Files[Any]",
    x: np.ndarray,
    y: np.ndarray,
    present: np.ndarray,
    names: Sequence[str],
    seed: int,
    skip_bad: bool,
    notes: list[str],
) -> Arrays:
    """Return pictures and their truth in three parts.

    Args:
        files: of each row.
        x: the pictures.
        y: the truth.
        present: which classes are in each, bool (pictures, classes).
        names: of the classes.
        seed: of the split.
        skip_bad: leave out pictures of classes that no training picture has.
        notes: what was left out is added here.

    Raises:
        UserError: a class that no training picture has.
    """
    rows = part_rows(files, seed, strata_of(present), every=True)
    learned = present[rows["train"]].any(axis=0)
    alone = np.asarray(present[:, ~learned].any(axis=1))
    if alone.any():
        where = files.paths[int(np.flatnonzero(alone)[0])]
        lacking = [names[int(place)] for place in np.flatnonzero(present.any(axis=0) & ~learned)]
        said = (
            f"{files.root}: no training image has the class {', '.join(map(repr, lacking[:5]))}, "
            f"which {int(alone.sum())} images of other parts have, such as {where}."
        )
        if not skip_bad:
            raise UserError(f"{said} Move some to train, or leave them out with --skip-bad.")
        notes.append(f"{said} They were left out.")
        rows = {part: places[~alone[places]] for part, places in rows.items()}
    columns = {**files.beside, "names": names_of(files)}
    arrays: Arrays = {}
    for part, places in rows.items():
        if not len(places):
            raise UserError(f"{files.root}: no image is left for {part}.")
        arrays[f"x_{part}"] = gather(x, places, "float32")
        arrays[f"y_{part}"] = gather(y, places)
        arrays |= {f"{name}_{part}": column[places] for name, column in columns.items()}
    return arrays | {"class_names": np.array(names)}


def kept(files: "Files[Any]", bad: dict[Path, str]) -> "Files[Any]":
    """Return files without those that are bad."""
    return files.only([n for n, path in enumerate(files.paths) if path not in bad])


def numbers_in(path: Path, found: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Return the numbers that a run gives the classes of a folder, int64 (classes of the folder,).

    Raises:
        UserError: a class that the run does not know.
    """
    unknown = [name for name in found if name not in names]
    if unknown:
        raise UserError(
            f"{path} has the class {unknown[0]!r}, which the run does not know; it knows "
            f"{', '.join(map(repr, names))}."
        )
    return np.array([names.index(name) for name in found], np.int64)


def of_test(files: "Files[Any]") -> "Files[Any]":
    """Return the files of the test part, if there is one."""
    test = [n for n, part in enumerate(files.parts) if part == "test"]
    return files.only(test) if test else replace(files, parts=("",) * len(files.paths))
