"""The machine of a measurement: processor, versions, and how busy its cores are with other work."""

import datetime
import importlib.metadata
import os
import platform
import re
import time
from pathlib import Path

import keras

from tuning.sweep.pool import cores

PACKAGES = ("keras", "keras-tuner", "optuna", "numpy", "scikit-learn")


def machine() -> str:
    """Return date, processor, backend and versions, and how busy others keep the cores."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.*)", info)
    backend = keras.backend.backend()
    packages = (backend, *PACKAGES)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    return (
        f"{datetime.date.today()}, {model[1] if model else platform.processor()}, {cores()} cores "
        f"({busy():.1f} of them busy with something else before it began), Python "
        f"{platform.python_version()}, backend {backend}, {versions}, OMP_NUM_THREADS {threads}."
    )


def busy(seconds: float = 3.0) -> float:
    """Return how many cores are busy while we do nothing."""

    def idle() -> float:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
        return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")

    if not Path("/proc/stat").exists():
        return float("nan")
    before, started = idle(), time.monotonic()
    time.sleep(seconds)
    return max(0.0, (os.cpu_count() or 1) - (idle() - before) / (time.monotonic() - started))
