"""The child process of `formats.py`: writes one format and runs it on rows.

`python -m export.formats_child JOB`; the folder holds `model.json`, `model.weights.h5`, `rows.npy`
and `format.txt`. What was made and `outputs.npy` appear beside them.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from export.conversion.convert import load


def onnx(model: keras.Model, job: Path, rows: np.ndarray) -> np.ndarray:
    """Write an ONNX file and return what onnxruntime makes of the rows."""
    import onnxruntime

    path = str(job / "model.onnx")
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: rows})[0])


def saved_model(model: keras.Model, job: Path, rows: np.ndarray) -> np.ndarray:
    """Write a SavedModel and return what TensorFlow makes of the rows."""
    path = str(job / "saved_model")
    model.export(path, format="tf_saved_model", verbose=False)
    (outputs,) = keras.layers.TFSMLayer(path, call_endpoint="serving_default")(rows).values()
    return np.asarray(outputs)


def main(job: Path) -> None:
    make = {"onnx": onnx, "saved_model": saved_model}[(job / "format.txt").read_text()]
    rows = np.load(job / "rows.npy", allow_pickle=False)
    model = load(job, unroll=False)
    model(rows[:1])  # Keras exports what has been called
    np.save(job / "outputs.npy", make(model, job, rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
