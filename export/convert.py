"""The child process that turns a Keras model into `.tflite` files: `python -m export.convert JOB`.

TensorFlow's converter can end a process by a segmentation fault, so nobody imports this file: the
parent (`litert.py`) writes a job folder, starts this, and reads the exit code. The job holds
`settings.json`, `model.json` (the Keras configuration), `model.weights.h5` and `calibration.npy`;
`model_float.tflite` and `model_int8.tflite` appear beside them.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import zoo.layers  # noqa: F401  (registers the layers that a configuration may name)
from export.runtime import load as load_litert

SIGNATURE = "serving_default"


def unrolled(config: Any) -> Any:
    """Return a Keras configuration with every recurrent layer unrolled over its steps.

    The converter's int8 mode segfaults on the loop that a rolled layer becomes
    (tensorflow/tensorflow#62281).
    """
    if isinstance(config, dict):
        return {k: True if k == "unroll" else unrolled(v) for k, v in config.items()}
    if isinstance(config, list):
        return [unrolled(item) for item in config]
    return config


def wake_reset_gates(model: keras.Model) -> None:
    """Give GRU layers whose recurrent bias is all zero (as built) one of 1e-9.

    At the first step the reset gate multiplies nothing but this bias. Where it is zero the gate is
    dead code, the calibrator sees no range for it, and a float island stays in the int8 file.
    """
    for weight in model.weights:
        if "gru_cell" in weight.path and weight.name == "bias" and len(weight.shape) == 2:
            values = weight.numpy()
            if not values[1].any():
                values[1] = 1e-9
                weight.assign(values)


def load(job: Path) -> keras.Model:
    """Rebuild the model of a job, in safe mode, with its weights."""
    config = json.loads((job / "model.json").read_text())
    model = keras.models.model_from_json(json.dumps(unrolled(config)))
    model.load_weights(job / "model.weights.h5")
    wake_reset_gates(model)
    return model


def without_head_layers(model: keras.Model, layer: str | None, rows: np.ndarray) -> Any:
    """Return the part of `model` after `layer`, and `rows` as they leave that layer."""
    if layer is None:
        return model, rows
    cut = model.get_layer(layer).output
    return keras.Model(cut, model.output), keras.Model(model.input, cut).predict(rows, verbose=0)


def convert(model: keras.Model, calibration: np.ndarray | None, folder: Path) -> bytes:
    """Return the flatbuffer of `model` for one row at a time; int8 where rows are given."""
    row = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="input")
    with tempfile.TemporaryDirectory(dir=folder) as saved:
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint(
            SIGNATURE, lambda x: {"output": model(x, training=False)}, input_signature=[row]
        )
        archive.write_out(saved, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=[SIGNATURE])
        if calibration is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: (
                {"input": calibration[i : i + 1]} for i in range(len(calibration))
            )
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def main(job: Path) -> None:
    settings = json.loads((job / "settings.json").read_text())
    model = load(job)
    (job / "model_float.tflite").write_bytes(convert(model, None, job))
    if settings["int8"]:
        rows = np.load(job / "calibration.npy", allow_pickle=False)
        body, rows = without_head_layers(model, settings["cut_after"], rows)
        (job / "model_int8.tflite").write_bytes(convert(body, rows, job))
    for file in sorted(job.glob("*.tflite")):
        load_litert(file).invoke()  # a file that LiteRT aborts on must not reach the parent


if __name__ == "__main__":
    main(Path(sys.argv[1]))
