"""The child process that compresses a model: `python -m export.tfmot JOB`.

tensorflow-model-optimization takes Keras 2 models only and turns `tf.keras` into Keras 2 when it is
imported, so nobody imports this file: the parent (`compression.py`) writes a job folder and starts
it. The job holds `job.json` (settings, and the layers in order), `weights.npz` (`LAYER/NUMBER`) and
`rows.npz` (`x`, `y`). It leaves `copy.npy`, what the Keras 2 copy says to `x` before it is changed,
and `result`: an `.npz` of the changed weights, or the `.tflite` file of qat-tfmot.

Pruning after Zhu & Gupta 2017 (arXiv:1710.01878), clustering after Han et al. 2016
(arXiv:1510.00149), quantization-aware training after Jacob et al. 2018 (arXiv:1712.05877).
"""

import json
import math
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before TensorFlow looks which Keras it is to use

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras

from export.conversion.keras2 import KERNELS
from zoo.quantization.layers.numerics import INT8

RANGE_ROWS = 256


def hard_silu(x: Any) -> Any:
    """Return `x * relu6(x + 3) / 6`, which Keras 2 lacks."""
    return x * tf.nn.relu6(x + 3.0) / 6.0


def activation(kind: str, name: str) -> Any:
    """Return an activation as a layer; the ReLUs in the form that tfmot fuses."""
    if kind in ("relu", "relu6"):
        return tf_keras.layers.ReLU(6.0 if kind == "relu6" else None, name=name)
    in_keras2 = {"silu": "swish", "hard_silu": hard_silu}
    return tf_keras.layers.Activation(in_keras2.get(kind, kind), name=name)


def build(layers: list[dict[str, Any]], weights: dict[str, np.ndarray]) -> Any:
    """Return the Keras 2 copy of a model, with its weights."""
    tensors: dict[str, Any] = {}
    for layer in layers:
        name, kind = layer["name"], layer["kind"]
        if kind == "InputLayer":
            inputs = tensors[name] = tf_keras.Input(layer["shape"], name=name)
            continue
        parents = [tensors[parent] for parent in layer["inputs"]]
        x = parents[0] if len(parents) == 1 else parents
        if kind != "Activation":
            x = getattr(tf_keras.layers, kind)(name=name, **layer["arguments"])(x)
            name = f"{name}.activation"
        if layer["activation"] != "linear":
            x = activation(layer["activation"], name)(x)
        tensors[layer["name"]] = x
    model = tf_keras.Model(inputs, x)
    for layer in model.layers:
        count = len(layer.get_weights())
        layer.set_weights([weights[f"{layer.name}/{i}"] for i in range(count)])
    return model


def named_weights(model: Any) -> dict[str, Any]:
    """Return the weights of a Keras 2 model, under the names that `build` reads."""
    return {
        f"{layer.name}/{i}": weight
        for layer in model.layers
        for i, weight in enumerate(layer.get_weights())
    }


def steps(x: np.ndarray, settings: dict[str, Any]) -> int:
    """Return the number of steps of the whole training."""
    return math.ceil(len(x) / int(settings["batch_size"])) * int(settings["epochs"])


def tune(model: Any, x: np.ndarray, y: np.ndarray, settings: dict[str, Any], *calls: Any) -> None:
    """Train `model` in place; classes by cross-entropy, targets by their standardized error."""
    if settings["activation"] == "softmax":
        loss: Any = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    elif settings["activation"] == "sigmoid":
        loss = tf_keras.losses.BinaryCrossentropy(from_logits=True)
    else:
        std = np.where(y.std(axis=0) > 0, y.std(axis=0), 1.0).astype(np.float32)

        def loss(true: Any, predicted: Any) -> Any:
            return tf.reduce_mean(tf.square((predicted - true) / std), axis=-1)

    rate = tf_keras.optimizers.schedules.CosineDecay(settings["learning_rate"], steps(x, settings))
    model.compile(tf_keras.optimizers.Adam(rate), loss)
    history = model.fit(
        x,
        y,
        batch_size=settings["batch_size"],
        epochs=settings["epochs"],
        callbacks=[tf_keras.callbacks.TerminateOnNaN(), *calls],
        verbose=0,
    ).history
    if not np.isfinite(history["loss"][-1]):
        raise SystemExit("The loss became NaN or infinite; lower the learning rate.")


def wrapped(model: Any, wrap: Callable[[Any], Any]) -> Any:
    """Return `model` with those layers wrapped whose kernel is to be compressed."""
    return tf_keras.models.clone_model(
        model,
        clone_function=lambda layer: wrap(layer) if type(layer).__name__ in KERNELS else layer,
    )


def prune(model: Any, x: np.ndarray, y: np.ndarray, settings: dict[str, Any]) -> Any:
    """Return `model` with a share of zeros that grows over the first half of the training.

    All kernels, as in tfmot's guide; it advises to spare layers only where the loss is too large.
    """
    schedule = tfmot.sparsity.keras.PolynomialDecay(
        0.0,
        settings["amount"],
        begin_step=0,
        end_step=steps(x, settings) // 2,
        frequency=1,  # at tfmot's 100 a short training would miss the last step
    )
    prune_layer = tfmot.sparsity.keras.prune_low_magnitude
    pruned = wrapped(model, lambda layer: prune_layer(layer, pruning_schedule=schedule))
    tune(pruned, x, y, settings, tfmot.sparsity.keras.UpdatePruningStep())
    return tfmot.sparsity.keras.strip_pruning(pruned)


