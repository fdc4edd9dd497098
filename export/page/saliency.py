"""Saliency: the parts of a row that an answer depends on, by leaving them out.

Occlusion (Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2): a part is replaced by what is usual
there in the training rows, and the answer of the float file is compared with the one before. It
needs nothing of a model but its answers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from export.page.rows import WINDOWS, sample
from zoo import Data
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT

SAMPLES = 3
LOOKED_AT = 200  # test rows, of which some are explained
PATCHES = 7  # along each side of an image
MOST_FEATURES = 64  # of a table: the ones that vary most are tried
HOTTEST = 0.85  # opacity of the map at its largest: the row still shows through it


Outputs = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Explained:
    """What the parts of one test row are worth to its answer."""

    row: int
    answer: str
    parts: np.ndarray  # (parts,): by how much the answer falls without each
    heat: np.ndarray | None  # (height, width) or (steps,), 0 to 1; None for a table


def effects(data: Data, outputs: Outputs) -> list[Explained]:
    """Return what matters to the answers of a few test rows.

    Args:
        data: its training part says what is usual, its test part has the rows.
        outputs: rows -> logits or numbers of the float file, (rows, outputs).
    """
    x = sample(data.x_train)
    parts = PARTS[data.kind](x)
    predicted = outputs(data.x_test[:LOOKED_AT])
    usual = np.median(x, axis=0) if data.kind.flat else x.mean(axis=0)
    return [
        _effect(data, outputs, row, parts, usual.astype(np.float32))
        for row in data.task.examples(data.y_test[: len(predicted)], predicted, SAMPLES)
    ]


# masks (parts, *row) of what is left out of a row together, for training rows


def _features(x: np.ndarray) -> np.ndarray:
    varying = np.argsort(-x.std(axis=0), kind="stable")[:MOST_FEATURES]
    return np.eye(x.shape[1], dtype=bool)[np.sort(varying)]


def _windows(x: np.ndarray) -> np.ndarray:
    owner = np.arange(x.shape[1]) // math.ceil(x.shape[1] / WINDOWS)
    return _masks(np.broadcast_to(owner[:, None], x.shape[1:]))


def _patches(x: np.ndarray) -> np.ndarray:
    across, down = (np.arange(n) // math.ceil(n / PATCHES) for n in x.shape[1:3])
    owner = across[:, None] * PATCHES + down
    return _masks(np.broadcast_to(owner[..., None], x.shape[1:]))


def _masks(owners: np.ndarray) -> np.ndarray:
    return np.stack([owners == number for number in np.unique(owners)])


PARTS = {TABLE: _features, TEXT: _features, SEQUENCE: _windows, IMAGE: _patches}


def _effect(
    data: Data, outputs: Outputs, row: int, parts: np.ndarray, usual: np.ndarray
) -> Explained:
    x = data.x_test[row]
    without = np.where(parts, usual, x).astype(np.float32)
    effect = data.task.effect(outputs(np.concatenate([x[None], without])))
    if data.kind.flat:
        whole = np.zeros(data.input_shape[0])
        whole[parts.argmax(axis=1)] = effect.falls
        return Explained(row, effect.answer, whole, None)
    strength = np.clip(effect.size, 0, None) / max(float(effect.size.max()), 1e-9)
    flat = parts[..., 0]  # of the features or channels all are left out
    heat = np.einsum("p...,p->...", flat.astype(np.float64), strength)
    return Explained(row, effect.answer, effect.falls, HOTTEST * heat)
