"""The child process that turns a Keras model into `.tflite` files: `python -m export.convert JOB`.

TensorFlow's converter can end a process by a segmentation fault, so nobody imports this file: the
parent (`litert.py`) writes a job folder, starts this, and reads the exit code. The job holds
`settings.json`, `model.json` (the Keras configuration), `model.weights.h5` and, for an int8 file,
`calibration.npy`; the `.tflite` files appear beside them.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import zoo.layers  # noqa: F401  (registers the layers that a configuration may name)
from export.conversion.custom import imported_classes
from export.conversion.job import FLOAT
from export.runtimes.litert import load as load_litert
from export.runtimes.litert import random_inputs, raw_outputs
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.rules.ids import takes_ids

SIGNATURE = "serving_default"
Function = Callable[..., dict[str, Any]]


def unrolled(config: Any) -> Any:
    """Return a Keras configuration with every recurrent layer unrolled over its steps.

    The converter's own int8 mode segfaults on the loop that a rolled layer becomes
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


def load(job: Path, unroll: bool) -> keras.Model:
    """Rebuild the model of a job, in safe mode, with its weights."""
    config = json.loads((job / "model.json").read_text())
    text = json.dumps(unrolled(config) if unroll else config)
    model = keras.models.model_from_json(text, custom_objects=imported_classes(job))
    model.load_weights(job / "model.weights.h5")
    return model


def convert(
    function: Function,
    inputs: dict[str, tuple[int, ...]],
    quantize: Callable[[Any], None] | None,
    ids: bool = False,
) -> bytes:
    """Return the flatbuffer of a function of named inputs, (1, ...) each.

    Args:
        quantize: sets the converter to int8; None leaves float32.
        ids: whether the inputs are ids of tokens, which are int32; else they are float32.
    """
    dtype = tf.int32 if ids else tf.float32
    specs = [tf.TensorSpec(shape, dtype, name=name) for name, shape in inputs.items()]
    endpoint = tf.function(
        lambda *rows: function(**dict(zip(inputs, rows, strict=True))), input_signature=specs
    )
    with tempfile.TemporaryDirectory() as saved:
        held = tf.Module()  # not the model: each layer and variable in it would cost time
        held.read = endpoint.get_concrete_function().variables
        tf.saved_model.save(held, saved, signatures={SIGNATURE: endpoint})
        converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=[SIGNATURE])
        if quantize is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            ends = tf.as_dtype(INT8.ends.dtype)
            converter.inference_input_type = converter.inference_output_type = ends
            quantize(converter)
        return bytes(converter.convert())


def by_rows(rows: np.ndarray) -> Callable[[Any], None]:
    """Return a setting of the converter: its own quantization, with calibration rows."""

    def quantize(converter: Any) -> None:
        converter.representative_dataset = lambda: (
            {"input": rows[i : i + 1]} for i in range(len(rows))
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet[INT8.operators]]

    return quantize


def whole(model: keras.Model) -> Function:
    """Return the function of a whole model: `input` -> `output`."""
    return lambda input: {"output": model(input, training=False)}


def without_head_layers(model: keras.Model, layer: str | None, rows: np.ndarray) -> Any:
    """Return the part of `model` after `layer`, and `rows` as they leave that layer."""
    if layer is None:
        return model, rows
    cut = model.get_layer(layer).output
    return keras.Model(cut, model.output), keras.Model(model.input, cut).predict(rows, verbose=0)


def main(job: Path) -> None:
    settings = json.loads((job / "settings.json").read_text())
    model = load(job, unroll=False)
    row = {"input": (1, *model.input_shape[1:])}
    ids = takes_ids(model)
    (job / FLOAT).write_bytes(convert(whole(model), row, None, ids))
    for name in settings["files"]:
        model = load(job, unroll=True)
        wake_reset_gates(model)
        rows = np.load(job / "calibration.npy", allow_pickle=False)
        body, rows = without_head_layers(model, settings["cut_after"], rows)
        row = {"input": (1, *body.input_shape[1:])}
        rows = rows.astype("int32") if ids else rows
        (job / name).write_bytes(convert(whole(body), row, by_rows(rows), ids))
    for file in sorted(job.glob("*.tflite")):
        # a file that LiteRT aborts on must not reach the parent
        raw_outputs(interpreter := load_litert(file), random_inputs(interpreter, 1, words=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
