"""Cache of what JAX compiles: trials of one shape, and later searches, find it on disk."""

import contextlib
import hashlib
import os
import platform
from pathlib import Path

from zoo.backends import CPU
from zoo.files import cache_folder

FOLDER = "JAX_COMPILATION_CACHE_DIR"
EVERYTHING = {  # else what takes less than a second is left out: all that draws weights
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
MOST = 512 * 2**20  # bytes of the folder


def cache_settings() -> dict[str, str]:
    """Return the environment by which JAX keeps what it compiles, in a folder of our cache.

    Nothing where the user has set JAX's own, or where there is no folder that this user alone may
    write: what lies there is run as it is.
    """
    if FOLDER in os.environ:
        return {}
    with contextlib.suppress(OSError, RuntimeError):  # the latter where there is no home at all
        folder = cache_folder() / f"jax-{_processor()}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if _ours(folder):
            shrink(folder)
            return {FOLDER: str(folder), **EVERYTHING}
    return {}


def _processor() -> str:
    """Return what tells processors apart: code for one may not run on another of the same home."""
    told = CPU.read_text() if CPU.exists() else platform.processor()
    flags = sorted({line for line in told.splitlines() if line.startswith(("flags", "Features"))})
    known = "\n".join([platform.machine(), *(flags or [platform.node()])])
    return hashlib.sha256(known.encode()).hexdigest()[:12]


def _ours(folder: Path) -> bool:
    """Return whether it is a folder, no link, of this user, that nobody else may write."""
    found = folder.lstat()
    return folder.is_dir() and not folder.is_symlink() and _private(found)


def _private(found: os.stat_result) -> bool:
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


def shrink(folder: Path, most: int = MOST) -> None:
    """Delete the oldest files, down to half of the bytes, where a folder holds more than `most`."""
    files = [(path, path.stat()) for path in folder.iterdir() if path.is_file()]
    total = sum(found.st_size for _, found in files)
    if total <= most:
        return
    for path, found in sorted(files, key=lambda one: one[1].st_mtime):
        if total <= most // 2:
            return
        path.unlink(missing_ok=True)
        total -= found.st_size
