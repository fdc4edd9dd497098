"""Sources of data by their names alone: built-in sets, files and folders; nothing is read.

Imports are light, so that a command can refuse a source before Keras is imported.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from zoo.checks import UserError, near
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT, Kind
from zoo.data.layouts import OURS, layout_of
from zoo.data.reading import Reading

SCENES = "digits_scenes"
# name -> what it is
BUILT_IN = {
    "digits": "8x8 gray images of handwritten digits, 10 classes",
    "digits_rows": "the same as sequences: 8 rows as steps, 8 pixels as features",
    SCENES: "64x64 synthetic scenes of digits on textured ground, with boxes; masks by --task",
    "breast_cancer": "30 measurements of cell nuclei, 2 classes",
    "wine": "13 chemical measurements, 3 classes",
    "diabetes": "10 measurements, regression of disease progression",
}
EXCEL = (".xlsx", ".xls", ".xlsm", ".ods")
TABLES = (".csv", ".tsv", ".parquet", ".pq")
ENDINGS = {
    "pictures": (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"),
    "sounds": (".wav", ".flac", ".ogg"),
    "recordings": TABLES,
}
ANNOTATED = "annotated"  # pictures with masks or boxes, whose reader the task tells
LABELS = "labels.csv"  # beside the files of a folder: their names and labels
KNOWN = (
    "a table (.csv, .tsv, .parquet), an .npz file, a folder with x_train.npy, y_train.npy, ..., "
    "or a folder of class folders, or with labels.csv, with images, audio (WAV, FLAC, OGG) or "
    "recordings (a table each), or of images with masks or boxes (COCO, VOC, YOLO)"
)


def reader_of(source: str) -> str:
    """Return which reader a source is for: "arrays", "table", `ANNOTATED`, or one of
    `ENDINGS`.

    Raises:
        UserError: there is no such thing, or nothing that can be read.
    """
    path = Path(source)
    if source in BUILT_IN:
        return "arrays"
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return _of_file(path)
    if path.exists():
        raise UserError(f"{path} is neither a file nor a folder.")
    if path.suffix or path.name != source:
        raise UserError(f"{path} does not exist. Give {KNOWN}.")
    raise UserError(
        f"There is no data set {source!r} and no such file. {near(source, BUILT_IN)} Or give "
        f"{KNOWN}."
    )


def kind_of_rows(source: str, reading: Reading) -> Kind | None:
    """Return the kind of rows that a source will have; None where only its content tells."""
    if source in BUILT_IN:
        return {"digits": IMAGE, "digits_rows": SEQUENCE, SCENES: IMAGE}.get(source, TABLE)
    read_as = {"table": TEXT if reading.text else TABLE, "pictures": IMAGE, ANNOTATED: IMAGE}
    reader = reader_of(source)
    return None if reader == "arrays" else read_as.get(reader, SEQUENCE)


def check_target(path: Path, reading: Reading) -> None:
    """Raise UserError for a target of a folder that has no list of labels."""
    if reading.target is not None and path.is_dir() and not (path / LABELS).is_file():
        raise UserError(f"--target is for tables and folders with {LABELS}; {path} has none.")


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, sorted, without hidden files and linked folders."""
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _of_file(path: Path) -> str:
    ending = path.suffix.lower()
    if ending in TABLES:
        return "table"
    if ending in EXCEL:
        raise UserError(
            f"{path} is a workbook, which is not read. Save its sheet as CSV (UTF-8), in Excel by "
            f'"Save As", in Python by pandas.read_excel(...).to_csv({path.stem + ".csv"!r}, '
            "index=False)."
        )
    if ending != ".npz":
        raise UserError(f"{path}: files ending in {ending!r} are not known. Give {KNOWN}.")
    return "arrays"


def _of_folder(folder: Path) -> str:
    """Return the reader for whichever files a folder has most of."""
    if (folder / "x_train.npy").is_file():
        return "arrays"
    files = [*files_below(folder)]
    if not (folder / LABELS).is_file() and _annotated(folder, files):
        return ANNOTATED
    counts, others = dict.fromkeys(ENDINGS, 0), Counter[str]()
    for path in files:
        others[path.suffix.lower()] += 1
        for kind, endings in ENDINGS.items():
            counts[kind] += path.suffix.lower() in endings and path.name != LABELS
    kind = max(counts, key=lambda candidate: counts[candidate])
    if not counts[kind]:
        most = "".join(ending for ending, _ in others.most_common(1))
        has = f"Files ending in {most!r} are not read: convert them. " if most else ""
        raise UserError(
            f"{folder} is a folder without images, audio or x_train.npy. {has}Give {KNOWN}."
        )
    return kind


def _annotated(folder: Path, files: list[Path]) -> bool:
    """Return whether a folder's pictures have masks or boxes.

    Raises:
        UserError: they have annotations of a form that is not read.
    """
    found = layout_of(folder, files, ENDINGS["pictures"])
    if found.foreign and not found.masks and not found.boxes:
        raise UserError(f"{folder}: this looks like {found.foreign}: {OURS}.")
    return found.annotated
