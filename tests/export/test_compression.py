"""Pruning, clustering and quantization-aware training by tensorflow-model-optimization."""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
import zoo
from export import child
from export.conversion.choices import Compression, parse_compression
from export.conversion.compression import Compressed, compress, zip_bytes
from export.conversion.keras2 import LAYERS, describe
from export.runtimes.litert import file_scaling, load, predict
from export.tflite.audit import audit
from export.tflite.scaling import Scaling
from tests.helpers.instances import data_for, few
from tuning import Recipe, fit
from zoo.quantization.hosts import affine_of

layers = keras.layers
# preset and data -> what is done, and how long the int8 file of the pruned model may be, zipped
TRAINED = {
    ("mlp_small", "breast_cancer"): ("prune:0.8", 0.6),
    ("cnn_tiny", "digits"): ("prune:0.5", 0.9),
}


@dataclasses.dataclass(frozen=True)
class Trained:
    model: keras.Model
    data: zoo.Data
    prune: str
    zipped: float

    def compress(self, text: str, **arguments: Any) -> Compressed:
        """Compress from data without test rows."""
        data = self.data
        blind = dataclasses.replace(data, x_test=data.x_test[:0], y_test=data.y_test[:0])
        return compress(self.model, blind, parse_compression(text), **arguments)

    def score(self, predicted: np.ndarray) -> float:
        """Return the accuracy on the test rows."""
        return float(np.mean(predicted.argmax(axis=1) == self.data.y_test))

    def of_model(self, model: keras.Model) -> float:
        return self.score(model.predict(self.data.x_test, verbose=0))

    def of_int8(self, compressed: Compressed, folder: Path) -> float:
        assert compressed.int8 is not None
        path = folder / "int8.tflite"
        path.write_bytes(compressed.int8)
        scaling = host_scaling(path, self.model, compressed)
        return self.score(predict(load(path), self.data.x_test, scaling))


def host_scaling(path: Path, model: keras.Model, compressed: Compressed) -> Scaling:
    """Return how the host scales the input of a file that tfmot made."""
    cut = compressed.cut_after
    host = None if cut is None else affine_of(model.get_layer(cut))
    return file_scaling(load(path)).before(host)


FIRST, *OTHERS = TRAINED


@pytest.fixture(
    scope="module",
    params=[FIRST, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)],
    ids="-".join,
)
def trained(request: pytest.FixtureRequest) -> Trained:
    preset, name = request.param
    data = few(zoo.load_data(name), 600)
    keras.utils.set_random_seed(0)
    model = zoo.create_model(preset, data.input_shape, data.num_outputs)
    fit(model, data, Recipe(epochs=20))
    return Trained(model, data, *TRAINED[request.param])


def varied(activation: str = "hard_silu") -> keras.Model:
    """Return a model with every layer that can be compressed, for rows of `cnn_tiny`."""
    inputs = keras.Input((8, 8, 1))
    x = layers.ZeroPadding2D(1)(inputs)
    x = layers.Conv2D(6, 3, activation="relu6")(x)
    shortcut = x = layers.MaxPooling2D(2)(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(max_value=6.0)(x)
    x = layers.SeparableConv2D(6, 3, padding="same", activation="gelu")(x)
    x = layers.Activation(activation)(layers.Add()([x, shortcut]))
    x = layers.Conv2D(8, 1, activation="tanh")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.1)(layers.Flatten()(x))
    x = layers.BatchNormalization(scale=False)(layers.Dense(8)(x))
    x = layers.Activation("silu")(x)
    return keras.Model(inputs, layers.Dense(10)(x), name="varied")


