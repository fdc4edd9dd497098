"""Tuned test accuracy, float and int8, through the public command only.

    python benchmarks/accuracy.py [--trials 10] [--seeds 0 1] [--epochs 60] [DATA/PRESET ...]

Prints one line per run: data, preset, seed, float, int8, drop, agreement, bytes, seconds. On two
cores and the jax backend a line takes two to six minutes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAIRS = (
    "digits/cnn_small",
    "digits/vit_small",
    "digits/mlp_small",
    "digits_rows/gru_small",
    "breast_cancer/mlp_small",
)


def measure(pair: str, seed: int, trials: int, epochs: int | None) -> str:
    data, preset = pair.split("/")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "pocketzoo", "run", data, preset, "--out", str(out)]
        command += ["--trials", str(trials), "--seed", str(seed)]
        command += ["--epochs", str(epochs)] if epochs else []
        started = time.monotonic()
        code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        report = json.loads((out / "report.json").read_text())
    agreement = report["agreement"]
    return (
        f"{data:14} {preset:10} seed {seed}  float {report['float']['value']:.4f}  "
        f"int8 {report['int8']['value']:.4f} {report['int8']['ci95'][0]:.3f}.."
        f"{report['int8']['ci95'][1]:.3f}  drop {report['drop']['value']:+.2f}  "
        f"agreement {agreement if agreement is None else round(agreement, 4)}  "
        f"{report['files']['model_int8.tflite']['bytes']:>7} bytes  "
        f"{time.monotonic() - started:.0f} s  exit {code}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="*", default=PAIRS)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int)
    arguments = parser.parse_args()
    for pair in arguments.pairs:
        for seed in arguments.seeds:
            print(measure(pair, seed, arguments.trials, arguments.epochs), flush=True)


if __name__ == "__main__":
    main()
