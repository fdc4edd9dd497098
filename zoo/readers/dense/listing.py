"""The pictures of a folder by name, and files with annotations of a size that can be read."""

from collections.abc import Sequence
from pathlib import Path

from zoo.checks import UserError
from zoo.data.sources import ENDINGS, files_below
from zoo.readers.dense.annotations import part_of, within

SETS = ("train", "val", "test", "trainval")
LARGEST = 2**29  # bytes of a file with annotations


class Missing(ValueError):
    """A picture that a file names and that is not there, or not alone; the message says why."""


class Listing:
    """The pictures of a folder."""

    def __init__(self, root: Path) -> None:
        endings = ENDINGS["pictures"]
        below = (path.relative_to(root) for path in files_below(root))
        self.root = root
        self.paths = [path for path in below if path.suffix.lower() in endings]
        self._named: dict[str, list[Path]] = {}
        for path in self.paths:
            for name in {path.name, path.stem}:
                self._named.setdefault(name, []).append(path)

    def named(self, name: str, beside: Path, part: str = "") -> Path:
        """Return the picture that a file with annotations names, relative to the folder.

        Args:
            name: as the file has it, with or without folders.
            beside: folder of the file, relative.
            part: that the file is of; it tells pictures of one name apart.

        Raises:
            Missing: there is none, or several.
        """
        path = within(self.root, name)
        if path is None or not path.name:
            raise Missing("climbs out of the folder")
        return self.only(path, beside, part, path.name)

    def only(self, path: Path, beside: Path, part: str, key: str) -> Path:
        """Return the picture whose path ends in another one; `key` is its name, or its stem."""
        ends = f"/{path.as_posix()}"
        known = self._named.get(key, [])
        if path.name == key:
            known = [one for one in known if f"/{one.as_posix()}".endswith(ends)] or known
        tried = (
            [one for one in known if one in (beside / path, path)],
            [one for one in known if part and part_of(one) == part],
            known,
        )
        found = next((some for some in tried if some), [])
        if not found:
            raise Missing("is not there")
        if len(found) > 1:
            raise Missing(f"is the name of {len(found)} images, such as {found[0]} and {found[1]}")
        return found[0]


def text_of(path: Path) -> str:
    """Return the text of a file with annotations.

    Raises:
        UserError: it is too large, cannot be read, or is not UTF-8.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise UserError(
                f"{path} has {size / 1e6:,.0f} MB; annotations of at most {LARGEST / 1e6:,.0f} MB "
                "are read. Split it."
            )
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def inner(path: Path, folders: Sequence[str]) -> Path:
    """Return a path without leading folders that only name parts or images."""
    parts = list(path.parts)
    while len(parts) > 1 and (parts[0].lower() in folders or part_of(Path(parts[0], "x"))):
        parts.pop(0)
    return Path(*parts)


def image_sets(root: Path, kind: str) -> dict[str, str]:
    """Return the part of each stem that lists in VOC's ImageSets/{kind} name; empty for none."""
    found: dict[str, str] = {}
    for folder in sorted(root.rglob(f"ImageSets/{kind}")):
        every = {name: folder / f"{name}.txt" for name in SETS}
        held = {name: path for name, path in every.items() if path.is_file()}
        if "train" in held:
            held.pop("trainval", None)
        for name, path in held.items():
            for line in text_of(path).splitlines():
                if line.strip():
                    found[line.split()[0]] = "train" if name == "trainval" else name
    return found
