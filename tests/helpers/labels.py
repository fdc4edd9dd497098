"""Rows with several labels: digits, and what is true of each."""

import csv
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

LABELS = ("even", "large", "loop", "prime", "seven")


def digits(count: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Return images, (rows, 8, 8, 1), and which labels each has, (rows, labels)."""
    loaded = load_digits()
    digit = loaded.target[:count]
    known = [digit % 2 == 0, digit > 4, np.isin(digit, [0, 6, 8, 9]), np.isin(digit, [2, 3, 5, 7])]
    y = np.stack([*known, digit == 7], axis=1).astype(np.int64)
    return loaded.images[:count, ..., None].astype(np.float32), y


def write_npz(path: Path, count: int = 900) -> Path:
    x, y = digits(count)
    held = 2 * count // 3
    np.savez(path, x_train=x[:held], y_train=y[:held], x_test=x[held:], y_test=y[held:])
    return path


def write_table(path: Path, *, tags: bool, count: int = 900) -> Path:
    """Write the means of blocks of pixels, and a column for each label or one of tags."""
    x, y = digits(count)
    blocks = x.reshape(count, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(count, -1)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"b{n}" for n in range(16)] + (["tags"] if tags else [*LABELS]))
        for row, known in zip(blocks, y, strict=True):
            named = [name for name, one in zip(LABELS, known, strict=True) if one]
            writer.writerow([*row, "; ".join(named)] if tags else [*row, *known])
    return path
