"""The content of pictures with masks or boxes: how much of them each class fills."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from zoo.data.dataset import Data
from zoo.tasks.masks.form import IGNORED

SMALL = 8  # pixels of a side, below which a box is one cell of the finest map or less


@dataclass(frozen=True)
class Contents:
    """What truth holds, as a table and some lines.

    Attributes:
        header: names of the columns; the first is the class.
        lines: a line for each class.
        summary: what is said of all classes together, by name.
    """

    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    summary: Mapping[str, str] = field(default_factory=dict)


def contents_of(data: Data) -> Contents | None:
    """Return what masks or boxes of all parts hold; None for data without."""
    parts = [data.y_train, data.y_validation, data.y_test]
    if data.task.moves == "boxes":
        return _of_boxes(data, np.concatenate(parts))
    return _of_masks(data, parts) if data.task.moves == "mask" else None


def _of_boxes(data: Data, y: np.ndarray) -> Contents:
    used = y[..., 0] >= 0
    boxes = y[used].astype(np.float64)
    row = np.nonzero(used)[0]
    sides = boxes[:, 3:] - boxes[:, 1:3]
    lines = []
    for number, name in enumerate(data.class_names):
        own = boxes[:, 0] == number
        shown = _sides(np.median(sides[own], axis=0)) if own.any() else "-"
        lines.append((name, f"{len(np.unique(row[own])):,}", f"{int(own.sum()):,}", shown))
    per = used.sum(axis=1)
    order = np.sort(sides.prod(axis=1)) if len(sides) else np.zeros(1)
    least, most = (sides[np.argmin(np.abs(sides.prod(axis=1) - end))] for end in order[[0, -1]])
    height, width, _ = data.input_shape
    small = int((sides.min(axis=1) < SMALL).sum())
    return Contents(
        ("class", "images", "boxes", "median width x height"),
        tuple(lines),
        {
            "boxes per image": f"{per.min()} to {per.max()}, {per.mean():.1f} on average",
            "images without boxes": f"{int((per == 0).sum()):,} of {len(per):,}",
            "sizes of boxes": f"{_sides(least)} to {_sides(most)} pixels, in {width}x{height}",
            f"boxes under {SMALL} pixels": f"{small:,} of {len(boxes):,}",
        },
    )


def _sides(sides: np.ndarray) -> str:
    return f"{sides[0]:.0f}x{sides[1]:.0f}"


def _of_masks(data: Data, parts: list[np.ndarray]) -> Contents:
    counts = np.array([np.bincount(mask.ravel(), minlength=256) for y in parts for mask in y])
    judged = max(1, int(counts[:, :IGNORED].sum()))
    lines = []
    for number, name in enumerate(data.class_names):
        images = int((counts[:, number] > 0).sum())
        lines.append((name, f"{images:,}", f"{counts[:, number].sum() / judged:.2%}"))
    ignored = counts[:, IGNORED].sum() / max(1, int(counts.sum()))
    return Contents(
        ("class", "images", "share of pixels"),
        tuple(lines),
        {"ignored pixels": f"{ignored:.2%}"} if ignored else {},
    )
