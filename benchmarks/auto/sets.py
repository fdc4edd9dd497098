"""Data sets of the comparison of searches, each with the same rows for all who search.

None is one by which the order of presets was learned (`benchmarks/races.py`: statsmodels' `fair`
and `randhie`, and scikit-learn's `make_*`).
"""

import csv
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import zoo
from benchmarks.quality.datasets import SOURCES, Arrays, prepared, saved, wheel

MLXTEND, STATSMODELS = "mlxtend==0.25.0", "statsmodels==0.15.0"


def _autompg(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read 392 cars of mlxtend: seven numbers, and the miles per gallon to predict."""
    with zipfile.ZipFile(wheel(MLXTEND, folder)) as files:
        text = gzip.decompress(files.read("mlxtend/data/data/autompg.csv.gz")).decode()
    rows = [row[:-2] + row[-1:] for row in csv.reader(io.StringIO(text))]
    values = np.array([row for row in rows if "?" not in row], np.float32)
    return values[:, :-1], values[:, -1]


def _anes96(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read 944 voters of statsmodels: nine answers, and whom they voted for."""
    with zipfile.ZipFile(wheel(STATSMODELS, folder)) as files:
        text = files.read("statsmodels/datasets/anes96/anes96.csv").decode()
    values = np.array(list(csv.reader(io.StringIO(text), delimiter="\t"))[1:], np.float32)
    return values[:, :-1], values[:, -1].astype(int)


TABLES: dict[str, Callable[[Path], tuple[np.ndarray, np.ndarray]]] = {
    "autompg": _autompg,
    "anes96": _anes96,
}
FLAT = "_table"  # pictures as rows of numbers
DENSE = ("digits_scenes",)  # read as it is: others take no boxes
SETS = ("digits", "anes96", "GunPoint", "autompg", "mnist5k", "breast_cancer", "ItalyPowerDemand",
        "diabetes", "BasicMotions", "wine", "Coffee", "digits_table", "Trace", *DENSE)  # fmt: skip


def source_of(name: str, seed: int, folder: Path) -> str:
    """Return what `pocketzoo run` takes: an `.npz` file with a training and a test part.

    Args:
        name: one of `SETS`.
        seed: of the split, where the set has none.
        folder: where files are made.
    """
    if name in DENSE:
        return name
    if name in SOURCES:
        return prepared(name, seed, folder)
    flat = name.endswith(FLAT)
    file = folder / f"{name}-{seed}.npz"
    if not file.exists():
        saved(file, _parts(_data(name.removesuffix(FLAT), seed, folder), flat))
    return str(file)


def _data(name: str, seed: int, folder: Path) -> zoo.Data:
    if name in TABLES:
        x, y = TABLES[name](folder / "wheels")
        return zoo.data_from(x, y, name=name, seed=seed)
    return zoo.load_data(name, seed=seed)


def _parts(data: zoo.Data, flat: bool) -> Arrays:
    """Return the arrays of the training and the test part; `flat`: pictures as rows of numbers."""
    whole = data.merged()
    found = {}
    for part in ("train", "test"):
        x, y = (getattr(whole, f"{of}_{part}") for of in "xy")
        found[f"x_{part}"] = x.reshape(len(x), -1) if flat else x
        found[f"y_{part}"] = y if data.class_names else y[:, 0]
    return found
