"""Our search beside stock KerasTuner for the same seconds, and what its engine costs.

    python -m benchmarks.sweep [--only race overhead ask memory] [--task NAME ...]
                               [--methods NAME ...] [--repeats 5] [--seconds 30] [--keep FOLDER]

On the backend of KERAS_BACKEND. Prints tables and puts them into `benchmarks/results/sweep.md`,
each part in place of its last; a race only if it was of all tasks and at least five repeats.
An hour on two cores that do nothing else. With --keep, runs of a race that are in the
folder already are not run again.
"""

import argparse
import datetime
import importlib.metadata
import os
import platform
import re
import tempfile
import time
from pathlib import Path

import keras

from benchmarks import costs
from benchmarks.race import METHODS, RACES, race_report, run_all
from tuning.sweep.pool import cores

RESULTS = Path(__file__).parent / "results" / "sweep.md"
PACKAGES = ("keras", "keras-tuner", "optuna", "numpy", "scikit-learn")
PARTS = {
    "race": "## The race",
    "overhead": "## What a trial costs beside its training",
    "ask": "## What asking costs",
    "memory": "## Memory",
}


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


def put(part: str, text: str) -> None:
    """Write one part into the results; the others stay."""
    old = RESULTS.read_text() if RESULTS.exists() else ""
    found = {
        name: re.search(rf"^{head}\n.*?(?=^## |\Z)", old, re.M | re.S)
        for name, head in PARTS.items()
    }
    sections = {name: match[0].strip() for name, match in found.items() if match}
    sections[part] = f"{PARTS[part]}\n\n{text}"
    RESULTS.parent.mkdir(exist_ok=True)
    body = "\n\n".join(sections[name] for name in PARTS if name in sections)
    RESULTS.write_text(f"# Search\n\n{body}\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--task", nargs="+", choices=RACES, default=list(RACES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", "--budget", type=float, default=30.0)
    parser.add_argument("--keep", type=Path, help="folder in which all runs stay")
    parser.add_argument("--note", default="", help="what is to be said of these figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        for part in arguments.only:
            head = f"{machine()}\n\n" + (f"**{arguments.note}**\n\n" if arguments.note else "")
            if part == "race":
                seconds = arguments.seconds
                methods, repeats = arguments.methods, arguments.repeats
                traces = run_all(folder / part, arguments.task, methods, repeats, seconds)
                text = race_report(traces, arguments.task, seconds)
            else:
                own = Path(tempfile.mkdtemp(prefix=part, dir=temporary))
                text = getattr(costs, part)(own)
            print(f"{PARTS[part]}\n\n{head}{text}\n", flush=True)
            if part != "race" or (arguments.repeats >= 5 and arguments.task == list(RACES)):
                put(part, head + text)


if __name__ == "__main__":
    main()
