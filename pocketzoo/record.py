"""The commands that made a run, kept in its folder so that it can be made again."""

import os
import re
import shlex
import sys
from pathlib import Path

COMMANDS = "commands.json"


def command() -> str:
    """Return the command of this process, as it can be given again; passwords are left out."""
    backend = os.environ.get("KERAS_BACKEND")
    text = shlex.join(["pocketzoo", *sys.argv[1:]])
    text = f"KERAS_BACKEND={backend} {text}" if backend else text
    return re.sub(r"(://[^:@/ ]*):[^@/ ]*@", r"\1:***@", text)


def record(path: Path, stage: str) -> None:
    """Write the command of this process into a run folder; nothing where there is no run.

    Args:
        path: the folder.
        stage: "trained" or "exported".
    """
    from zoo import Run
    from zoo.files import as_json

    run = Run(path)
    if run.exists():
        known = run.read_json(COMMANDS) if (path / COMMANDS).is_file() else {}
        run.write({COMMANDS: as_json(known | {stage: command()})})
