"""Distance of int8 outputs from float ones after calibration: step by step, beside the converter.

    python -m benchmarks.calibration RUN...

RUN: folders of trained classifiers, as `pocketzoo run` leaves them. All from the same calibration
rows; distances are those of the logits on the test rows, root mean square, in standard deviations
of the float ones. Writes `benchmarks/results/calibration.md`.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np

import export
import zoo
from benchmarks.tables import table
from export.runtimes.litert import load
from export.runtimes.litert import predict as run_file
from zoo.quantization import calibrate, make_twin, quantize
from zoo.quantization.calibration import predict
from zoo.quantization.equalizing import equalize
from zoo.quantization.errors import relative_error
from zoo.quantization.layers.affine import Host
from zoo.quantization.layers.arithmetic import Int8
from zoo.quantization.rows import choose_rows

WAYS = ("converter", "ranges", "+ equal channels", "+ chosen roundings")
RESULTS = Path(__file__).parent / "results" / "calibration.md"
INTRO = """# Calibration

Logits of int8 models on test rows, no training: their distance from the float ones in standard
deviations, and the share of rows that get the same class (`python -m benchmarks.calibration
RUN...`). *converter*: TensorFlow's own post-training quantization. *ranges*: the twin with observed
ranges and nothing else; then with channels equalized before; then with weights rounded for their
inputs and biases corrected, which is what `pocketzoo` does.

"""


def of_converter(model: keras.Model, data: zoo.Data) -> np.ndarray:
    """Return the logits of the file that TensorFlow's converter quantizes by itself."""
    with tempfile.TemporaryDirectory() as folder:
        made = export.to_litert(model, data=data, directory=folder, method="converter")
        return np.asarray(run_file(load(made.int8_file), data.x_test, made.scaling, made.output))


def outputs(model: keras.Model, data: zoo.Data) -> dict[str, np.ndarray]:
    """Return the logits of each way."""
    chosen = choose_rows(model, data, 256, 0)
    rows, unseen = chosen.fed(), chosen.fed(data.x_test)
    found = {"converter": of_converter(model, data)}
    for way, change in (("ranges", lambda *_: None), ("+ equal channels", equalize)):
        twin = make_twin(model, Host.of(chosen.host, None))
        change(twin, rows)
        calibrate(twin, rows)
        found[way] = np.asarray(predict(twin, unseen, Int8()))
    found["+ chosen roundings"] = np.asarray(predict(quantize(model, data).twin, unseen, Int8()))
    return found


def line(folder: Path) -> list[str]:
    run = zoo.Run(folder)
    model, data = run.load_model(), run.load_data()
    of_float = model.predict(data.x_test, verbose=0)
    cells = []
    for found in outputs(model, data).values():
        same = np.mean(found.argmax(axis=1) == of_float.argmax(axis=1))
        cells.append(f"{relative_error(found, of_float):.3f}, {100 * same:.1f} %")
    return [folder.name, str(len(data.x_train)), str(len(data.x_test)), *cells]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    lines = []
    for folder in parser.parse_args().runs:
        lines.append(line(folder))
        print(" | ".join(lines[-1]), flush=True)
    RESULTS.write_text(INTRO + table(["run", "training rows", "test rows", *WAYS], lines) + "\n")


if __name__ == "__main__":
    main()
