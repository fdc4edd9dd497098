"""`pocketzoo predict` of masks and objects: COCO JSON, PNG masks, pictures, and a short table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

import zoo
from export.after.pictures import Seen, seen
from export.conversion.job import FLOAT
from export.drawing.drawn import encoded, mask_png
from export.proof.verified import Verified
from pocketzoo.printing.console import CONSOLE, print_table
from zoo.checks import UserError
from zoo.files import as_json, inside, write_atomic

MOST = 40  # lines of a table on a screen
COCO, MASKS, DRAWN = "objects.json", "masks", "pictures"  # within the folder


def predict_pictures(path: Path, source: Path, use_float: bool, out: Path | None) -> None:
    """Run pictures through a run's file; show what was found, and write it into a folder.

    Args:
        path: a run folder with an export, of masks or objects.
        source: a picture, a folder of them, or rows of an array file.
        use_float: take the float file.
        out: a folder, made where it is not there: for masks `masks/`, PNG of class numbers; for
            objects `objects.json`, as COCO has it; `pictures/`, with what was found over them.

    Raises:
        UserError: no export, pictures that cannot be read, an `out` that is no folder.
    """
    if out is not None and out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file. --out of masks and objects is a folder.")
    run = zoo.Run(path)
    labels = run.task().labels
    found = seen(run, source, of_float=use_float)
    if out is not None:
        write(found, labels, out)
    _print(FLOAT if use_float else Verified.read(run).file, found, labels, out)


def write(found: Sequence[Seen], labels: Sequence[str], out: Path) -> None:
    """Write what was found in pictures into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    if any(one.mask is None for one in found):
        write_atomic(out / COCO, as_json(coco(found, labels)))
    for one, name in zip(found, _png_names(found), strict=True):
        if one.mask is not None:
            _write(out / MASKS, name, mask_png(one.mask, len(labels)))
        _write(out / DRAWN, name, encoded(one.drawn(labels)))


def _write(folder: Path, name: str, content: bytes) -> None:
    path = inside(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, content)


def _png_names(found: Sequence[Seen]) -> list[str]:
    """Return a name for each picture, its own without the ending where that tells them apart."""
    stems = [str(Path(one.name).with_suffix("")) for one in found]
    unique = [stems.count(stem) == 1 for stem in stems]
    pairs = zip(found, stems, unique, strict=True)
    return [f"{stem if alone else one.name}.png" for one, stem, alone in pairs]


def coco(found: Sequence[Seen], labels: Sequence[str]) -> dict[str, Any]:
    """Return objects as COCO has them, with scores: boxes are x, y, width, height in pixels.

    Categories are numbered from 1, in the order of the labels.
    """
    images = [
        {"id": n, "file_name": one.name, "height": one.size[0], "width": one.size[1]}
        for n, one in enumerate(found, 1)
    ]
    annotations: list[dict[str, Any]] = []
    for n, one in enumerate(found, 1):
        for box, label, score in zip(one.boxes.tolist(), one.classes, one.scores, strict=True):
            x, y, width, height = box[0], box[1], box[2] - box[0], box[3] - box[1]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": n,
                    "category_id": label + 1,
                    "bbox": [round(value, 2) for value in (x, y, width, height)],
                    "area": round(width * height, 2),
                    "iscrowd": 0,
                    "score": round(score, 5),
                }
            )
    categories = [{"id": n, "name": name} for n, name in enumerate(labels, 1)]
    return {"images": images, "annotations": annotations, "categories": categories}


def _print(file: str, found: Sequence[Seen], labels: Sequence[str], out: Path | None) -> None:
    table = Table("picture", "found", title=file)
    for one in found[:MOST]:
        table.add_row(Text(one.name), Text(one.counted(labels)))
    print_table(CONSOLE, table)
    if len(found) > MOST:
        CONSOLE.print(f"{len(found) - MOST} more pictures.")
    what = "PNG masks" if found[0].mask is not None else "COCO JSON"
    if out is None:
        CONSOLE.print(f"--out FOLDER writes {what} and pictures with what was found.")
    else:
        CONSOLE.print(f"{len(found)} pictures, {what}: {out}", soft_wrap=True)
