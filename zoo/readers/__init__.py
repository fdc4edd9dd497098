"""Readers: from files and folders as people have them to arrays by name."""

from pathlib import Path

from zoo.data.arrays import Found
from zoo.data.reading import Reading
from zoo.data.sources import ANNOTATED, BUILT_IN, reader_of
from zoo.readers.built_in import read_built_in
from zoo.readers.labelled import read_labelled
from zoo.readers.rows import read_rows
from zoo.tasks import Task

__all__ = [
    "BUILT_IN",
    "Reading",
    "read",
    "read_labelled",
    "read_rows",
]


def read(source: str, reading: Reading, seed: int, task: type[Task] | None) -> Found:
    """Read a built-in set, a file or a folder; see `zoo.load_data`.

    Raises:
        UserError: there is no such thing, or nothing that can be read.
    """
    path, kind = Path(source), reader_of(source)
    reading.check(kind, path.name)
    if source in BUILT_IN:
        return read_built_in(source, seed, task)
    if kind == ANNOTATED and (task is None or task.moves):
        from zoo.readers.dense.choosing import read_annotated

        return read_annotated(path, reading, seed, task)
    if kind == "table":
        from zoo.readers.table import read_table  # pyarrow takes a while to import

        return read_table(path, reading, seed, task)
    if kind in ("pictures", ANNOTATED):
        from zoo.readers.images import read_images

        return read_images(path, reading, seed, task)
    if kind == "sounds":
        from zoo.readers.audio import read_audio

        return read_audio(path, reading, seed, task)
    if kind == "recordings":
        from zoo.readers.recordings import read_recordings

        return read_recordings(path, reading, seed, task)
    from zoo.readers.npz import read_maps, read_npz

    found = (read_maps if path.is_dir() else read_npz)(path, reading.kind)
    return Found(found.arrays, found.schema)
