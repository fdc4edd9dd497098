"""The child process of `benchmarks/export`: what others make of the same model and rows.

    python -m benchmarks.export.peers FOLDER STARTED PRODUCT...

FOLDER is as `export.conversion.convert` has it (`model.json`, `model.weights.h5`, `calibration.npy`
and, for the float of the same graph, `settings.json` and `twin.weights.h5`). Files appear beside
them, and in `seconds.json` the seconds that each took, the start of Python and TensorFlow (since
STARTED, in Unix time) included, as our own seconds include it.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.conversion.convert import by_rows, load
from export.tflite.writer import write
from zoo.quantization import Twin, make_twin
from zoo.quantization.hosts import affine_of
from zoo.quantization.layers.affine import Host


def signature(model: keras.Model) -> list[keras.InputSpec]:
    """Return the signature of one row at a time, which every runtime here is fastest with."""
    return [keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype="float32", name="input")]


def converted(folder: Path, unroll: bool, prepare: Callable[[Any], None]) -> bytes:
    """Keras' own export, then TensorFlow's converter."""
    model = load(folder, unroll)
    with tempfile.TemporaryDirectory() as saved:
        model.export(saved, verbose=False, input_signature=signature(model))
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        prepare(converter)
        return bytes(converter.convert())


def stock(folder: Path, name: str, *, unroll: bool = False) -> None:
    """TensorFlow's converter with calibration rows: full int8."""

    def prepare(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        by_rows(np.load(folder / "calibration.npy"))(converter)

    (folder / name).write_bytes(converted(folder, unroll, prepare))


def ai_edge(folder: Path, name: str, *, unroll: bool = False) -> None:
    """ai-edge-quantizer with calibration rows, on the converter's float file: full int8."""
    from ai_edge_quantizer import quantizer, recipe

    content = converted(folder, unroll, lambda converter: None)
    job = quantizer.Quantizer(content, recipe.static_wi8_ai8())
    rows = [{"input": row[None]} for row in np.load(folder / "calibration.npy")]
    ranges = job.calibrate({"serving_default": rows}, num_threads=1)
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
    rows = iter([{"input": row[None]} for row in np.load(folder / "calibration.npy")])

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


def main(folder: Path, started: float, names: list[str]) -> None:
    begun = time.time()
    seconds = {}
    for name in names:
        now = time.time()
        PRODUCTS[name](folder, name)
        seconds[name] = round(time.time() - now + begun - started, 2)
    (folder / "seconds.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
