"""Cache of decoded files: one array per file, named by the content it was made from."""

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zoo.files import beside, cache_folder

VERSION = 1  # of the decoding


def key_of(settings: object, contents: Iterable[bytes]) -> str:
    """Return a key for the result of decoding files with these digests and settings."""
    digest = hashlib.sha256(f"{VERSION} {settings!r}".encode())
    for content in contents:
        digest.update(content)
    return digest.hexdigest()[:32]


def kept(key: str) -> np.ndarray | None:
    """Memory-map a cached array; None if there is none or it is damaged."""
    path = _path(key)
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None


def keep(key: str, array: np.ndarray) -> None:
    """Cache an array; if that fails, it will be decoded again."""
    path = _path(key)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path, ".npy") as temporary:
            np.save(temporary, array, allow_pickle=False)


def _path(key: str) -> Path:
    return cache_folder() / f"{key}.npy"
