"""One command at a time in a run folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.checks import UserError
from zoo.files import refuse_link

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other commands out of a folder; the lock goes with this process, however it ends.

    Raises:
        UserError: another process is at work in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    refuse_link(folder / LOCK)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                f"Another command is at work in {folder}. Wait for it, or give another --out."
            ) from None
        try:
            yield
        finally:
            if [path.name for path in folder.iterdir()] == [LOCK]:  # nothing came of it
                (folder / LOCK).unlink()
                folder.rmdir()
