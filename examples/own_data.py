"""From arrays of your own to a checked int8 file: python examples/own_data.py OUT

Makes a set of noisy waves (three shapes, three channels of very different scale), writes it as
`.npz`, and lets pocketzoo do the rest. About a quarter of a minute.
"""

import sys
from pathlib import Path

import numpy as np

import export
import tuning
import zoo


def waves(rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, 16 steps, 3 channels) and class numbers: sine, square, sawtooth."""
    kinds = rng.integers(0, 3, rows)
    phase = 2 * np.pi * (np.arange(16) / 8 + rng.random((rows, 1)))
    shapes = np.stack([np.sin(phase), np.sign(np.sin(phase)), phase / np.pi % 2 - 1])
    signal = shapes[kinds, np.arange(rows)] + rng.normal(0, 0.2, (rows, 16))
    return np.stack([signal, 100 * signal + 5, rng.normal(0, 0.01, (rows, 16))], axis=2), kinds


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    (x_train, y_train), (x_test, y_test) = waves(400, rng), waves(200, rng)
    np.savez(out / "waves.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)

    data = zoo.load_data(out / "waves.npz")
    recipe = tuning.Recipe(epochs=15)
    search = tuning.Search(trials=2, repeats=0)
    run = tuning.search("gru_tiny", data, directory=out / "run", search=search, recipe=recipe)
    report = export.verify(export.to_litert(run), data, max_drop=5.0)
    print(f"float {report.float_estimate.value:.3f}  int8 {report.int8_estimate.value:.3f}")
    if not report.passed:
        sys.exit("\n".join(report.failures()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
