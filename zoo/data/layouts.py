"""Layouts of folders of pictures with masks or boxes, told by names and the ends of files."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

IMAGES = ("images", "imgs", "jpegimages", "image", "img")  # names of folders, case ignored
MASKS = ("masks", "labels", "annotations", "segmentationclass", "mask")
NOTES = (".txt", ".xml", ".json", ".yaml", ".yml")  # endings of what may hold annotations
ENDS = 2**16  # bytes at either end of a file that are looked at
MANY = 50  # JSON files of a folder: one for each picture
KEYS = ('"images"', '"annotations"', '"categories"')
TITLED = re.compile(r"instances|annotations|coco", re.IGNORECASE)
YOLO_LINE = re.compile(rb"\s*\d+(\s+-?[\d.]+(e-?\d+)?){4,}\s*$")
OURS = "pocketzoo has detection and semantic segmentation"


@dataclass(frozen=True)
class Layout:
    """What a folder holds beside its pictures.

    Attributes:
        masks: folders of images and of their masks, relative.
        boxes: the form of its boxes: "COCO", "VOC", "YOLO", or "" for none.
        files: with annotations of that form, relative.
        foreign: what it looks like that is not read; "" for nothing.
    """

    masks: tuple[tuple[Path, Path], ...] = ()
    boxes: str = ""
    files: tuple[Path, ...] = ()
    foreign: str = ""

    @property
    def annotated(self) -> bool:
        """Whether there is anything."""
        return bool(self.masks or self.boxes or self.foreign)


def layout_of(root: Path, files: Iterable[Path], pictures: Sequence[str]) -> Layout:
    """Return the layout of a folder.

    Args:
        root: the folder.
        files: all below it.
        pictures: endings of pictures.
    """
    below = [path.relative_to(root) for path in files]
    shown = [path for path in below if path.suffix.lower() in pictures]
    noted = [path for path in below if path.suffix.lower() in NOTES]
    masks = _masks({path.parent for path in shown})
    forms = {"COCO": _coco, "VOC": _voc, "YOLO": _yolo}
    for form, find in forms.items():
        found = find(root, noted, shown)
        if found:
            return Layout(masks, form, tuple(found))
    return Layout(masks, foreign="" if masks else _foreign(root, noted))


def _masks(folders: set[Path]) -> tuple[tuple[Path, Path], ...]:
    """Return folders of images that have a folder of masks beside them."""
    tops: dict[PurePath, dict[str, Path]] = {}
    for folder in folders:
        for depth, name in enumerate(folder.parts):
            if name.lower() in (*IMAGES, *MASKS):
                top = Path(*folder.parts[: depth + 1])
                tops.setdefault(top.parent, {})[name.lower()] = top
    pairs = []
    for held in tops.values():
        images = [held[name] for name in IMAGES if name in held]
        masks = [held[name] for name in MASKS if name in held]
        if images and masks:
            pairs.append((images[0], masks[-1] if "segmentationclass" in held else masks[0]))
    return tuple(sorted(pairs))


def _ends(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(ENDS)
        file.seek(max(len(head), path.stat().st_size - ENDS))
        return (head + file.read(ENDS)).decode("utf-8", "replace")


def _json(noted: list[Path]) -> list[Path]:
    found = [path for path in noted if path.suffix.lower() == ".json"]
    return found if len(found) <= MANY else []


def _coco(root: Path, noted: list[Path], shown: list[Path]) -> list[Path]:
    found = []
    for path in _json(noted):
        ends = _ends(root / path)
        keys = sum(key in ends for key in KEYS)
        other = "keypoints" in path.name or '"segments_info"' in ends or '"caption"' in ends
        if not other and keys >= (1 if TITLED.search(path.name) else 2):
            found.append(path)
    return found


def _voc(root: Path, noted: list[Path], shown: list[Path]) -> list[Path]:
    found = [path for path in noted if path.suffix.lower() == ".xml"]
    first = {path.parent: path for path in reversed(found)}
    usable = {of for of, path in first.items() if re.search(r"<annotation\b", _ends(root / path))}
    return [path for path in found if path.parent in usable]


def _yolo(root: Path, noted: list[Path], shown: list[Path]) -> list[Path]:
    """Return lists of boxes, and their settings, if the first list with a line looks like one."""
    stems = {path.stem for path in shown}
    lists = [path for path in noted if path.suffix.lower() == ".txt" and path.stem in stems]
    settings = [path for path in noted if path.suffix.lower() in (".yaml", ".yml")]
    for path in lists:
        with (root / path).open("rb") as file:
            line = file.readline(ENDS)
        if line.strip():
            return [*settings, *lists] if YOLO_LINE.match(line) else []
    named = any("names:" in _ends(root / path) for path in settings)
    return [*settings, *lists] if lists and named else []


def _foreign(root: Path, noted: list[Path]) -> str:
    """Return what annotations look like that are not read."""
    for path in noted[:MANY]:
        ends = _ends(root / path) if path.suffix.lower() in (".json", ".xml") else ""
        if "keypoints" in path.name or '"keypoints"' in ends:
            return f"keypoints ({path})"
        if '"segments_info"' in ends:
            return f"panoptic segmentation ({path})"
        if '"shapes"' in ends and '"imagePath"' in ends:
            return f"LabelMe ({path}), which can be exported as COCO or VOC"
        if "<annotations>" in ends and "<image " in ends:
            return f"CVAT ({path}), which exports COCO, VOC and YOLO, too"
        if '"caption"' in ends:
            return f"captions ({path})"
    return ""
