"""Networks as others wrote them, through the exporter.

    python -m benchmarks.export.foreign [NAME...] [--peers] [--keep FOLDER]

For each, on random weights and rows (`rows.py`): the nodes of its twin or the reason why it has
none, whether the float file gives Keras' outputs, the int8 file's signal to noise about the mean in
dB (least of the outputs), and the bytes of either. With `--peers` the stock converter's and
ai-edge-quantizer's files of the same weights and calibration rows beside ours (`beside.py`).
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from benchmarks.export.foreign import beside
from benchmarks.export.foreign.networks import MODELS
from benchmarks.export.foreign.rows import ROWS, fill, rows_for
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


@dataclass(frozen=True)
class Found:
    """What came of one network.

    Attributes:
        nodes: of its twin.
        same: whether the float file gives Keras' outputs.
        noise: the int8 file's signal to noise in dB, of the output where it is least.
        varied: the deviation of an output about its mean over rows, as a share of its largest
            number, where it is least: below 0.01 its noise says little.
        floats: bytes of the float file; 0 where it differs.
        content: the int8 file.
    """

    nodes: int
    same: bool
    noise: float
    varied: float
    floats: int
    content: bytes

    def __str__(self) -> str:
        first, second = self.floats, len(self.content)
        same = "float = Keras" if self.same else "FLOAT FILE DIFFERS"
        return f"{self.nodes} nodes, {same}, {self.noise} dB, {first:,} and {second:,} bytes"


def halves(rows: Rows) -> tuple[Rows, Rows]:
    """Return the rows for calibration, and those on which files are compared."""
    return taken(rows, slice(ROWS // 2)), taken(rows, slice(ROWS // 2, ROWS))


def tried(model: keras.Model, rows: Rows) -> Found:
    """Return what comes of a model. Raises UnknownLayer."""
    nodes = len(make_twin(model).nodes)
    calibration, seen = halves(rows)
    chosen = CalibrationRows(np.arange(ROWS // 2), calibration)
    twin = quantize_rows(model, chosen, numbers=True).twin
    name = INT8.file()
    files = checked_files(model, {name: write(twin, INT8)}, rows, 600)
    details = load_content(files[name]).get_input_details()
    fed = [
        one if entry.ids else scaling_of(detail).quantize(one)
        for entry, detail, one in zip(twin.entries, details, listed(seen), strict=True)
    ]
    found = try_apart({name: files[name]}, {name: fed}, 600)[name]
    exact = listed(answers(model, seen))
    pairs = zip(listed(twin.real(found)), exact, strict=True)
    noise = min(nearness(*pair).signal_to_noise for pair in pairs)
    varied = min(float((x - x.mean(axis=0)).std() / np.abs(x).max()) for x in exact)
    floats = len(files[FLOAT]) if FLOAT in files else 0
    return Found(nodes, FLOAT in files, noise, varied, floats, files[name])


def listed(rows: Rows) -> list[np.ndarray]:
    return [rows] if isinstance(rows, np.ndarray) else rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(MODELS))
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder in which all files stay")
    arguments = parser.parse_args()
    with_twin = 0
    with tempfile.TemporaryDirectory() as folder:
        keep = arguments.keep or Path(folder)
        for name in arguments.names:
            keras.utils.set_random_seed(0)
            model = MODELS[name]()
            rows = rows_for(model)
            fill(model, rows)
            try:
                found = tried(model, rows)
                with_twin += 1
            except UnknownLayer as error:
                print(f"{name}: no twin: {error.reason}", flush=True)
                continue
            print(f"{name}: {found}", flush=True)
            if arguments.peers:
                parts = *halves(rows), listed(answers(model, halves(rows)[1]))
                print(beside.made(keep / name, name, model, found, *parts), flush=True)
        print(f"{with_twin} of {len(arguments.names)} have a twin")
        if arguments.peers:
            text = beside.written(keep, arguments.names)
            print(text)
            if arguments.names == list(MODELS):
                beside.RESULTS.write_text(text)


if __name__ == "__main__":
    main()
