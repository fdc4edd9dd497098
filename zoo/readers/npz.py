"""`.npz` files, and folders of memory-mapped `.npy` files."""

import os
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Arrays
from zoo.readers.checked import KNOWN, REQUIRED, check_names, checked
from zoo.readers.shapes import RATES, Shaped, shaped

# raised by NumPy, zip and zlib for damage, odd compressions, passwords and headers
DAMAGE = (
    *(ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError, OverflowError, tokenize.TokenError),
)


def read_npz(path: Path, kind: str | None = None) -> Shaped:
    """Return the arrays of an `.npz` file as float32 rows (waveforms as they are) and raw labels.

    Args:
        path: the file.
        kind: of its rows; see `zoo.readers.shapes.shaped`.

    Raises:
        UserError: as `read_members`; an empty file, wrong keys, or arrays that cannot be used.
    """
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty. Expected an .npz file with {', '.join(REQUIRED)}.")

    def choose(names: list[str]) -> list[str]:
        check_names(path, names)
        return _used(names)

    return _checked(path, read_members(path, choose), kind)


def read_members(path: Path, choose: Callable[[list[str]], list[str]]) -> Arrays:
    """Return some arrays of an `.npz` file, unchanged; `choose` picks among their names.

    Raises:
        UserError: a damaged file, one that would fill the memory, or object arrays (never
            unpickled).
    """
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path} is damaged or not an .npz file. Make one with numpy.savez.")
    try:
        with np.errstate(invalid="ignore"), np.load(path, allow_pickle=False) as archive:
            names = choose(archive.files)
            _check_size(path, archive.zip, names)
            arrays = {name: archive[name] for name in names}
    except UserError:
        raise
    except DAMAGE as error:
        raise unreadable(path, error) from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # other members come as bytes
            raise UserError(f"{path}: {name} is not a NumPy array. Make the file with numpy.savez.")
    return arrays


def read_maps(folder: Path, kind: str | None = None) -> Shaped:
    """Memory-map the `.npy` files of a folder; float32 arrays are never copied.

    Raises:
        UserError: a damaged file, wrong names, or arrays that cannot be used.
    """
    names = _used([path.stem for path in folder.glob("*.npy")])
    check_names(folder, names)
    arrays = {name: load_npy(folder / f"{name}.npy") for name in names}
    return _checked(folder, arrays, kind)


def _used(names: list[str]) -> list[str]:
    rates = [name for name in RATES if name in names][:1]
    return [name for name in KNOWN if name in names and name not in RATES] + rates


def _checked(path: Path, arrays: Arrays, kind: str | None) -> Shaped:
    found = shaped(path, arrays, kind)
    return Shaped(checked(path, found.arrays), found.notes)


def load_npy(path: Path) -> np.ndarray:
    """Memory-map a `.npy` file."""
    try:
        with np.errstate(invalid="ignore"):  # sizes beyond 64 bits
            return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except DAMAGE as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: BaseException) -> UserError:
    """Return the UserError for an error of `DAMAGE`."""
    if "Object arrays" in str(error) or "Python objects" in str(error):
        return UserError(
            f"{path} holds object arrays, which are never unpickled. Save numeric arrays."
        )
    if "pickled" in str(error):  # NumPy's guess at what it does not know
        return UserError(f"{path} is damaged or not a NumPy file. Make one with numpy.save.")
    return UserError(f"{path} cannot be read: {error or type(error).__name__}")


def _check_size(path: Path, archive: zipfile.ZipFile, names: list[str]) -> None:
    """Raise UserError for arrays that would fill the memory, by the sizes in the archive.

    An archive that understates them cannot be read.
    """
    held = {info.filename: info.file_size for info in archive.infolist()}
    total = sum(held.get(f"{name}.npy", 0) for name in names)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if total > memory / 2:
        raise UserError(
            f"{path} would take {total / 1e9:.1f} GB of {memory / 1e9:.1f} GB of memory. Save each "
            "array with numpy.save into a folder (x_train.npy, ...) and give the folder."
        )
