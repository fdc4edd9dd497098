"""Files that are whole or not there, and JSON."""

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.checks import UserError
from zoo.typed import Unfit, check, check_plain


def cache_folder() -> Path:
    """Return the folder for what can be made again: POCKETZOO_CACHE, or ~/.cache/pocketzoo."""
    return Path(os.environ.get("POCKETZOO_CACHE") or "~/.cache/pocketzoo").expanduser()


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file beside `path` and move it there, so that `path` is never half-written."""
    with beside(path, "") as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def beside(path: Path, ending: str) -> Iterator[Path]:
    """Yield a new file beside `path` that is moved there when all has been written.

    Its name is drawn, and it is made where nothing is: a link that lies there is never followed.
    """
    number, name = tempfile.mkstemp(ending, f".{path.name}.{os.getpid()}.", path.parent)
    os.fchmod(number, 0o666 & ~_umask())  # as any file; mkstemp's is for its owner alone
    os.close(number)
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file that a folder holds, also in folders of its own.

    Raises:
        UserError: a name that leads out of the folder, or past a link.
    """
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") and "\0" not in part for part in parts)
    if not plain or os.path.isabs(name):
        raise UserError(f"{folder} names a file {name!r}, which is not a name within the folder.")
    path = folder
    for part in parts[:-1]:
        path = path / part
        refuse_link(path)
    return path / parts[-1]


def refuse_link(path: Path) -> None:
    """Raise UserError for a link where a run keeps a folder or a file of its own."""
    if path.is_symlink():
        raise UserError(
            f"{path} is a link. What a run writes and deletes lies in its own folder: put the "
            "whole folder elsewhere, and give that as --out."
        )


def is_full(error: BaseException) -> bool:
    """Tell whether there was no room on the disk, whatever sets the limit."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def sha256(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_json(value: Any) -> str:
    """Return `value` as the JSON text that all files of a run use."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def read_json(path: Path, shape: Any = dict[str, Any]) -> dict[str, Any]:
    """Return the JSON object that a file holds.

    Args:
        path: the file.
        shape: what it must hold: a type hint as `zoo.typed.check` takes it.

    Raises:
        UserError: any other content; the message names the file and the key.
    """
    again = "Run the command that made the folder again."
    try:
        value = json.loads(path.read_text("utf-8"))
        if not isinstance(value, dict):
            raise UserError(f"{path} must hold a JSON object; got {type(value).__name__}.")
        check_plain(value)
        check(value, shape)
    except UserError:
        raise
    except Unfit as error:
        raise UserError(f"{path} is damaged: {error}. {again}") from error
    except RecursionError as error:
        raise UserError(f"{path} is damaged: objects stand too deep in it. {again}") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as JSON: {error}. {again}") from error
    found: dict[str, Any] = value
    return found
