"""Networks as others wrote them, through the exporter.

    python -m benchmarks.export.foreign [NAME...]

For each, on random weights and rows: the nodes of its twin or the reason why it has none, whether
the float file gives Keras' outputs, the int8 file's signal to noise about the mean in dB (least of
the outputs), and the bytes of either.
"""

import sys
from dataclasses import dataclass

import keras
import numpy as np

from benchmarks.export.foreign.networks import MODELS
from export.conversion.job import FLOAT
from export.conversion.nearness import nearness
from export.conversion.written import checked_files
from export.runtimes.apart import try_apart
from export.runtimes.litert import load_content, scaling_of
from export.tflite.writer import write
from zoo.quantization import UnknownLayer, make_twin
from zoo.quantization.calibration import answers, quantize_rows
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.rows import CalibrationRows, Rows, taken

ROWS, WORDS = 64, 500
WHOLE = ("kio_deeplab",)  # takes 0..255 without a Rescaling


@dataclass(frozen=True)
class Found:
    """What came of one network.

    Attributes:
        nodes: of its twin.
        same: whether the float file gives Keras' outputs.
        noise: the int8 file's signal to noise in dB, of the output where it is least.
        sizes: bytes of the float and the int8 file.
    """

    nodes: int
    same: bool
    noise: float
    sizes: tuple[int, int]

    def __str__(self) -> str:
        first, second = self.sizes
        same = "float = Keras" if self.same else "FLOAT FILE DIFFERS"
        return f"{self.nodes} nodes, {same}, {self.noise} dB, {first:,} and {second:,} bytes"


def rows_for(model: keras.Model) -> Rows:
    """Return random rows: ids below `WORDS`, darker and brighter pictures, normal numbers."""
    rng = np.random.default_rng(0)
    scaled = any(isinstance(one, keras.layers.Rescaling) for one in model._flatten_layers())
    most = 255.0 if scaled or model.name in WHOLE else 1.0
    rows = []
    for tensor in model.inputs:
        shape = (ROWS, *tensor.shape[1:])
        if keras.backend.is_int_dtype(tensor.dtype):
            rows.append(rng.integers(0, WORDS, shape).astype(np.int32))
        elif tensor.shape[-1] == 3:
            light = rng.uniform(0, most, (ROWS, *[1] * (len(shape) - 1)))
            rows.append((rng.uniform(0, 1, shape) * light).astype(np.float32))
        else:
            rows.append(rng.normal(size=shape).astype(np.float32))
    return rows[0] if len(rows) == 1 else rows


def fill(model: keras.Model) -> None:
    """Give vectors of weights, which start as ones and zeros, values as training leaves them."""
    rng = np.random.default_rng(1)
    for weight in model.weights:
        value = np.asarray(keras.ops.convert_to_numpy(weight))
        if value.ndim <= 1 and keras.backend.is_float_dtype(weight.dtype):
            spread = rng.uniform(0.8, 1.25, value.shape)
            weight.assign(
                value * spread + (rng.normal(0, 0.05, value.shape) if not value.any() else 0)
            )


def tried(model: keras.Model) -> Found:
    """Return what comes of a model. Raises UnknownLayer."""
    nodes = len(make_twin(model).nodes)
    rows = rows_for(model)
    chosen = CalibrationRows(np.arange(ROWS // 2), taken(rows, slice(ROWS // 2)))
    twin = quantize_rows(model, chosen, numbers=True).twin
    name = INT8.file()
    files = checked_files(model, {name: write(twin, INT8)}, rows, 600)
    seen = taken(rows, slice(ROWS // 2, ROWS))
    listed = [seen] if isinstance(seen, np.ndarray) else seen
    details = load_content(files[name]).get_input_details()
    fed = [
        one if entry.ids else scaling_of(detail).quantize(one)
        for entry, detail, one in zip(twin.entries, details, listed, strict=True)
    ]
    found, exact = try_apart({name: files[name]}, {name: fed}, 600)[name], answers(model, seen)
    real = twin.real(found)
    pairs = zip(
        [real] if isinstance(real, np.ndarray) else real,
        [exact] if isinstance(exact, np.ndarray) else exact,
        strict=True,
    )
    noise = min(nearness(*pair).signal_to_noise for pair in pairs)
    sizes = len(files[FLOAT]) if FLOAT in files else 0, len(files[name])
    return Found(nodes, FLOAT in files, noise, sizes)


def main(names: list[str]) -> None:
    with_twin = 0
    for name in names or list(MODELS):
        keras.utils.set_random_seed(0)
        model = MODELS[name]()
        fill(model)
        try:
            found = str(tried(model))
            with_twin += 1
        except UnknownLayer as error:
            found = f"no twin: {error.reason}"
        print(f"{name}: {found}", flush=True)
    print(f"{with_twin} of {len(names or MODELS)} have a twin")


if __name__ == "__main__":
    main(sys.argv[1:])
