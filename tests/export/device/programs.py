"""C++ programs around a header that was shipped, and infer.py as a module."""

import runpy
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from export.device.ends import Ends
from export.device.ship import shipped

STRICT = ["-std=c++11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fno-exceptions"]


def compiled(folder: Path, ends: Ends, main: str, *options: str) -> str:
    """Compile a program around the header of a file, with warnings as errors; return its path."""
    (folder / "model_io.h").write_text(shipped(ends)["model_io.h"])
    source = '#include "model_io.h"\n#include <cstdio>\n' + main
    (folder / "main.cc").write_text(source)
    program = str(folder / "main")
    subprocess.run(["g++", *STRICT, *options, str(folder / "main.cc"), "-o", program], check=True)
    return program


def ran(program: str, *given: bytes) -> bytes:
    """Run a program on what it reads from its input; return what it printed."""
    ended = subprocess.run([program], check=True, capture_output=True, input=b"".join(given))
    return ended.stdout


def numbers(found: bytes) -> list[list[float]]:
    """Return the numbers of each line."""
    return [[float(one) for one in line.split()] for line in found.decode().splitlines()]


def imported(folder: Path, ends: Ends) -> dict[str, Any]:
    """Return what infer.py defines, for calls without a file."""
    (folder / "infer.py").write_text(shipped(ends)["infer.py"])
    return runpy.run_path(str(folder / "infer.py"))


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Return a picture with edges and noise, uint8 (height, width, channels)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height // 9), -(-width // 9), channels))
    blocks = coarse.repeat(9, axis=0).repeat(9, axis=1)[:height, :width]
    return (blocks + rng.integers(-20, 21, blocks.shape)).clip(0, 255).astype(np.uint8)
