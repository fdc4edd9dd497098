"""Images and their masks, which have the same name in two folders."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zoo.data.layouts import Layout
from zoo.readers.dense.annotations import part_of
from zoo.readers.dense.listing import Listing, image_sets

ENDS = ("_mask", "_masks", "_seg", "_segmentation", "_label", "_labels", "_gt", "_L")  # of masks


@dataclass(frozen=True)
class Pairs:
    """Images with their masks, and what is wrong with the others; paths within the folder.

    Attributes:
        images, masks: of each pair.
        parts: "train", "val" or "test" of each pair, or "".
        inner: path of each within the images.
        bad: image -> why it has no mask.
        unused: masks without an image.
    """

    images: tuple[Path, ...]
    masks: tuple[Path, ...]
    parts: tuple[str, ...]
    inner: tuple[Path, ...]
    bad: dict[Path, str]
    unused: tuple[Path, ...]


def paired(root: Path, layout: Layout) -> Pairs:
    """Return the images of a folder with their masks, by path within the two, else by name."""
    paths, lists = Listing(root).paths, image_sets(root, "Segmentation")
    rows: list[tuple[Path, Path, str, Path]] = []
    bad: dict[Path, str] = {}
    unused: list[Path] = []
    for images, masks in layout.masks:
        held = _by_stem(path.relative_to(masks) for path in paths if path.is_relative_to(masks))
        shown = [path.relative_to(images) for path in paths if path.is_relative_to(images)]
        used: dict[Path, Path] = {}
        for inner in shown:
            path, stem = images / inner, inner.stem
            if lists and stem not in lists:
                continue
            mask, why = _mask(held, inner)
            if mask is None:
                bad[path] = f"{why} in {masks.as_posix()}/"
            elif mask in used:
                bad[path] = f"{used[mask]} has the same name, so that {masks / mask} is of both"
            else:
                used[mask] = path
                rows.append((path, masks / mask, lists.get(stem, "") or part_of(path), inner))
        every = {mask for known in held.values() for mask in known}
        unused += [masks / mask for mask in sorted(every - used.keys())]
    return Pairs(
        tuple(path for path, _, _, _ in rows),
        tuple(mask for _, mask, _, _ in rows),
        tuple(part for _, _, part, _ in rows),
        tuple(inner for _, _, _, inner in rows),
        bad,
        tuple(unused),
    )


def _by_stem(masks: Iterable[Path]) -> dict[Path, list[Path]]:
    """Return masks by their paths without ending, and by their stems alone."""
    found: dict[Path, list[Path]] = {}
    for mask in masks:
        stem = mask.stem
        stem = next((stem.removesuffix(end) for end in ENDS if stem.endswith(end)), stem)
        for key in {mask.with_suffix(""), mask.with_name(stem), Path(mask.stem), Path(stem)}:
            found.setdefault(key, []).append(mask)
    return found


def _mask(held: dict[Path, list[Path]], inner: Path) -> tuple[Path | None, str]:
    for key in (inner.with_suffix(""), Path(inner.stem)):
        known = held.get(key, [])
        exact = [mask for mask in known if mask.with_suffix("") == key]
        known = exact or known
        if len(known) == 1:
            return known[0], ""
        if known:
            return None, f"has {len(known)} masks, such as {known[0]} and {known[1]},"
    return None, "has no mask"
