"""Space for arrays: memory, or for large ones an unnamed file that ends with the array.

The operating system can drop the pages of such a file and read them again, so that rows that do not
fit into memory are slow but work.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np

from zoo.checks import UserError
from zoo.files import cache_folder

IN_MEMORY = 2**29  # bytes of an array
BLOCK = 2**22  # values processed together


def room(shape: Sequence[int], dtype: np.typing.DTypeLike = np.float32) -> np.ndarray:
    """Return an uninitialized array.

    Raises:
        UserError: the disk is too full for a large array.
    """
    kind, size = np.dtype(dtype), int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if size <= IN_MEMORY:
        return np.empty(shape, kind)
    with _nameless() as file:
        try:
            if hasattr(os, "posix_fallocate"):  # else a full disk would kill the process later
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
        except OSError as error:
            raise UserError(
                f"There is no room for {size / 1e9:.1f} GB on the disk of {cache_folder()}: "
                f"{error}. Make room, or set POCKETZOO_CACHE to a folder on another disk."
            ) from error
        return np.asarray(np.memmap(file, kind, "r+", shape=tuple(shape)))


def _nameless() -> IO[bytes]:
    with contextlib.suppress(OSError):
        cache_folder().mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=cache_folder())
    return tempfile.TemporaryFile()


def gather(x: np.ndarray, rows: np.ndarray, dtype: np.typing.DTypeLike | None = None) -> np.ndarray:
    """Return `x[rows]`, converted to `dtype` if given; large arrays block by block."""
    kind = x.dtype if dtype is None else np.dtype(dtype)
    if kind.kind in "USM":
        return np.asarray(x[rows])
    found = room((len(rows), *x.shape[1:]), kind)
    for part in blocks(found):
        found[part] = x[rows[part]]
    return found


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return the concatenated rows of several arrays."""
    if parts[0].dtype.kind in "USM":
        return np.concatenate(parts)
    found = room((sum(len(part) for part in parts), *parts[0].shape[1:]), parts[0].dtype)
    start = 0
    for part in parts:
        for block in blocks(part):
            found[start + block.start : start + block.stop] = part[block]
        start += len(part)
    return found


def as_float32(x: np.ndarray) -> np.ndarray:
    """Return an array as float32 in C order, without a copy if it already is."""
    if x.dtype == np.float32 and x.flags.c_contiguous:
        return x
    return gather(x, np.arange(len(x)), np.float32)


def blocks(x: np.ndarray) -> Iterator[slice]:
    """Yield slices that together cover all rows."""
    each = max(1, BLOCK // max(1, int(np.prod(x.shape[1:]))))
    for start in range(0, len(x), each):
        yield slice(start, min(len(x), start + each))
