"""Cache of decoded files: one array per file, named by the content it was made from."""

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zoo.files import beside, cache_folder

VERSION = 1  # of what decoding does


def key_of(settings: object, contents: Iterable[bytes]) -> str:
    """Return a name for what is made of files with these digests by these settings."""
    digest = hashlib.sha256(f"{VERSION} {settings!r}".encode())
    for content in contents:
        digest.update(content)
    return digest.hexdigest()[:32]


def kept(key: str) -> np.ndarray | None:
    """Map an array that was kept into memory; None where there is none that is whole."""
    path = _path(key)
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None


def keep(key: str, array: np.ndarray) -> None:
    """Keep an array for later; where that is not possible, it will be made again."""
    path = _path(key)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path, ".npy") as temporary:
            np.save(temporary, array, allow_pickle=False)


def _path(key: str) -> Path:
    return cache_folder() / f"{key}.npy"
