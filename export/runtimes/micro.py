"""LiteRT for Microcontrollers: a `.tflite` file run by the C++ that runs on the chip."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.child import ChildError, need, run_python

CHILD = Path(__file__).with_name("micro_child.py")


@dataclass(frozen=True)
class MicroRun:
    """What LiteRT-Micro made of a file. Where it refused, there are no outputs and no arena.

    Arenas are those of the 64-bit host; the pointers of a 32-bit chip make them smaller there.
    """

    outputs: tuple[np.ndarray, ...]  # in the file's order, each (rows, *output shape)
    arena_bytes: int  # in use once it runs, as RecordingMicroAllocator counts
    arena_minimum: int  # the smallest arena it starts in: preparing can take more than running
    refused: str | None  # why it did not run, with the log's last lines

    @property
    def figures(self) -> dict[str, Any]:
        """Return what a report tells of it."""
        return {"arena_bytes": self.arena_bytes, "arena_minimum": self.arena_minimum}


def run_micro(
    path: Path, rows: np.ndarray | Sequence[np.ndarray], timeout: float = 1800
) -> MicroRun:
    """Run a `.tflite` file on rows, each from a fresh state. Audit the file first.

    Args:
        path: the file.
        rows: (rows, *input shape), at least one, in the type the file takes; of a file with
            several inputs one such array for each, in the file's order.
        timeout: seconds for all rows together.

    Raises:
        UserError: the package tflite-micro is not installed.
    """
    need("tflite_micro", "tflite-micro")
    inputs = [rows] if isinstance(rows, np.ndarray) else rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(path, folder / "model.tflite")
        np.savez(folder / "inputs.npz", *inputs)
        try:
            printed = run_python([str(CHILD), name], timeout)
        except ChildError as error:
            return MicroRun((), 0, 0, f"LiteRT-Micro could not run it: the process {error}")
        with np.load(folder / "outputs.npz") as file:
            outputs = tuple(file[key] for key in file.files)
    used = re.search(r"Arena allocation total (\d+) bytes", printed)
    assert used, printed
    return MicroRun(outputs, int(used[1]), int(printed.split()[-1]), None)
