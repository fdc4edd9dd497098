"""The manifest of a run folder: the files that are finished, with their sha256."""

from pathlib import Path
from typing import Any, NotRequired, TypedDict

from zoo.checks import UserError
from zoo.files import inside, read_json

MANIFEST = "manifest.json"
PACKAGES = ("pocketzoo", "keras", "tensorflow", "keras-tuner", "ai-edge-litert", "numpy")
AGAIN = "Run the command that made the folder again; it continues where it can."


class Entry(TypedDict):
    bytes: NotRequired[int]
    sha256: str


class Manifest(TypedDict):
    files: dict[str, Entry]


class Unfinished(UserError):
    """No manifest, or a damaged one: a command may begin anew."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder: `files` (name -> bytes, sha256) and `versions`.

    Raises:
        Unfinished: none, or a damaged one.
        UserError: one that names a file outside of the folder.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise Unfinished(f"{folder} holds no finished run ({MANIFEST} is missing). {AGAIN}")
    try:
        manifest = read_json(path, Manifest)
    except UserError as error:
        raise Unfinished(str(error)) from error
    for name in manifest["files"]:
        inside(folder, name)
    return manifest


def versions() -> dict[str, str]:
    """Return the versions of the packages that make a run."""
    from importlib.metadata import version  # a tenth of the time that --help takes

    return {name: version(name) for name in PACKAGES}
