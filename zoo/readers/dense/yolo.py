"""YOLO: a list of boxes for each picture, in shares of its sides, and `data.yaml`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from zoo.checks import UserError
from zoo.data.layouts import IMAGES, OURS, Layout
from zoo.readers.dense.annotations import MOST_BOXES, Annotated, Truth, part_of, within
from zoo.readers.dense.listing import Listing, Missing, inner

LARGEST = 2**20  # bytes of the settings
LONGEST = 2**26  # bytes of a list
MOST_CLASSES = 10_000
LISTED = ("classes.txt", "obj.names", "labels.txt", "names.txt")  # names of classes, a line each
LABELS = "labels"  # folder beside that of the images


def read_yolo(root: Path, layout: Layout, outlines: bool | None) -> Annotated:
    """Read lists of boxes: `class x y width height`, centers and sides in shares of the picture.

    A picture without a list, or with an empty one, has no boxes.

    Args:
        root: the folder.
        layout: with its files.
        outlines: keep polygons; False: only the boxes around them; None: refuse polygons.

    Raises:
        UserError: settings that cannot be read, or polygons; all that is wrong with one picture is
            in `Truth.wrong`.
    """
    lists = {path.with_suffix(""): path for path in layout.files if path.suffix.lower() == ".txt"}
    settings = _settings(root, layout)
    names, listing, notes = _names(root, settings), Listing(root), list[str]()
    parts = _parts(root, settings, listing)
    kept = [path for path in listing.paths if not parts or path in parts]
    if len(kept) < len(listing.paths):
        notes.append(f"{len(listing.paths) - len(kept)} images in no part of data.yaml are unused.")
    truths, without = [], 0
    for path in kept:
        place = next((lists[one] for one in _stems(path) if one in lists), None)
        without += place is None
        truths.append(_truth(root, place, names, outlines))
    if without:
        notes.append(f"{without} of {len(kept)} images have no list of boxes: taken as empty.")
    most = max((int(one.classes.max()) for one in truths if one.classes.size), default=0)
    names = names or [str(number) for number in range(most + 1)]
    return Annotated(
        tuple(kept),
        tuple(truths),
        tuple(parts.get(path, "") or part_of(path) for path in kept),
        tuple(inner(path, IMAGES) for path in kept),
        tuple(names),
        tuple(notes),
    )


def _stems(path: Path) -> list[Path]:
    """Return where the list of a picture may be, without its ending."""
    stem, folders = path.with_suffix(""), [*path.parts[:-1]]
    places = [stem]
    for depth in reversed(range(len(folders))):
        if folders[depth].lower() in IMAGES:
            places.append(Path(*folders[:depth], LABELS, *folders[depth + 1 :], stem.name))
    return [*places, Path(LABELS) / stem, Path(LABELS) / stem.name]


def _truth(root: Path, path: Path | None, names: list[str], outlines: bool | None) -> Truth:
    classes: list[int] = []
    boxes: list[list[float]] = []
    drawn: list[object] = []
    wrong = ""
    for number, line in enumerate(_lines(root, path), 1):
        try:
            values = [float(word) for word in line.split()]
        except ValueError:
            values = []
        polygon = len(values) >= 7 and len(values) % 2 == 1
        if polygon and outlines is None:
            raise UserError(
                f"{path}: this looks like instance segmentation (YOLO polygons): {OURS}. Give one "
                "of these as --task: boxes are read for the one, masks for the other."
            )
        why = _wrong(values, polygon, names)
        if why:
            wrong = wrong or f"{path}, line {number}: {why}"
            continue
        classes.append(int(values[0]))
        boxes.append(_around(values[1:]) if polygon else _corners(*values[1:]))
        drawn.append([values[1:]] if polygon and outlines else None)
    array = np.array(boxes, np.float64).reshape(-1, 4)
    kept = tuple(drawn)
    return Truth(np.array(classes, np.int64), array, None, True, kept, wrong)


def _lines(root: Path, path: Path | None) -> list[str]:
    if path is None:
        return []
    if (root / path).stat().st_size > LONGEST:
        return ["too long"] * (MOST_BOXES + 1)
    lines = (root / path).read_text("utf-8", "replace").splitlines()
    return [line for line in lines if line.strip()]


def _wrong(values: list[float], polygon: bool, names: list[str]) -> str:
    if not polygon and len(values) != 5:
        return "expected five numbers: class, x, y, width, height"
    if not np.isfinite(values).all():
        return "holds NaN or infinite numbers"
    if values[0] != int(values[0]) or values[0] < 0 or (names and values[0] >= len(names)):
        return f"class {values[0]:g} is not one of 0 to {len(names) - 1}, as data.yaml names them"
    if min(values[1:]) < -0.01 or max(values[1:]) > 1.01:
        return "expected shares of the sides, 0 to 1; are these pixels?"
    return ""


def _corners(x: float, y: float, width: float, height: float) -> list[float]:
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def _around(corners: list[float]) -> list[float]:
    return [min(corners[::2]), min(corners[1::2]), max(corners[::2]), max(corners[1::2])]


def _settings(root: Path, layout: Layout) -> Mapping[str, Any]:
    for path in layout.files:
        if path.suffix.lower() in (".yaml", ".yml"):
            if (root / path).stat().st_size > LARGEST:
                raise UserError(f"{root / path} is too large to be the settings of YOLO.")
            try:
                held = yaml.safe_load((root / path).read_bytes())
            except (yaml.YAMLError, ValueError, RecursionError) as error:
                first = str(error).splitlines()[0]
                raise UserError(f"{root / path} is no YAML: {first}.") from error
            if isinstance(held, dict) and "names" in held:
                return held
    return {}


def _names(root: Path, settings: Mapping[str, Any]) -> list[str]:
    """Return the names of the classes; none where nothing says."""
    held = settings.get("names")
    if isinstance(held, dict) and held and all(key in range(MOST_CLASSES) for key in held):
        return [str(held.get(number, number)) for number in range(max(held) + 1)]
    if isinstance(held, list):
        return [str(name) for name in held]
    if held is not None:
        raise UserError(f"{root}: names of data.yaml must be a list of names of classes.")
    for name in LISTED:
        for path in (root / name, root / LABELS / name):
            if path.is_file():
                return [
                    line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()
                ]
    return []


def _parts(root: Path, settings: Mapping[str, Any], listing: Listing) -> dict[Path, str]:
    """Return the part of each picture that the settings place in one; empty for no parts.

    Raises:
        UserError: a part that is not there, or out of the folder.
    """
    base = within(root, str(settings.get("path") or "."))
    base = base if base is not None and (root / base).is_dir() else Path()
    found: dict[Path, str] = {}
    for part in ("train", "val", "test"):
        held = settings.get(part)
        for name in held if isinstance(held, list) else [held] if held else []:
            for path in _pictures(root, base, str(name), part, listing):
                if found.setdefault(path, part) != part and len(
                    {str(one) for one in settings.values()}
                ):
                    continue
    return found


def _pictures(root: Path, base: Path, name: str, part: str, listing: Listing) -> list[Path]:
    while name.startswith("../"):  # as Roboflow writes it, from a folder that is not there
        name = name[3:]
    asked = within(root, name)
    places = [] if asked is None else [base / asked, asked]
    place = next((one for one in places if (root / one).exists()), None)
    if place is None and part != "train":  # that part is then split off
        return []
    if place is None:
        raise UserError(
            f"{root}: data.yaml names {name!r} for {part}, which is not in the folder. Move it."
        )
    if (root / place).is_dir():
        return [path for path in listing.paths if path.is_relative_to(place)]
    found = []
    for line in (root / place).read_text("utf-8", "replace").splitlines():
        if line.strip():
            try:
                found.append(listing.named(line.strip().removeprefix("./"), base, part))
            except Missing as missing:
                raise UserError(f"{root / place}: {line.strip()} {missing}.") from missing
    return found
