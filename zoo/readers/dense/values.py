"""The meaning of the values of masks' pixels: class numbers, levels of gray, 0 and white."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.memory import blocks, room
from zoo.tasks.masks.form import IGNORED

LISTED = ("classes.txt", "labels.txt", "class_names.txt", "label_names.txt")  # a name a line
MOST = 64  # different values without names for them; more are shades, not classes
GROUND, THING = "background", "foreground"


@dataclass(frozen=True)
class Values:
    """The meaning of the values of pixels.

    Attributes:
        classes: value of each class, in order.
        ignored: values that are not judged.
        names: of the classes.
    """

    classes: tuple[int, ...]
    ignored: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, schema: Mapping[str, Any], names: Sequence[str]) -> "Values":
        """Return what a run's schema holds."""
        return cls(tuple(schema["values"]), tuple(schema["ignored"]), tuple(names))

    def unknown(self, counts: np.ndarray) -> np.ndarray:
        """Return which masks hold other values, by their counts (masks, 256)."""
        other = np.setdiff1d(np.arange(256), (*self.classes, *self.ignored))
        return np.asarray(counts[:, other].any(axis=1))

    def numbers(self, masks: np.ndarray) -> np.ndarray:
        """Return masks as class numbers, uint8; `IGNORED` for all that is no class."""
        table = np.full(256, IGNORED, np.uint8)
        table[list(self.classes)] = np.arange(len(self.classes))
        found = room(masks.shape, np.uint8)
        for part in blocks(masks):
            found[part] = table[masks[part]]
        return found


def counted(masks: np.ndarray) -> np.ndarray:
    """Return how many pixels of each mask have each value, int64 (masks, 256)."""
    return np.array([np.bincount(mask.ravel(), minlength=256) for mask in masks], np.int64)


def names_in(root: Path) -> list[str]:
    """Return the names of classes that a file of the folder lists; none without one."""
    path = next((root / name for name in LISTED if (root / name).is_file()), None)
    if path is None:
        return []
    lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    heads = [line.replace(":", " ").split(maxsplit=1) for line in lines]
    if all(len(head) == 2 and head[0] == str(n) for n, head in enumerate(heads)):
        return [name for _, name in heads]
    return lines


def meaning(
    root: Path, counts: np.ndarray, names: Sequence[str], ignore: int | None, notes: list[str]
) -> Values:
    """Return what the values of a folder's masks mean.

    With names they are class numbers (one more than names: the ground is 0). 0 and one other value
    are ground and thing, whose name may stand alone; other values are classes in order, and 255
    beside numbers below 64 is ignored, as in Pascal VOC.

    Args:
        root: the folder.
        counts: pixels of each value, (masks, 256).
        names: of the classes, if a file lists them.
        ignore: value to ignore; None: 255, where it is no class.
        notes: what was taken for granted is added here.

    Raises:
        UserError: one value, or so many that they are no classes.
    """
    present = [int(value) for value in np.flatnonzero(counts.any(axis=0))]
    held = [value for value in present if value != ignore]
    given = () if ignore is None else (ignore,)
    if len(held) < 2:
        raise UserError(
            f"{root}: all masks hold the value {held[0] if held else ignore} alone; two classes "
            "are needed."
        )
    if names:
        if len(names) <= 2 and held == [0, IGNORED]:  # white
            return Values((0, IGNORED), given, (GROUND, *names)[-2:])
        ground = 0 in held and max(v for v in held if v != IGNORED) == len(names)
        known = (GROUND, *names) if ground else tuple(names)
        return Values(tuple(range(len(known))), given or (IGNORED,), known)
    void = ignore is None and held[-1] == IGNORED and len(held) > 2 and held[-2] < MOST
    if void:
        held, given = held[:-1], (IGNORED,)
        notes.append(f"Pixels of {IGNORED} in masks are ignored; --ignore sets another value.")
    if len(held) == 2 and held[0] == 0:
        notes.append(
            f"Masks hold 0 and {held[1]}: {GROUND} and {THING}. {LISTED[0]} gives them other names."
        )
        return Values((0, held[1]), given, (GROUND, THING))
    if len(held) > MOST:
        raise UserError(
            f"{root}: masks hold {len(held)} different values, such as {held[0]}, {held[1]} and "
            f"{held[2]}: shades of gray, not class numbers. Save masks as PNG with a number for "
            "each class, without smoothing."
        )
    if held != [*range(len(held))]:
        shown = ", ".join(map(str, held[:10])) + ", ..." * (len(held) > 10)
        notes.append(f"Masks hold the values {shown}: these are the classes.")
    return Values(tuple(held), given, tuple(map(str, held)))
