"""Child processes for the converter and foreign files, because both can end a process."""

import importlib.util
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from zoo.checks import UserError
from zoo.leash import LEASH

LEAST_MEMORY = 8 << 30  # bytes of addresses, of which TensorFlow alone takes two
PER_PROCESSOR = 256 << 20
# what TensorFlow logs when it starts, whatever happens later
STARTUP = re.compile(r"[IWE]0000 |WARNING: All log messages before|To enable the following|INFO: ")


class ChildError(RuntimeError):
    """A child failed or died; the message says how and ends with its last lines."""


def run_child(module: str, argument: str, timeout: float, memory: int | None = None) -> str:
    """Run `python -m module argument` on the TensorFlow backend and return what it printed.

    Args:
        module, argument: what is run.
        timeout: seconds, of the clock; and of each processor.
        memory: bytes that it may take; None: as many as the machine has, 8 GiB at least.

    Raises:
        ChildError: an exit code other than 0, death by a signal, or more than `timeout` seconds.
    """
    return run_python(["-m", module, argument], timeout, memory=memory)


def run_python(
    arguments: list[str],
    timeout: float,
    folder: str | Path | None = None,
    memory: int | None = None,
) -> str:
    """Run `python *arguments` as `run_child` does, in `folder` or the current one.

    After "--" they are another program and its arguments.
    """
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as temporary:
        most = max(LEAST_MEMORY, _installed()) + of_threads() if memory is None else memory
        seconds = math.ceil(timeout * (os.cpu_count() or 1)) + 1
        limits = f"{os.getpid()},{most},{seconds}"
        return _run([limits, *arguments], timeout, folder, temporary)


def of_threads() -> int:
    """Return the bytes of addresses that libraries reserve for threads, one or more a processor.

    Stacks, glibc's arenas, OpenBLAS' buffers: hardly any of it is used, but a limit counts it.
    """
    return PER_PROCESSOR * (os.cpu_count() or 1)


def _installed() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _run(arguments: list[str], timeout: float, folder: str | Path | None, temporary: str) -> str:
    root = str(Path(__file__).resolve().parents[1])
    environment = os.environ | {
        "TMPDIR": temporary,  # what a child that is killed leaves there goes with it
        "TORCHINDUCTOR_CACHE_DIR": temporary,  # Torch leaves an empty one else
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    command = [sys.executable, "-P", LEASH, *arguments]
    try:
        child = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ChildError(f"took more than {timeout:g} s and was stopped.") from None
    if child.returncode:
        lines = (child.stdout + child.stderr).strip().splitlines()
        last = "\n".join([line for line in lines if not STARTUP.match(line)][-8:]) or "none"
        raise ChildError(f"{_how(child.returncode)}. Its last lines:\n{last}")
    return child.stdout


def need(module: str, package: str, extra: str = "targets") -> None:
    """Raise `UserError` where an optional package is not installed. Imports nothing."""
    if importlib.util.find_spec(module) is None:
        raise UserError(f"{package} is not installed. Run pip install 'pocketzoo[{extra}]'.")


def _how(code: int) -> str:
    if code < 0:
        return f"died of {signal.Signals(-code).name}"
    return f"failed with exit code {code}"
