"""Runs of a detector and of a segmenter whose pages have everything on them."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

import export
import zoo
from tests.export.found.squares import CELL, SIDE, detector, segmenter, squares
from tests.helpers.paging import BROKEN, SCRIPT
from zoo.tasks import Detection, Segmentation, Task
from zoo.tasks.masks.form import IGNORED

TRAIN, TEST = 40, 24
WRONG = 5  # every so many test images have another truth
FILE = "2026-11-28_a-camera-with-a-long-name_frame-000123.png"


def made(kind: str, folder: Path) -> zoo.Run:
    """Export and verify a model of "boxes" or "mask" whose classes and files have odd names."""
    task, y, build = MADE[kind]
    x = squares(TRAIN + TEST)[0][..., None].astype(np.float32)
    parts = (x[:TRAIN], y[:TRAIN], x[:0], y[:0], x[TRAIN:], y[TRAIN:])
    files = np.array([BROKEN, *(f"{n}_{FILE}" for n in range(TEST - 1))])
    data = zoo.Data(kind, "rows", 0, task, "sha256:0", *parts, columns={"names_test": files})
    result = export.to_litert(build(), data=data, directory=folder)
    assert export.verify(result, data, max_drop=50).passed
    return result.run


def _boxes() -> np.ndarray:
    """Return the boxes of squares; of some test images one is missed and one is not there."""
    held = squares(TRAIN + TEST)[2]
    y = np.full((len(held), 3, 5), -1, np.float32)
    for image, mine in zip(y, held, strict=True):
        for line, (label, row, column) in zip(image, mine, strict=False):
            line[:] = (label, *(CELL * np.array([column, row, column + 1, row + 1])))
    y[TRAIN::WRONG, 0] = (0, 0, SIDE - CELL, SIDE, SIDE)
    return y


def _masks() -> np.ndarray:
    """Return the masks of squares; those of some test images have another part, or none."""
    y = squares(TRAIN + TEST)[1].copy()
    y[TRAIN::WRONG, SIDE - CELL :, :CELL] = 2
    y[TRAIN::WRONG, :CELL] = IGNORED
    return y


MADE: dict[str, tuple[Task, np.ndarray, Callable[[], keras.Model]]] = {
    "boxes": (Detection((SCRIPT, "bright"), (SIDE, SIDE)), _boxes(), detector),
    "mask": (Segmentation(("ground", SCRIPT, "bright")), _masks(), segmenter),
}
