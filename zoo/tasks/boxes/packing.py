"""Objects of images as one array with named fields, a row for each image."""

import numpy as np

from zoo.tasks.boxes.decoding import MOST, Found

FIELDS = np.dtype([("box", np.float32, 4), ("score", np.float32), ("class", np.int16)])


def packed(found: Found) -> np.ndarray:
    """Return objects as an array of `FIELDS`, (rows, `MOST`); unused places have class -1."""
    places = found.classes.shape[1]
    held = np.zeros((len(found.classes), MOST), FIELDS)
    held["class"] = -1
    for name, values in (("box", found.boxes), ("score", found.scores), ("class", found.classes)):
        held[name][:, :places] = values
    held["box"][held["class"] < 0] = 0  # what suppression left there
    return held


def unpacked(held: np.ndarray) -> Found:
    """Return what `packed` was given, with as many places as the fullest image needs."""
    most = max(1, int((held["class"] >= 0).sum(axis=1).max(initial=0)))
    box, score, kind = (np.array(held[name][:, :most]) for name in ("box", "score", "class"))
    return Found(box, score, kind.astype(np.int64))
