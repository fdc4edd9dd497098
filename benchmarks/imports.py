"""Import time beside Keras alone, and time until `--help` answers: python benchmarks/imports.py

Interleaved, so that noise meets all alike; minimum and median of the rounds, in seconds.
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "import keras": [sys.executable, "-c", "import keras"],
    "import zoo": [sys.executable, "-c", "import zoo"],
    "pocketzoo --help": [sys.executable, "-m", "pocketzoo", "--help"],
}


def main(rounds: int = 7) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - started)
    for name, values in seconds.items():
        print(f"{name:18} minimum {min(values):.2f}  median {statistics.median(values):.2f}")


if __name__ == "__main__":
    main()
