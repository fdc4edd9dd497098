"""Rewritten operators beside those that they stand for: stems, nearest up-sampling.

    python -m benchmarks.export.rewrites

Layers alone, with random weights; latency and bytes of the rewritten file over those of the plain
one, timed in turn on one thread. Writes `benchmarks/results/rewrites.md`; a minute.
"""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from benchmarks.export.runners import least, runner
from benchmarks.tables import machine, table
from export.tflite.writer import write
from tests.helpers.instances import fill_weights
from zoo.quantization.calibration import quantize_rows
from zoo.quantization.layers import stem
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.ranges import Window
from zoo.quantization.rows import CalibrationRows
from zoo.quantization.rules import resizing

RESULTS = Path(__file__).parents[1] / "results" / "rewrites.md"
NEVER = 10**9
SAID = """\
A convolution of one or two channels as one of more, by slices and joins, and
RESIZE_NEAREST_NEIGHBOR as two joins. Ratio: the rewritten file's latency over the plain one's,
which has the stock converter's convolution."""
Case = tuple[tuple[int, ...], layers.Layer]
STEMS: dict[str, Case] = {
    "MNIST, 3x3, 8 filters": ((28, 28, 1), layers.Conv2D(8, 3)),
    "MNIST, 3x3, 32 filters": ((28, 28, 1), layers.Conv2D(32, 3)),
    "8x8, 3x3, 16 filters": ((8, 8, 1), layers.Conv2D(16, 3, padding="same")),
    "5x5, 16 filters": ((28, 28, 1), layers.Conv2D(16, 5, padding="same")),
    "64x64, 3x3 stride 2, 16 filters": ((64, 64, 1), layers.Conv2D(16, 3, 2, padding="same")),
    "activities, 5x1, 16 filters": ((24, 3, 1), layers.Conv2D(16, (5, 1))),
    "activities, 16x1, 24 filters": ((24, 3, 1), layers.Conv2D(24, (16, 1))),
    "series, 3 of 500, 64 filters": ((500, 1), layers.Conv1D(64, 3, padding="same")),
    "EEG, 3 of 512, 32 filters": ((512, 1), layers.Conv1D(32, 3, padding="same")),
    "3x3 of 2 channels, 16 filters": ((28, 28, 2), layers.Conv2D(16, 3, padding="same")),
    "7x5, 16 filters": ((28, 28, 1), layers.Conv2D(16, (7, 5), padding="same")),
    "5x5 of 2 channels, 16 filters": ((28, 28, 2), layers.Conv2D(16, 5, padding="same")),
    "5x5 of 2 channels, stride 2, 16 filters": ((64, 64, 2), layers.Conv2D(16, 5, 2, "same")),
    "6x6, 8 filters": ((28, 28, 1), layers.Conv2D(8, 6, padding="same")),
    "6x6 of 8x8, 16 filters": ((8, 8, 1), layers.Conv2D(16, 6, padding="same")),
    "7x7 stride 2, 16 filters": ((64, 64, 1), layers.Conv2D(16, 7, 2, "same")),
    "key words, 10x4 stride 2, 64 filters": ((49, 10, 1), layers.Conv2D(64, (10, 4), 2, "same")),
    "key words, 10x4 stride 2, 8 filters": ((49, 10, 1), layers.Conv2D(8, (10, 4), 2, "same")),
    "series, 16 of 128 of 2 channels, 8 filters": ((128, 2), layers.Conv1D(8, 16)),
}
NEAREST: dict[str, Case] = {
    f"{height}x{width}x{channels}, {times} times": (
        (height, width, channels),
        layers.UpSampling2D(times),
    )
    for height, width, channels, times in (
        (4, 4, 64, 2),
        (8, 8, 32, 2),
        (14, 14, 128, 2),
        (16, 16, 16, 2),
        (32, 32, 8, 2),
        (32, 32, 32, 2),
        (64, 64, 3, 2),
        (64, 64, 16, 2),
        (16, 16, 16, 3),
        (8, 8, 16, 4),
        (16, 16, 16, 5),
    )
}


@contextmanager
def setting(module: Any, name: str, value: int) -> Iterator[None]:
    """Let a module's constant have another value for a while."""
    kept = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, kept)


def file_of(case: Case, path: Path) -> Path:
    shape, layer = case
    model = fill_weights(
        keras.Sequential([layers.Input(shape), layer.from_config(layer.get_config())])
    )
    x = np.random.default_rng(0).normal(size=(32, *shape)).astype(np.float32)
    twin = quantize_rows(model, CalibrationRows(np.arange(32), x), numbers=True).twin
    path.write_bytes(write(twin, INT8))
    return path


def measured(
    name: str, case: Case, module: Any, constant: str, values: tuple[int, int]
) -> list[str]:
    """Return a row of the table: with the constant at either value."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for kind, value in zip(("plain", "rewritten"), values, strict=True):
            with setting(module, constant, value):
                paths[kind] = file_of(case, Path(folder) / f"{kind}.tflite")
        times = least({kind: runner(path) for kind, path in paths.items()}, 500)
        sizes = {kind: path.stat().st_size for kind, path in paths.items()}
    row = [name, f"{times['plain']:.1f}", f"{times['rewritten']:.1f}"]
    row.append(f"{times['rewritten'] / times['plain']:.2f}")
    return [*row, f"{sizes['rewritten'] - sizes['plain']:+,}"]


def main() -> None:
    head = ["us, plain", "us, rewritten", "ratio", "bytes more"]
    stems, joins = [], []
    for name, case in STEMS.items():
        shape, layer = case
        kernel = [1, *layer.kernel_size, shape[-1], layer.filters][-4:]
        window = Window((layer.strides[0],) * 2, layer.padding)
        taken = "yes" if stem.is_narrow(kernel, window) else "no"
        with setting(stem, "WIDE", NEVER):
            row = measured(name, case, stem, "MANY", (NEVER, 0))
        stems.append([*row, str(math.prod(kernel[:-1])), taken])
        print(*stems[-1], flush=True)
    for name, case in NEAREST.items():
        joins.append(measured(name, case, resizing, "JOINED", (0, resizing.JOINED)))
        print(*joins[-1], flush=True)
    text = "\n\n".join(
        [
            "# Rewritten operators",
            machine(),
            SAID,
            table(["stem", *head, "values a filter", "taken"], stems),
            table(["nearest", *head], joins),
        ]
    )
    print(text)
    RESULTS.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
