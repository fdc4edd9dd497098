"""LiteRT's aarch64 build: on this machine where it is one, else in a container, else under qemu.

What phones and Raspberry Pis run has other kernels than x86. `make arm64` lays what a machine of
another kind needs, once, into the cache. No time is measured here: emulation says nothing of it.
"""

import math
import platform
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from export.child import ChildError, run_python
from zoo.checks import UserError
from zoo.files import cache_folder

CHILD = Path(__file__).with_name("arm64_child.py")
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ai-edge-litert", "numpy")  # that the child imports, in the versions of this machine
PYTHON = "3.13"  # of the root, of the image, and of the wheels
IMAGE = f"python:{PYTHON}-slim"
ENGINES = ("docker", "podman")
CPUS = ("max", "cortex-a53")  # all that qemu has; and neither dot products nor half floats
Job = tuple[Path, Sequence[np.ndarray]]  # a file, and the rows of each of its inputs
NATIVE = ("aarch64", "arm64")
HERE = "this machine"
# of x86: preloaded libraries, and what a library of linear algebra is told of the processor
NOT_INHERITED = ("LD_PRELOAD", "OPENBLAS_CORETYPE")


@dataclass(frozen=True)
class Arm64:
    """A way to run LiteRT's aarch64 build.

    Attributes:
        name: "this machine", the engine's, or "qemu -cpu max" after the processor it emulates.
        engine: that runs a container.
        cpu: that qemu emulates.
    """

    name: str
    engine: str | None = None
    cpu: str | None = None

    def child(self, folder: Path, timeout: float) -> list[str]:
        """Return what `export.child` runs: the child there, on what `folder` holds."""
        child = [str(CHILD), str(folder)]
        if self.engine is not None:
            return ["--", self.engine, *_in_container(folder, timeout), *child]
        if self.cpu is not None:
            return ["--", *_under_qemu(self.cpu), *child]
        return child


@dataclass(frozen=True)
class ArmRun:
    """What LiteRT for Arm made of a file. Where it could not run, there are no outputs."""

    outputs: tuple[np.ndarray, ...]  # in the file's order, each (rows, *output shape)
    refused: str | None  # why it did not run, with the last lines
    machine: str

    @property
    def figures(self) -> dict[str, Any]:
        """Return what a report tells of it."""
        return {"machine": self.machine}


def laid() -> Path:
    """Return the folder that `make arm64` lays, for this version of LiteRT."""
    return cache_folder() / f"arm64-{version(PACKAGES[0])}"


def find_arm64() -> list[Arm64]:
    """Return the ways to run LiteRT for Arm here: one, or an emulated processor each.

    Raises:
        UserError: there is none.
    """
    if platform.machine() in NATIVE:
        return [Arm64(HERE)]
    if (laid() / "engine").is_file():
        engine = (laid() / "engine").read_text().strip()
        if engine in ENGINES and shutil.which(engine):
            return [Arm64(engine, engine=engine)]
    if (laid() / "root").is_dir():
        return [Arm64(f"qemu -cpu {cpu}", cpu=cpu) for cpu in CPUS]
    raise UserError(
        f"arm64 is for LiteRT's aarch64 build, which this {platform.machine()} machine lacks: run "
        "make arm64 or python -m export.runtimes.arm64_setup once, with docker, podman or apt-get."
    )


def run_arm64(arm: Arm64, jobs: Sequence[Job], timeout: float = 1800) -> list[ArmRun]:
    """Run `.tflite` files on rows, one after the other in a process. Audit the files first.

    Args:
        arm: from `find_arm64`.
        jobs: the files, each with the rows for each of its inputs, in its order, (rows, *input
            shape) of its type.
        timeout: seconds for all of them.
    """
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as name:
        folder = Path(name).resolve()
        for place, (path, inputs) in enumerate(jobs):
            shutil.copyfile(path, folder / f"{place}.tflite")
            np.savez(folder / f"{place}.npz", *inputs)
        try:
            run_python(arm.child(folder, timeout), timeout)
        except ChildError as error:
            refused = f"LiteRT for Arm could not run it: the process {error}"
            return [ArmRun((), refused, arm.name) for _ in jobs]
        return [ArmRun(_outputs(folder, place), None, arm.name) for place in range(len(jobs))]


def _outputs(folder: Path, place: int) -> tuple[np.ndarray, ...]:
    with np.load(folder / f"{place}.outputs.npz") as file:
        return tuple(file[key] for key in file.files)


def _in_container(folder: Path, timeout: float) -> list[str]:
    """Return the arguments of an engine; the container ends by itself, for no one else ends it."""
    here, site = str(ROOT), str(laid() / "site")
    read = [word for path in (here, site) for word in ("--volume", f"{path}:{path}:ro")]
    return [
        *("run", "--rm", "--platform", "linux/arm64", "--network", "none"),
        *(*read, "--volume", f"{folder}:{folder}"),
        *("--env", f"PYTHONPATH={site}:{here}", "--env", "PYTHONDONTWRITEBYTECODE=1"),
        *(IMAGE, "timeout", "--signal=KILL", f"{math.ceil(timeout)}", f"python{PYTHON}"),
    ]


def _under_qemu(cpu: str) -> list[str]:
    root = laid() / "root"
    unset = [word for name in NOT_INHERITED for word in ("-U", name)]
    return [
        *(str(laid() / "qemu-aarch64"), "-cpu", cpu, "-L", str(root), *unset),
        *("-E", f"PYTHONPATH={laid() / 'site'}:{ROOT}"),
        *("-E", f"PYTHONPYCACHEPREFIX={laid() / 'compiled'}"),  # of another Python
        *(str(root / "usr" / "bin" / f"python{PYTHON}"), "-S"),
    ]
