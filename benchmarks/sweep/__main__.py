"""Our search beside stock KerasTuner for the same seconds, and what its engine costs.

    python -m benchmarks.sweep [--only race overhead ask memory] [--task NAME ...]
                               [--methods NAME ...] [--repeats 5] [--seconds 30] [--keep FOLDER]

On the backend of KERAS_BACKEND. Prints tables and puts them into `benchmarks/results/sweep.md`,
each part in place of its last; a race only if it was of all tasks and at least five repeats.
An hour on two cores that do nothing else. With --keep, runs of a race that are in the
folder already are not run again.
"""

import argparse
import re
import tempfile
from pathlib import Path

from benchmarks.sweep import costs
from benchmarks.sweep.machine import machine
from benchmarks.sweep.race import METHODS, RACES, race_report, run_all

RESULTS = Path(__file__).parents[1] / "results" / "sweep.md"
PARTS = {
    "race": "## The race",
    "overhead": "## What a trial costs beside its training",
    "ask": "## What asking costs",
    "memory": "## Memory",
}


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
