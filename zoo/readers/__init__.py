"""Readers: from files and folders as people have them to arrays by name."""

from pathlib import Path

from zoo.checks import UserError, near
from zoo.data.arrays import Found
from zoo.data.reading import Reading
from zoo.readers.built_in import BUILT_IN, read_built_in
from zoo.readers.labelled import read_labelled
from zoo.readers.rows import read_rows
from zoo.readers.shapes import Shaped
from zoo.tasks import Task

__all__ = [
    "BUILT_IN",
    "Reading",
    "read",
    "read_labelled",
    "read_rows",
]
KINDS = (
    "a table (.csv, .tsv, .parquet), an .npz file, a folder with x_train.npy, y_train.npy, ..., "
    "or a folder of class folders with images or audio (WAV, FLAC, OGG)"
)


def read(source: str, reading: Reading, seed: int, task: type[Task] | None) -> Found:
    """Read a built-in set, a file or a folder; see `zoo.load_data`.

    Raises:
        UserError: there is no such thing, or nothing that can be read.
    """
    path = Path(source)
    if source in BUILT_IN:
        reading.check("arrays", source)
        return Found(read_built_in(source, seed), {"kind": "arrays"})
    if path.is_dir():
        return _read_folder(path, reading, seed)
    if path.is_file():
        return _read_file(path, reading, seed, task)
    if path.exists():
        raise UserError(f"{path} is neither a file nor a folder.")
    if path.suffix or path.name != source:
        raise UserError(f"{path} does not exist. Give {KINDS}.")
    raise UserError(
        f"There is no data set {source!r} and no such file. {near(source, BUILT_IN)} Or give "
        f"{KINDS}."
    )


def _read_file(path: Path, reading: Reading, seed: int, task: type[Task] | None) -> Found:
    from zoo.readers.npz import read_npz

    ending = path.suffix.lower()
    if ending in (".csv", ".tsv", ".parquet", ".pq"):
        from zoo.readers.table import read_table  # pyarrow takes a while to import

        return read_table(path, reading, seed, task)
    if ending != ".npz":
        raise UserError(f"{path}: files ending in {ending!r} are not known. Give {KINDS}.")
    reading.check("arrays", path.name)
    return _arrays(read_npz(path, reading.kind))


def _arrays(found: Shaped) -> Found:
    return Found(found.arrays, found.schema)


def _read_folder(folder: Path, reading: Reading, seed: int) -> Found:
    from zoo.readers.folders import kind_of
    from zoo.readers.npz import read_maps

    if (folder / "x_train.npy").is_file():
        reading.check("arrays", folder.name)
        return _arrays(read_maps(folder, reading.kind))
    kind = kind_of(folder)
    if kind == "pictures":
        from zoo.readers.images import read_images

        return read_images(folder, reading, seed)
    if kind == "sounds":
        from zoo.readers.audio import read_audio

        return read_audio(folder, reading, seed)
    raise UserError(f"{folder} is a folder without images, audio or x_train.npy. Give {KINDS}.")
