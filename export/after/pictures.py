"""Masks, boxes and points that a run's file finds in pictures, in pixels of the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from export.drawing.drawn import boxed, nearest, overlaid, rgb
from export.proof.answers import answers
from zoo import Run
from zoo.checks import UserError
from zoo.data.letterbox import Letterbox
from zoo.readers.images import look, resized
from zoo.readers.rows import read_named
from zoo.tasks import Task
from zoo.tasks.boxes.objects import Objects
from zoo.tasks.masks.form import answered

COLOR = "rgb"


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture, and what was found in it.

    Attributes:
        name: of its file within its folder, or the number of the row.
        size: (height, width) of the picture, upright, in pixels.
        mask: class numbers, uint8 of that size; None where objects are found.
        boxes: x1, y1, x2, y2 in its pixels, (objects, 4).
        classes, scores: of the objects, the surest first.
        path: of the picture; None for rows of an array, whose pixels are `row`.
        row: float32 (height, width, channels).
    """

    name: str
    size: tuple[int, int]
    mask: np.ndarray | None
    boxes: np.ndarray
    classes: tuple[int, ...]
    scores: tuple[float, ...]
    path: Path | None
    row: np.ndarray

    def image(self) -> Image.Image:
        """Return the picture as it is, RGB."""
        if self.path is not None:
            return resized(self.path, self.size, COLOR)
        return rgb(self.row, float(self.row.min()), float(self.row.max()))

    def drawn(self, labels: Sequence[str]) -> Image.Image:
        """Return the picture with what was found over it."""
        if self.mask is not None:
            return overlaid(self.image(), self.mask)
        named = zip(self.classes, self.scores, strict=True)
        texts = [f"{labels[label]} {score:.2f}" for label, score in named]
        return boxed(self.image(), self.boxes, self.classes, texts)

    def counted(self, labels: Sequence[str]) -> str:
        """Return in words what was found: objects of each class, or shares of the picture."""
        if self.mask is None:
            counts = np.bincount(np.array(self.classes, int), minlength=len(labels))
            return ", ".join(f"{n} {labels[of]}" for of, n in enumerate(counts) if n) or "nothing"
        shares = np.bincount(self.mask.ravel(), minlength=len(labels)) / self.mask.size
        order = np.argsort(-shares, kind="stable")
        return ", ".join(f"{shares[of]:.1%} {labels[of]}" for of in order if shares[of])


def seen(run: Run, source: Path, *, of_float: bool = False) -> list[Seen]:
    """Return what a run's int8 file, or its float file, finds in pictures.

    Args:
        run: exported and verified.
        source: a picture, a folder of them, or rows of an array file.
        of_float: take the float file.

    Raises:
        UserError: no export, or pictures that cannot be read.
    """
    names, rows = read_named(source, run)
    if not len(rows):
        raise UserError(f"{source} holds no rows to predict.")
    task, outputs = run.task(), answers(run, rows, of_float=of_float)
    root = source if source.is_dir() else source.parent
    found = []
    for n, (row, output) in enumerate(zip(rows, outputs, strict=True)):
        path = None if names is None else root / str(names[n])
        size = row.shape[:2] if path is None else look(path)[:2]
        name = f"row {n}" if names is None else str(names[n])
        what = _found(task, output[None], size, row.shape[:2])
        found.append(Seen(name, size, *what, path, row))
    return found


def _found(
    task: Task, outputs: np.ndarray, size: tuple[int, int], row: tuple[int, int]
) -> tuple[np.ndarray | None, np.ndarray, tuple[int, ...], tuple[float, ...]]:
    """Return mask, boxes, classes and scores in a picture of a size, from outputs of its row."""
    if not isinstance(task, Objects):
        mask = answered(outputs)[0].astype(np.uint8)
        return nearest(mask, size), np.zeros((0, 4), np.float32), (), ()
    told = task.told_of(outputs)
    there = told.there[0]
    boxes = Letterbox.of(size, row).back(told.boxes[0][there])
    return (
        None,
        boxes,
        tuple(told.classes[0][there].tolist()),
        tuple(told.scores[0][there].tolist()),
    )
