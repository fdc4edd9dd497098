"""Files as people have them, for tests: tables, folders of pictures, folders of sounds."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image
from sklearn.datasets import load_wine

CITIES = ("Bern", "Genève", "Zürich")


def rows_of_table(count: int = 60, seed: int = 0) -> list[dict[str, Any]]:
    """Return rows with a column of each kind; a quarter of `age` is missing."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        age, city = float(np.round(rng.uniform(20, 80), 3)), CITIES[number % 3]
        made.append(
            {
                "id": 1000 + number,
                "age": "" if number % 4 == 0 else age,
                "size": float(np.round(rng.uniform(30, 200), 3)),
                "rooms": int(rng.integers(1, 9)),
                "city": city,
                "name": f"person {number}",
                "member": "true" if rng.random() < 0.5 else "false",
                "since": f"20{10 + number % 12}-{1 + number % 12:02d}-11",
                "country": "CH",
                "house": f"h{number // 4}",
                "kind": "ab"[number % 2],
                "price": float(np.round(rng.normal(), 3)),
            }
        )
    return made


def write_csv(path: Path, rows: list[dict[str, Any]], encoding: str = "utf-8", **how: Any) -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n", **how)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_wine(path: Path) -> Path:
    """Write scikit-learn's wines with a category and gaps."""
    wine = load_wine()
    rows = [
        dict(zip(wine.feature_names, map(float, values), strict=True))
        | {"region": ("north", "south")[number % 2], "grape": str(wine.target_names[label])}
        for number, (values, label) in enumerate(zip(wine.data, wine.target, strict=True))
    ]
    for row in rows[::7]:
        row["alcohol"] = ""
    return write_csv(path, rows)


def write_pictures(
    folder: Path, each: int = 12, shape: tuple[int, ...] = (8, 8), ending: str = "png"
) -> Path:
    """Write noise in two classes; `shape` is (height, width) or (height, width, 3)."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            values = rng.integers(0, 256, shape, dtype=np.uint8)
            Image.fromarray(values).save(folder / name / f"{number:02d}.{ending}")
    return folder


def write_sounds(
    folder: Path, each: int = 12, rate: int = 8000, seconds: Callable[[int], float] | None = None
) -> Path:
    """Write noise in two classes, 16 bits a sample."""
    rng = np.random.default_rng(0)
    for name in ("no", "yes"):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            length = 0.2 if seconds is None else seconds(number)
            values = rng.uniform(-0.5, 0.5, round(length * rate))
            soundfile.write(folder / name / f"{number:02d}.wav", values, rate, "PCM_16")
    return folder
