"""Class folders: which files there are, and which part each belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Arrays
from zoo.data.memory import gather
from zoo.data.reading import SPOKEN
from zoo.data.sources import ENDINGS, files_below

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
One = TypeVar("One")


@dataclass(frozen=True)
class Files(Generic[One]):
    """Files of a folder, in order.

    Attributes:
        root: the folder.
        paths: of the files, relative to it.
        labels: class number of each.
        parts: "train", "val" or "test" of each; "" if the folder has no such parts.
        class_names: names of the folders.
        looks: the header of each file.
    """

    root: Path
    paths: tuple[Path, ...]
    labels: np.ndarray
    parts: tuple[str, ...]
    class_names: tuple[str, ...]
    looks: tuple[One, ...] = ()

    def only(self, places: Sequence[int]) -> "Files[One]":
        """Return some of the files."""
        return Files(
            self.root,
            tuple(self.paths[i] for i in places),
            self.labels[list(places)],
            tuple(self.parts[i] for i in places),
            self.class_names,
            tuple(self.looks[i] for i in places) if self.looks else (),
        )


def find(root: Path, kind: str) -> "Files[Any]":
    """Return the files of a folder of class folders, optionally within train/, val/ and test/.

    Raises:
        UserError: no class folders, or fewer than two classes.
    """
    paths, labels, parts = [], [], []
    for path in (path.relative_to(root) for path in files_below(root)):
        *folders, _ = path.parts
        part = PARTS.get(folders[0].lower(), "") if len(folders) > 1 else ""
        if path.suffix.lower() in ENDINGS[kind] and len(folders) > bool(part):
            paths.append(path)
            labels.append(folders[bool(part)])
            parts.append(part)
    names = sorted(set(labels))
    if len(names) < 2:
        raise UserError(
            f"{root} has {len(names)} class folders with {SPOKEN[kind]}; at least 2 are needed, "
            f"such as {root.name}/cat/1{ENDINGS[kind][0]} and {root.name}/dog/1{ENDINGS[kind][0]}."
        )
    if "" in parts and set(parts) != {""}:
        other = labels[parts.index("")]
        raise UserError(f"{root} has the folder {other!r} beside train, val or test. Move it.")
    if set(parts) != {""} and "train" not in parts:
        raise UserError(
            f"{root} has no {SPOKEN[kind]} in train/, only in {', '.join(sorted(set(parts)))}."
        )
    order = {name: number for number, name in enumerate(names)}
    numbers = np.array([order[label] for label in labels], np.int64)
    return Files(root, tuple(paths), numbers, tuple(parts), tuple(names))


def loose(path: Path, kind: str) -> "Files[Any]":
    """Return one file, or all files of a folder, whatever their classes."""
    paths = [path] if path.is_file() else [*files_below(path)]
    paths = [file for file in paths if file.suffix.lower() in ENDINGS[kind]]
    if not paths:
        raise UserError(f"{path} holds no {SPOKEN[kind]} ({', '.join(ENDINGS[kind])}).")
    root = path.parent if path.is_file() else path
    relative = tuple(file.relative_to(root) for file in paths)
    return Files(root, relative, np.zeros(len(paths), np.int64), ("",) * len(paths), ())


def parted(files: "Files[Any]", x: np.ndarray, seed: int, dtype: str) -> Arrays:
    """Return decoded files as arrays by part; without test files, 20 % of all become test rows."""
    from zoo.data.splits import hold_out_rows, split_rows

    classes = len(np.unique(files.labels))
    if classes < len(files.class_names):
        raise UserError(f"{files.root}: a class has no file that can be read.")
    of = np.array(files.parts)
    if "test" in files.parts:
        rows = {part: np.flatnonzero(of == part) for part in dict.fromkeys(files.parts)}
    elif "val" in files.parts:
        train = np.flatnonzero(of == "train")
        rest, held = hold_out_rows(len(train), seed, files.labels[train])
        rows = {"train": train[rest], "test": train[held], "val": np.flatnonzero(of == "val")}
    else:
        rows = split_rows(len(files.labels), seed, files.labels)
    arrays = {f"y_{part}": files.labels[places] for part, places in rows.items()}
    arrays |= {f"x_{part}": gather(x, places, dtype) for part, places in rows.items()}
    return arrays | {"class_names": np.array(files.class_names)}