def cluster(model: Any, x: np.ndarray, y: np.ndarray, settings: dict[str, Any]) -> Any:
    """Return `model` with few distinct values in each kernel."""
    start = tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS

    def wrap(layer: Any) -> Any:
        kernel = layer.get_weights()[KERNELS[type(layer).__name__]]
        if len(np.unique(kernel)) <= settings["amount"]:
            return layer  # nothing to do, and too few values for k-means++
        return tfmot.clustering.keras.cluster_weights(layer, settings["amount"], start)

    clustered = wrapped(model, wrap)
    tune(clustered, x, y, settings)
    return tfmot.clustering.keras.strip_clustering(clustered)


def fold_dense(layers: list[dict[str, Any]], weights: dict[str, np.ndarray]) -> None:
    """Fold each BatchNormalization after a Dense layer into it, in place.

    tfmot folds those after convolutions only; the others stay in float in its int8 files.
    """
    read = Counter(name for layer in layers for name in layer.get("inputs", ()))
    dense = {
        layer["name"]: layer
        for layer in layers
        if layer["kind"] == "Dense" and layer["activation"] == "linear" and read[layer["name"]] == 1
    }
    for layer in layers:
        if layer["kind"] != "BatchNormalization" or layer["inputs"][0] not in dense:
            continue
        name, folded = layer["name"], layer["inputs"][0]
        arguments = layer["arguments"]
        parts = ["gamma"] * arguments["scale"] + ["beta"] * arguments["center"]
        norm = {part: weights[f"{name}/{i}"] for i, part in enumerate([*parts, "mean", "variance"])}
        factor = norm.get("gamma", 1.0) / np.sqrt(norm["variance"] + arguments["epsilon"])
        bias = weights.get(f"{folded}/1", 0.0) - norm["mean"]
        weights[f"{folded}/0"] = weights[f"{folded}/0"] * factor
        weights[f"{folded}/1"] = bias * factor + norm.get("beta", 0.0)
        dense[folded]["arguments"]["use_bias"] = True
        layer["kind"] = "Activation"  # linear: what reads it reads the Dense layer


def start_ranges(quantized: Any, model: Any, x: np.ndarray) -> None:
    """Start the ranges of `quantized` where the activations of `model` lie on the rows `x`.

    tfmot starts them at [-6, 6] and lets them go by a thousandth per step: in a short training they
    would stay there, and predictions in large units would be cut off.
    """
    outputs = tf_keras.Model(model.input, {layer.name: layer.output for layer in model.layers})
    ranges = {
        f"quant_{name}": (min(0.0, values.min()), max(0.0, values.max()))
        for name, values in outputs.predict(x, verbose=0).items()
    }
    for layer in quantized.layers:
        low, high = ranges.get(layer.name, (0.0, 0.0))
        for weight in layer.weights if low < high else ():
            kind = weight.name.split("/")[-1]
            if kind in ("post_activation_min:0", "output_min:0"):
                weight.assign(low)
            if kind in ("post_activation_max:0", "output_max:0"):
                weight.assign(high)


def quantize(model: Any, x: np.ndarray, y: np.ndarray, settings: dict[str, Any]) -> bytes:
    """Return the int8 `.tflite` of `model` after quantization-aware training."""
    quantized = tfmot.quantization.keras.quantize_model(model)
    start_ranges(quantized, model, x[:RANGE_ROWS])
    tune(quantized, x, y, settings)
    row = tf.TensorSpec((1, *x.shape[1:]), tf.float32, name="input")
    serve = tf.function(lambda x: {"output": quantized(x, training=False)}, input_signature=[row])
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [serve.get_concrete_function()], quantized
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    ends = tf.as_dtype(INT8.ends.dtype)
    converter.inference_input_type = converter.inference_output_type = ends
    return bytes(converter.convert())


def main(job: Path) -> None:
    described = json.loads((job / "job.json").read_text())
    settings = described["settings"]
    with np.load(job / "weights.npz", allow_pickle=False) as file:
        weights = dict(file)
    with np.load(job / "rows.npz", allow_pickle=False) as file:
        x, y = file["x"], file["y"]
    tf_keras.utils.set_random_seed(settings["seed"])
    tf.config.experimental.enable_op_determinism()
    model = build(described["layers"], weights)
    np.save(job / "copy.npy", model.predict(x, verbose=0))
    if settings["method"] == "qat-tfmot":
        fold_dense(described["layers"], weights)
        model = build(described["layers"], weights)
        (job / "result").write_bytes(quantize(model, x, y, settings))
        return
    compressed = {"prune": prune, "cluster": cluster}[settings["method"]](model, x, y, settings)
    with (job / "result").open("wb") as result:
        np.savez(result, **named_weights(compressed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
