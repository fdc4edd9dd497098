"""Whole networks of keras.applications, random weights: do they leave as integers only?

    python -m benchmarks.applications [--names NAME ...] [--size 64]

Prints a table and writes it to `benchmarks/results/applications.md`.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

import export
from benchmarks.tables import table
from tests.helpers.instances import data_of

RESULTS = Path(__file__).parent / "results" / "applications.md"
NAMES = ("MobileNetV2", "MobileNetV3Small", "EfficientNetV2B0", "ResNet50")


def row(name: str, size: int) -> list[str]:
    """Export and verify one network on random pictures."""
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=10)
    x = np.random.default_rng(0).uniform(0, 255, (20, size, size, 3)).astype(np.float32)
    data = data_of(x, np.arange(20) % 10)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        made = export.to_litert(model, data=data, directory=folder, calibration_rows=16)
        seconds = time.monotonic() - started
        report = export.verify(made, data, max_drop=100)
    audit = report.int8_audit
    stopped = "; ".join(report.files.float_layers) or "-"
    return [
        name,
        report.files.rung,
        "yes" if audit.integer_only else "NO",
        stopped,
        f"{audit.bytes / 1024:.0f}",
        f"{report.files.float_difference:.0e}",
        f"{report.runtimes.latency['float'].median / 1000:.1f}",
        f"{report.runtimes.latency['int8'].median / 1000:.1f}",
        f"{seconds:.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--size", type=int, default=64)
    given = parser.parse_args()
    rows = []
    for name in given.names:
        rows.append(row(name, given.size))
        print(rows[-1], flush=True)
    head = ["", "by", "integer-only", "stays in float", "int8, KB", "float - Keras"]
    head += ["float, ms", "int8, ms", "export, s"]
    text = (
        f"# keras.applications, random weights, {given.size}x{given.size}\n\n"
        f"`python -m benchmarks.applications --size {given.size}`; one thread.\n\n"
        + table(head, rows)
        + "\n"
    )
    RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
