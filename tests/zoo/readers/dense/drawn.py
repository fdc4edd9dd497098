"""Small folders of images with masks or boxes, as people have them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoo.data.arrays import Found
from zoo.data.reading import Reading
from zoo.readers import read
from zoo.tasks import moving

COUNT = 20  # images of a folder
SIDES = 32, 48  # height, width
BOX = 10.0, 6.0, 30.0, 22.0  # of each image: x1, y1, x2, y2


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path_factory.mktemp("cache")))


def boxes_in(path: Path, seed: int = 0, task: Any = True, **said: Any) -> Found:
    """Read boxes; `task=None` leaves the task open."""
    kind = moving("boxes") if task else None
    return read(str(path), Reading(**said), seed, kind)


def masks_in(path: Path, seed: int = 0, task: Any = True, **said: Any) -> Found:
    """Read masks; `task=None` leaves the task open."""
    return read(str(path), Reading(**said), seed, moving("mask") if task else None)


def picture(path: Path, seed: int = 0, sides: tuple[int, int] = SIDES, **options: Any) -> Path:
    """Write noise with a bright rectangle at `BOX`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 120, (*sides, 3)).astype(np.uint8)
    x1, y1, x2, y2 = (int(corner) for corner in BOX)
    pixels[y1:y2, x1:x2] = 250
    Image.fromarray(pixels).save(path, **options)
    return path


def rotated(orientation: int) -> Image.Exif:
    """Return EXIF data with an orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def mask(path: Path, values: Sequence[int] = (0, 1), mode: str = "L") -> Path:
    """Write a mask: the second value in `BOX`, further ones in corners."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full(SIDES, values[0], np.uint8)
    x1, y1, x2, y2 = (int(corner) for corner in BOX)
    pixels[y1:y2, x1:x2] = values[1]
    for place, value in enumerate(values[2:]):
        pixels[-4:, 6 * place : 6 * place + 6] = value
    image = Image.fromarray(pixels)
    if mode == "P":
        image = Image.frombytes("P", image.size, pixels.tobytes())
        image.putpalette([value for n in range(256) for value in (n, 255 - n, n // 2)])
    (image if mode == "P" else image.convert(mode)).save(path)
    return path


def write_masks(
    root: Path,
    values: Sequence[int] = (0, 1),
    mode: str = "L",
    images: str = "images",
    masks: str = "masks",
    count: int = COUNT,
    end: str = "",
) -> Path:
    for n in range(count):
        picture(root / images / f"{n:02}.png", n)
        mask(root / masks / f"{n:02}{end}.png", values, mode)
    return root


def write_coco(root: Path, name: str = "annotations.json", count: int = COUNT) -> dict[str, Any]:
    """Write images and a file; return what it holds. Category ids are 3 and 7."""
    x1, y1, x2, y2 = BOX
    held: dict[str, Any] = {
        "images": [
            {"id": 100 + n, "file_name": f"{n:02}.png", "height": SIDES[0], "width": SIDES[1]}
            for n in range(count)
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
        "annotations": [
            {
                "id": n,
                "image_id": 100 + n,
                "category_id": (3, 7)[n % 2],
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "segmentation": [],
                "iscrowd": 0,
            }
            for n in range(count)
        ],
    }
    for n in range(count):
        picture(root / "images" / f"{n:02}.png", n)
    save(root / name, held)
    return held


def save(path: Path, held: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(held if isinstance(held, str) else json.dumps(held))


def xml(name: str, things: Sequence[tuple[str, Sequence[float]]], sides: Any = SIDES) -> str:
    """Return a VOC file."""
    objects = "".join(
        f"<object><name>{label}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>"
        f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
        for label, (x1, y1, x2, y2) in things
    )
    size = f"<size><width>{sides[1]}</width><height>{sides[0]}</height><depth>3</depth></size>"
    return f"<annotation><filename>{name}</filename>{size}{objects}</annotation>"


def write_voc(root: Path, count: int = COUNT, boxes: str = "Annotations") -> Path:
    x1, y1, x2, y2 = BOX
    for n in range(count):
        picture(root / "JPEGImages" / f"{n:02}.jpg", n)
        things = [(("cat", "dog")[n % 2], (x1 + 1, y1 + 1, x2, y2))]
        save(root / boxes / f"{n:02}.xml", xml(f"{n:02}.jpg", things))
    return root


def write_yolo(root: Path, count: int = COUNT, part: str = "") -> Path:
    height, width = SIDES
    x1, y1, x2, y2 = BOX
    center = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height
    line = f"{center[0]} {center[1]} {(x2 - x1) / width} {(y2 - y1) / height}\n"
    for n in range(count):
        picture(root / "images" / part / f"{n:02}.png", n)
        save(root / "labels" / part / f"{n:02}.txt", f"{n % 2} {line}")
    save(root / "data.yaml", "names: [cat, dog]\n")
    return root


def every(found: Found, kind: str) -> np.ndarray:
    """Return the rows of all parts together."""
    return np.concatenate([found.arrays[f"{kind}_{part}"] for part in ("train", "val", "test")])


def names(found: Found, part: str) -> set[str]:
    return {Path(name).name for name in found.arrays[f"names_{part}"]}
