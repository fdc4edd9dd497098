"""Decoding of many files: in parallel, once, with progress and a list of broken ones."""

import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from zoo.checks import UserError
from zoo.data.memory import gather, room
from zoo.readers.cache import keep, kept, key_of
from zoo.readers.folders import Files

THREADS = min(8, os.cpu_count() or 1)
LISTED = 100  # broken files in a message
SHOWN = 500  # files between two progress messages
One = TypeVar("One")


class Broken(Exception):
    """A file that cannot be read, and why; collected, so that one message lists all."""


def looked_at(
    path: Path, files: "Files[Any]", look: Callable[[Path], One]
) -> tuple["Files[tuple[One, bytes]]", dict[Path, str]]:
    """Return the files whose headers are readable, with digests, and the errors of the others.

    Args:
        path: the path that the user gave.
        files: all files there.
        look: reads the header of a file.

    Raises:
        UserError: none can be decoded.
    """
    bad: dict[Path, str] = {}
    root = files.root.resolve()

    def examine(path: Path) -> tuple[One, bytes]:
        whole = files.root / path
        away = whole.is_symlink() and not whole.resolve().is_relative_to(root)
        if away or not whole.is_file():
            raise Broken("a link out of the folder, or no file")
        if not whole.stat().st_size:
            raise Broken("empty")
        with whole.open("rb") as file:
            return look(whole), hashlib.file_digest(file, "sha256").digest()

    found: dict[int, tuple[One, bytes]] = {}
    for place, result in enumerate(_each(files.paths, examine, "looking at")):
        if isinstance(result, str):
            bad[files.paths[place]] = result
        else:
            found[place] = result
    if not found:
        report_bad(path, bad, False, [])
    return replace(files.only(list(found)), looks=tuple(found.values())), bad


def decoded(
    files: "Files[tuple[Any, bytes]]",
    decode: Callable[[Path], np.ndarray],
    shape: tuple[int, ...],
    dtype: str,
    settings: object,
    bad: dict[Path, str],
) -> tuple[np.ndarray, list[int]]:
    """Return the decoded files, from the cache if possible, and their indices in `files`.

    Args:
        files: the files to decode.
        decode: file -> array of `shape`.
        shape: of a decoded file.
        dtype: of a decoded file.
        settings: everything that `decode` depends on.
        bad: files that cannot be decoded are added here, with the reason.
    """
    key = key_of((settings, shape, dtype), (digest for _, digest in files.looks))
    every = (len(files.paths), *shape)
    known = kept(key)
    if known is not None and known.shape == every and known.dtype == np.dtype(dtype):
        return known, list(range(len(files.paths)))
    found, good = room(every, dtype), []

    def store(numbered: tuple[int, Path]) -> None:
        place, path = numbered
        found[place] = decode(files.root / path)

    for place, result in enumerate(_each(list(enumerate(files.paths)), store, "decoding")):
        if isinstance(result, str):
            bad[files.paths[place]] = result
        else:
            good.append(place)
    if len(good) == len(files.paths):
        keep(key, found)
        return found, good
    return gather(found, np.array(good, np.int64)), good


def _each(items: Sequence[Any], work: Callable[[Any], Any], what: str) -> list[Any]:
    """Return the result of `work` for each item, or its error as text; shows progress."""
    shown = sys.stderr.isatty() and len(items) > SHOWN

    def attempt(item: Any) -> Any:
        try:
            return work(item)
        except Broken as error:
            return str(error)
        except Exception as error:  # decoders raise anything on damaged files
            return f"{type(error).__name__}: {error}".splitlines()[0][:200]

    results = []
    with warnings.catch_warnings(), ThreadPoolExecutor(THREADS) as threads:
        warnings.simplefilter("ignore")  # about odd metadata
        try:
            for number, result in enumerate(threads.map(attempt, items), 1):
                results.append(result)
                if shown and (number % SHOWN == 0 or number == len(items)):
                    end = "\n" if number == len(items) else ""
                    print(f"\r{what} {number:,} of {len(items):,}", end=end, file=sys.stderr)
        except BaseException:  # Ctrl-C: do not wait for files that have not been started
            threads.shutdown(cancel_futures=True)
            raise
    return results


def report_bad(root: Path, bad: dict[Path, str], skip: bool, notes: list[str]) -> None:
    """Raise UserError that lists the unreadable files, or note them if they are skipped."""
    if not bad:
        return
    some = sorted(bad.items())[:LISTED]
    listed = "\n".join(f"  {path}: {why}" for path, why in some)
    listed += f"\n  ... and {len(bad) - LISTED:,} more" * (len(bad) > LISTED)
    if not skip:
        raise UserError(
            f"{len(bad)} files in {root} cannot be read. Fix or remove them, or leave them out "
            f"with --skip-bad.\n{listed}"
        )
    notes.append(f"{len(bad)} broken files were left out:\n{listed}")