def test_pruning(trained: Trained, tmp_path: Path) -> None:
    before = trained.model.get_weights()
    result = trained.compress(trained.prune, epochs=10)
    assert result.sparsity == pytest.approx(float(trained.prune.split(":")[1]), abs=0.01)
    assert result.int8 is None
    assert result.seconds > 0
    assert trained.of_model(result.model) > trained.of_model(trained.model) - 0.03
    for weight, kept in zip(before, trained.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, kept)
    assert zip_bytes(bytes(10**6)) < 2000
    sizes = []
    for name, model in (("before", trained.model), ("after", result.model)):
        exported = export.to_litert(model, data=trained.data, directory=tmp_path / name)
        sizes.append(zip_bytes(exported.int8_file.read_bytes()))
    assert sizes[1] < trained.zipped * sizes[0]
    report = export.verify(exported, trained.data, max_drop=2.0)
    assert report.passed, report.failures()


def test_clustering(trained: Trained) -> None:
    result = trained.compress("cluster:16", epochs=10)
    assert result.clusters <= 16
    assert result.int8 is None
    assert trained.of_model(result.model) > trained.of_model(trained.model) - 0.03


def test_quantization_aware_training(trained: Trained, tmp_path: Path) -> None:
    result = trained.compress("qat-tfmot", epochs=10)
    assert result.model is trained.model
    assert result.cut_after == "standardize"
    assert result.sparsity == 0
    assert trained.of_int8(result, tmp_path) > trained.of_model(trained.model) - 0.03
    found = audit(tmp_path / "int8.tflite")
    assert found.integer_only, found.floats
    assert found.signature == "serving_default"
    assert "MUL" not in found.operators  # every BatchNormalization is folded


def test_regression_in_the_units_of_the_targets(tmp_path: Path) -> None:
    data = zoo.load_data("diabetes")  # targets from 25 to 346
    model = zoo.create_model("mlp_tiny", data.input_shape, 1)
    fit(model, data, Recipe(epochs=30))

    def rmse(predicted: np.ndarray) -> float:
        return float(np.sqrt(np.mean((predicted - data.y_test) ** 2)))

    before = rmse(model.predict(data.x_test, verbose=0))
    pruned = compress(model, data, Compression("prune", 0.5))
    assert rmse(pruned.model.predict(data.x_test, verbose=0)) < 1.1 * before
    result = compress(model, data, Compression("qat-tfmot"), epochs=5)
    assert result.int8 is not None
    path = tmp_path / "int8.tflite"
    path.write_bytes(result.int8)
    assert audit(path).integer_only
    scaling = host_scaling(path, model, result)
    assert rmse(predict(load(path), data.x_test, scaling)) < 1.1 * before


def test_every_layer_is_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The Keras 2 copy says what the Keras 3 model says, also where nothing is standardized."""
    model, data = varied(), data_for("cnn_tiny", 80)
    assert {layer["kind"] for layer in describe(model)[0]} == {"InputLayer", *LAYERS}
    for weight in model.weights:  # zero biases and unit norms would prove little
        weight.assign(weight + 0.1 * np.random.default_rng(1).random(weight.shape))
    copies = []

    def keep_copy(module: str, job: str, timeout: float) -> str:
        printed = child.run_child(module, job, timeout)
        copies.append(np.load(Path(job) / "copy.npy"))
        return printed

    monkeypatch.setattr("export.conversion.compression.run_child", keep_copy)
    result = compress(model, data, Compression("cluster", 4), epochs=1)
    original = model.predict(data.x_train, verbose=0)
    np.testing.assert_allclose(copies[0], original, rtol=1e-5, atol=1e-5)
    assert result.clusters <= 4
    again = compress(model, data, Compression("cluster", 4), epochs=1)
    for one, two in zip(result.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)  # the same seed, the same weights
    compress(model, data, Compression("prune", 0.5), epochs=1)


def test_every_layer_is_quantized(tmp_path: Path) -> None:
    result = compress(varied("relu"), data_for("cnn_tiny", 80), Compression("qat-tfmot"), epochs=1)
    assert result.int8 is not None
    assert result.cut_after is None
    path = tmp_path / "int8.tflite"
    path.write_bytes(result.int8)
    assert audit(path).integer_only, audit(path).floats
