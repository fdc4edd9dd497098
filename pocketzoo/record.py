"""The commands that made a run, kept in its folder so that it can be made again."""

import os
import shlex
import sys
from pathlib import Path

COMMANDS = "commands.json"


def command() -> str:
    """Return the command of this process, as it can be given again; secrets are left out."""
    backend = os.environ.get("KERAS_BACKEND")
    arguments = sys.argv[1:]
    if any("://" in one for one in arguments):
        from zoo.urls import bare  # Keras takes seconds to import

        arguments = [bare(one) for one in arguments]
    text = shlex.join(["pocketzoo", *arguments])
    return f"KERAS_BACKEND={backend} {text}" if backend else text


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
