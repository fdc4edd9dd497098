"""The parent of tensorflow-model-optimization: pruning, clustering, quantization-aware training."""

import io
import tempfile
import time
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export.child import ChildError, run_child
from export.conversion.choices import Compression
from export.conversion.job import ExportError, checked
from export.conversion.keras2 import KERNELS, describe
from zoo import Data, UserError
from zoo.checks import at_least, in_range
from zoo.files import as_json
from zoo.metrics.numbers import largest_difference

FOLDED_INTO = ("Conv2D", "Dense", "DepthwiseConv2D", "SeparableConv2D")  # from BatchNormalization
WITHOUT_QAT = ("hard_silu",)  # activations that tfmot does not quantize


@dataclass(frozen=True)
class Compressed:
    """A compressed model.

    The kernels are those of Dense and Conv2D layers and the pointwise ones of SeparableConv2D;
    depthwise kernels are few and stay as they are.
    """

    compression: Compression
    model: keras.Model  # a new one with the compressed weights; for qat-tfmot the one given
    int8: bytes | None  # the file of qat-tfmot, as `to_litert` makes them
    cut_after: str | None  # the `Standardize` layer after which that file starts
    sparsity: float  # share of zeros in the kernels
    clusters: int  # largest number of distinct values in a kernel
    seconds: float


def compress(
    model: keras.Model,
    data: Data,
    compression: Compression,
    *,
    epochs: int = 20,
    batch_size: int = 32,
    learning_rate: float = 3e-3,
    seed: int = 0,
    timeout: float = 1800,
) -> Compressed:
    """Compress a trained MLP or CNN and fine-tune it on the training rows, in a child process.

    Args:
        model: functional or sequential, of layers in `keras2.LAYERS`; it is not changed.
        data: what the model was trained on; only its training part is used.
        compression: see `Compression`.
        epochs: passes over the training rows; pruning reaches its share after half of them.
        batch_size: rows per step.
        learning_rate: where Adam starts; it falls to zero by a cosine.
        seed: of shuffling and dropout.
        timeout: seconds after which the child is stopped.

    Raises:
        UserError: an argument out of range, data with masks or boxes, a model that does not fit
            the data, or a layer that cannot be compressed, such as a GRU.
        ExportError: the child failed, crashed or took too long.
    """
    at_least("epochs", epochs, 1)
    at_least("batch_size", batch_size, 1)
    in_range("learning_rate", learning_rate, 1e-12, 1)
    at_least("seed", seed, 0)
    if data.task.gives != "values":
        raise UserError(
            f"{compression.method} trains on one answer for a whole row; {data.name} "
            f"{data.task.words.is_a}. Leave the compression out, or train a smaller preset."
        )
    layers, host = describe(checked(model, data))
    _check_layers(model, layers, compression.method)
    settings = asdict(compression) | {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
        "activation": data.task.activation,
    }
    started = time.monotonic()
    result = _run(model, data, {"layers": layers, "settings": settings}, host, timeout)
    quantized = compression.method == "qat-tfmot"
    compressed = model if quantized else _with_weights(model, result)
    kernels = _kernels(compressed)
    return Compressed(
        compression,
        compressed,
        int8=result if quantized else None,
        cut_after=host if quantized else None,
        sparsity=float(np.mean(np.concatenate([kernel.ravel() == 0 for kernel in kernels]))),
        clusters=max(len(np.unique(kernel)) for kernel in kernels),
        seconds=round(time.monotonic() - started, 3),
    )


def zip_bytes(content: bytes) -> int:
    """Return the size after deflate at level 9, which is what pruning and clustering pay in."""
    return len(zlib.compress(content, 9))


def _check_layers(model: keras.Model, layers: list[dict[str, Any]], method: str) -> None:
    if not _kernels(model):
        raise UserError(f"{model.name} has no Dense or Conv2D layer; nothing can be compressed.")
    if method != "qat-tfmot":
        return
    foldable = {layer["name"] for layer in layers if layer["kind"] in FOLDED_INTO}
    foldable -= {layer["name"] for layer in layers if layer.get("activation") != "linear"}
    for layer in layers:
        if layer.get("activation") in WITHOUT_QAT:
            raise UserError(
                f"{model.name}: qat-tfmot cannot quantize the activation {layer['activation']!r} "
                f"of layer {layer['name']!r}. Train with another, such as 'relu6'."
            )
        if layer["kind"] == "BatchNormalization" and layer["inputs"][0] not in foldable:
            raise UserError(
                f"{model.name}: qat-tfmot cannot quantize {layer['name']!r}, a BatchNormalization "
                "that does not come right after a dense layer or a convolution."
            )


def _run(
    model: keras.Model, data: Data, described: dict[str, Any], host: str | None, timeout: float
) -> bytes:
    """Run `export.conversion.tfmot` on a job folder and return the file that it leaves."""
    x = data.x_train
    if host is not None:
        scale, offset = model.get_layer(host).get_weights()
        x = (x * scale + offset).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as folder:
        job = Path(folder)
        (job / "job.json").write_text(as_json(described))
        np.savez(job / "weights.npz", **_weights(model))
        np.savez(job / "rows.npz", x=x, y=data.y_train)
        try:
            run_child("export.conversion.tfmot", folder, timeout)
        except ChildError as error:
            raise ExportError(f"Nothing was compressed: the process of tfmot {error}") from None
        copy = np.load(job / "copy.npy", allow_pickle=False)
        _check_copy(model, np.asarray(model.predict(data.x_train, verbose=0)), copy)
        return (job / "result").read_bytes()


def _check_copy(model: keras.Model, original: np.ndarray, copy: np.ndarray) -> None:
    difference = largest_difference(copy, original)
    if not difference < 1e-4:
        raise ExportError(
            f"Nothing was compressed: the Keras 2 copy of {model.name} differs from it by "
            f"{difference:.1e}."
        )


def _weights(model: keras.Model) -> dict[str, Any]:
    return {
        f"{layer.name}/{i}": weight
        for layer in model.layers
        for i, weight in enumerate(layer.get_weights())
    }


def _with_weights(model: keras.Model, content: bytes) -> keras.Model:
    """Return a copy of `model` with the weights of an `.npz` file, where it has them."""
    with np.load(io.BytesIO(content), allow_pickle=False) as changed:
        weights = _weights(model) | dict(changed)
    copy = keras.models.clone_model(model)
    for layer in copy.layers:
        count = len(layer.get_weights())
        layer.set_weights([weights[f"{layer.name}/{i}"] for i in range(count)])
    return copy


def _kernels(model: keras.Model) -> list[np.ndarray]:
    return [
        layer.get_weights()[KERNELS[type(layer).__name__]]
        for layer in model.layers
        if type(layer).__name__ in KERNELS
    ]
