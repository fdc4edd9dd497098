"""The child process of `benchmarks/export`: what others make of the same model and rows.

    python -m benchmarks.export.peers FOLDER STARTED PRODUCT...

FOLDER is as `jobs.py` writes it: `model.json` or, in `network.txt`, the name of a foreign network,
`model.weights.h5`, `calibration.npz` (rows for each input) and, for the float of the same graph,
`settings.json` and `twin.weights.h5`. Files appear beside them, and in `seconds.json` the seconds
that each took, the start of Python and TensorFlow (since STARTED, in Unix time) included, as our
own seconds include it. Where there are rows in `seen.npz`, a `.tflite` file is run on them, and its
outputs appear beside it (`.npz`); else it runs once.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.export.foreign.networks import MODELS
from benchmarks.export.jobs import (
    ROWS,
    SECONDS,
    SEEN,
    read_rows,
    read_seconds,
    run_rows,
    write_rows,
)
from export.conversion.convert import load as load_job
from export.runtimes.litert import load as load_file
from export.runtimes.litert import zeros
from export.tflite.writer import write
from zoo.quantization import Twin, make_twin
from zoo.quantization.hosts import affine_of
from zoo.quantization.layers.affine import Host


def load(folder: Path, unroll: bool) -> keras.Model:
    """Return the model of a job; a foreign network is built anew, by its name."""
    name = folder / "network.txt"
    if not name.exists():
        return load_job(folder, unroll)
    model = MODELS[name.read_text()]()
    model.load_weights(folder / "model.weights.h5")
    return model


def signature(model: keras.Model) -> list[Any]:
    """Return the signature of one row at a time, which every runtime here is fastest with."""
    ends = [
        keras.InputSpec(shape=(1, *one.shape[1:]), dtype=one.dtype, name=f"input_{place}")
        for place, one in enumerate(model.inputs)
    ]
    if isinstance(model, keras.Sequential):
        return ends
    return [keras.tree.pack_sequence_as(model._inputs_struct, ends)]


def evaluated(model: keras.Model) -> Callable[..., Any]:
    """Return what a model does at inference; `model.export` leaves augmentation in, at random."""
    return lambda *inputs: model(*inputs, training=False)


def single_rows(folder: Path) -> list[dict[str, np.ndarray]]:
    """Return the calibration rows one by one, by the names of the signature."""
    rows = read_rows(folder / ROWS)
    return [
        {f"input_{place}": one[number : number + 1] for place, one in enumerate(rows)}
        for number in range(len(rows[0]))
    ]


def converted(folder: Path, unroll: bool, prepare: Callable[[Any], None]) -> bytes:
    """Keras' own export, made once for all files, then TensorFlow's converter."""
    saved = folder / f"saved{'_unrolled' * unroll}"
    if not saved.exists():
        model = load(folder, unroll)
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", evaluated(model), input_signature=signature(model))
        archive.write_out(saved, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    prepare(converter)
    return bytes(converter.convert())


def stock(folder: Path, name: str, *, unroll: bool = False) -> None:
    """TensorFlow's converter with calibration rows: full int8."""

    def prepare(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: iter(single_rows(folder))

    (folder / name).write_bytes(converted(folder, unroll, prepare))


def ai_edge(folder: Path, name: str, *, unroll: bool = False) -> None:
    """ai-edge-quantizer with calibration rows, on the converter's float file: full int8."""
    from ai_edge_quantizer import quantizer, recipe

    content = converted(folder, unroll, lambda converter: None)
    job = quantizer.Quantizer(content, recipe.static_wi8_ai8())
    ranges = job.calibrate({"serving_default": single_rows(folder)}, num_threads=1)
    (folder / name).write_bytes(bytes(job.quantize(ranges).quantized_model))


def onnx_float(folder: Path, name: str, *, unroll: bool = False) -> None:
    """Keras' own export to ONNX (by tf2onnx)."""
    model = load(folder, unroll)
    model.export(folder / name, format="onnx", verbose=False, input_signature=signature(model))


def onnx_int8(folder: Path, name: str, *, unroll: bool = False) -> None:
    """onnxruntime's static quantization: QDQ, per channel, U8S8 that does not saturate on AVX2."""
    from onnxruntime import quantization as ort
    from onnxruntime.quantization.shape_inference import quant_pre_process

    onnx_float(folder, "before.onnx", unroll=unroll)
    quant_pre_process(folder / "before.onnx", folder / "before.onnx")
    rows = iter(single_rows(folder))

    class Rows(ort.CalibrationDataReader):
        def get_next(self) -> Any:
            return next(rows, None)

    ort.quantize_static(
        folder / "before.onnx",
        folder / name,
        Rows(),
        quant_format=ort.QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=ort.QuantType.QUInt8,
        weight_type=ort.QuantType.QInt8,
    )


def twin_of(folder: Path) -> Twin:
    cut_after = json.loads((folder / "settings.json").read_text())["cut_after"]
    model = load(folder, unroll=False)
    host = None if cut_after is None else affine_of(model.get_layer(cut_after))
    twin = make_twin(model, Host.of(host, None))
    twin.load_weights(folder / "twin.weights.h5")
    return twin


def same_graph(folder: Path, name: str, *, form: str = "rolled") -> None:
    """The float of the same graph as our int8 file."""
    (folder / name).write_bytes(write(twin_of(folder), None, form))


PRODUCTS: dict[str, Callable[[Path, str], None]] = {
    "stock.tflite": stock,
    "stock_unrolled.tflite": lambda folder, name: stock(folder, name, unroll=True),
    "aeq.tflite": ai_edge,
    "aeq_unrolled.tflite": lambda folder, name: ai_edge(folder, name, unroll=True),
    "same.tflite": same_graph,
    "same_step.tflite": lambda folder, name: same_graph(folder, name, form="step"),
    "same_unrolled.tflite": lambda folder, name: same_graph(folder, name, form="unrolled"),
    "float.onnx": onnx_float,
    "float_unrolled.onnx": lambda folder, name: onnx_float(folder, name, unroll=True),
    "int8.onnx": onnx_int8,
    "int8_unrolled.onnx": lambda folder, name: onnx_int8(folder, name, unroll=True),
}


def _run(folder: Path, name: str) -> None:
    """Run a file, so that one on which LiteRT aborts ends this process."""
    interpreter = load_file(folder / name)
    if (folder / SEEN).exists():
        write_rows(
            (folder / name).with_suffix(".npz"), run_rows(interpreter, read_rows(folder / SEEN))
        )
        return
    for details, row in zip(interpreter.get_input_details(), zeros(interpreter), strict=True):
        interpreter.set_tensor(details["index"], row)
    interpreter.invoke()


def main(folder: Path, started: float, names: list[str]) -> None:
    begun = time.time()
    seconds = read_seconds(folder)
    for name in names:
        now = time.time()
        PRODUCTS[name](folder, name)
        taken = round(time.time() - now + begun - started, 2)
        if name.endswith(".tflite"):
            _run(folder, name)
        seconds[name] = taken
        (folder / SECONDS).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
