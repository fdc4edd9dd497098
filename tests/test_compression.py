"""Pruning, clustering and quantization-aware training by tensorflow-model-optimization."""

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
import zoo
from export import child
from export.audit import audit
from export.child import ChildError
from export.compression import Compressed, Compression, compress, parse_compression, zip_bytes
from export.graph import LAYERS, describe
from export.litert import _host_scaling
from export.runtime import Scaling, file_scaling, load, predict
from tests.instances import data_of, fill, rows
from tuning import Recipe, fit
from zoo.quantization.rows import CalibrationRows

pytestmark = pytest.mark.xdist_group("compression")
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
    host = None if compressed.cut_after is None else model.get_layer(compressed.cut_after)
    return _host_scaling(file_scaling(load(path)), CalibrationRows(np.arange(0), np.zeros(0), host))


@pytest.fixture(scope="module", params=TRAINED, ids="-".join)
def trained(request: pytest.FixtureRequest) -> Trained:
    preset, name = request.param
    data = zoo.load_data(name)
    keras.utils.set_random_seed(0)
    model = zoo.create_model(preset, data.input_shape, data.num_outputs)
    fit(model, data, Recipe(epochs=20))
    return Trained(model, data, *TRAINED[request.param])


def small_data() -> zoo.Data:
    return data_of(rows("mlp_tiny", 64), np.arange(64) % 2)


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


def images() -> zoo.Data:
    return data_of(rows("cnn_tiny", 80), np.arange(80) % 10)


# what is asked for


@pytest.mark.parametrize(
    ("text", "compression"),
    [
        ("prune:0.5", Compression("prune", 0.5)),
        ("cluster:16", Compression("cluster", 16)),
        ("qat-tfmot", Compression("qat-tfmot")),
    ],
)
def test_compressions_are_read(text: str, compression: Compression) -> None:
    assert parse_compression(text) == compression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prune", "prune needs the share of zeros, .* as in 'prune:0.5'; got None"),
        ("prune:", "got None"),
        ("prune:1.5", "a number between 0 and 1, .*; got 1.5"),
        ("prune:0", "got 0.0"),
        ("prune:nan", "got nan"),
        ("prune:half", "got 'half'"),
        (
            "cluster:x",
            "cluster needs the number of values .* 2 to 256, as in 'cluster:16'; got 'x'",
        ),
        ("cluster:1", "got 1."),
        ("cluster:257", "got 257."),
        ("cluster", "got None"),
        ("qat-tfmot:8", "qat-tfmot takes no amount; got '8'"),
        ("prnue:0.5", "compression='prnue' is not known. Did you mean 'prune'?"),
        ("", "compression='' is not known"),
    ],
)
def test_what_cannot_be_asked_for(text: str, message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        parse_compression(text)


# what comes out


def test_pruning(trained: Trained, tmp_path: Path) -> None:
    before = trained.model.get_weights()
    result = trained.compress(trained.prune)
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
    result = trained.compress("cluster:16")
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
    model, data = varied(), images()
    assert {layer["kind"] for layer in describe(model)[0]} == {"InputLayer", *LAYERS}
    for weight in model.weights:  # zero biases and unit norms would prove little
        weight.assign(weight + 0.1 * np.random.default_rng(1).random(weight.shape))
    copies = []

    def keep_copy(module: str, job: str, timeout: float) -> str:
        printed = child.run_child(module, job, timeout)
        copies.append(np.load(Path(job) / "copy.npy"))
        return printed

    monkeypatch.setattr("export.compression.run_child", keep_copy)
    result = compress(model, data, Compression("cluster", 4), epochs=1)
    original = model.predict(data.x_train, verbose=0)
    np.testing.assert_allclose(copies[0], original, rtol=1e-5, atol=1e-5)
    assert result.clusters <= 4
    again = compress(model, data, Compression("cluster", 4), epochs=1)
    for one, two in zip(result.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)  # the same seed, the same weights
    compress(model, data, Compression("prune", 0.5), epochs=1)


def test_every_layer_is_quantized(tmp_path: Path) -> None:
    result = compress(varied("relu"), images(), Compression("qat-tfmot"), epochs=1)
    assert result.int8 is not None
    assert result.cut_after is None
    path = tmp_path / "int8.tflite"
    path.write_bytes(result.int8)
    assert audit(path).integer_only, audit(path).floats


# what cannot be compressed


def test_layers_that_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.compression.run_child", lambda *_: pytest.fail("it was run"))
    inputs = keras.Input((30,))
    dense = layers.Dense(2, name="dense")
    standardized = zoo.layers.Standardize(name="standardize")(inputs)
    softmax = layers.Dense(2, activation="softmax", name="probabilities")(inputs)
    beside = layers.Add()([dense(standardized), layers.Dense(2, name="beside")(inputs)])
    head = layers.Dense(2)
    twice = layers.Dense(30, name="twice")
    late = zoo.layers.Standardize(name="late")
    for outputs, message in (
        (head(layers.LayerNormalization(name="ln")(inputs)), "layer 'ln' is a LayerNormalization"),
        (head(late(layers.Dense(30)(inputs))), "layer 'late' is a Standardize, which cannot be"),
        (head(inputs + 1.0), "is a Add, which cannot be compressed. Known: Standardize after"),
        (softmax, "activation 'softmax' of layer 'probabilities' cannot be compressed"),
        (beside, "layer 'beside' reads the input beside 'standardize'; only a model"),
        (head(twice(twice(inputs))), "layer 'twice' is used 2 times; a model to be compressed"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            compress(keras.Model(inputs, outputs), small_data(), Compression("prune", 0.5))


def test_other_families_and_arguments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.compression.run_child", lambda *_: pytest.fail("it was run"))
    half = Compression("prune", 0.5)
    sequences = data_of(rows("gru_tiny", 40), np.arange(40) % 10)
    with pytest.raises(zoo.UserError, match="gru_tiny: layer 'gru.*' is a GRU, which cannot be"):
        compress(fill("gru_tiny"), sequences, half)
    with pytest.raises(zoo.UserError, match="vit_tiny: layer .* is a .*, which cannot be"):
        compress(fill("vit_tiny"), images(), half)
    with pytest.raises(zoo.UserError, match="qat-tfmot cannot quantize the activation 'hard_silu'"):
        compress(varied(), images(), Compression("qat-tfmot"))
    inputs = keras.Input((30,))
    norm = layers.BatchNormalization(name="norm")(layers.Dense(3, activation="relu")(inputs))
    late = keras.Model(inputs, layers.Dense(2)(norm), name="late")
    with pytest.raises(zoo.UserError, match="cannot quantize 'norm', a BatchNormalization that"):
        compress(late, small_data(), Compression("qat-tfmot"))
    with pytest.raises(zoo.UserError, match="mlp_tiny maps .* but rows needs"):
        compress(fill("mlp_tiny"), images(), half)
    inputs = keras.Input((2,))
    bare = keras.Model(inputs, layers.Activation("tanh")(inputs), name="bare")
    with pytest.raises(zoo.UserError, match="bare has no Dense or Conv2D layer"):
        compress(bare, data_of(rows("mlp_tiny", 40)[:, :2], np.arange(40) % 2), half)
    for wrong in ({"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"seed": -1}):
        with pytest.raises(zoo.UserError, match=f"{next(iter(wrong))} must be"):
            compress(fill("mlp_tiny"), small_data(), half, **wrong)  # type: ignore[arg-type]


# failures


def test_a_failing_child_is_an_error_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    half, model = Compression("prune", 0.5), fill("mlp_tiny")
    with pytest.raises(
        export.ExportError, match="Nothing was compressed: the process of tfmot took more than 0.5"
    ):
        compress(model, small_data(), half, timeout=0.5)

    def differ(_: str, job: str, __: float) -> str:
        described = json.loads((Path(job) / "job.json").read_text())
        assert described["settings"]["amount"] == 0.5
        np.save(Path(job) / "copy.npy", np.full((64, 2), np.nan))
        return ""

    with monkeypatch.context() as patch:
        patch.setattr("export.compression.run_child", differ)
        with pytest.raises(export.ExportError, match="the Keras 2 copy of mlp_tiny differs from"):
            compress(model, small_data(), half)
        patch.setattr("export.compression.run_child", _die)
        with pytest.raises(export.ExportError, match="the process of tfmot died of SIGSEGV"):
            compress(model, small_data(), half)
    model.layers[-1].set_weights([np.full((32, 2), 3e38), np.zeros(2)])
    with pytest.raises(export.ExportError, match="The loss became NaN or infinite; lower the"):
        compress(model, small_data(), half)
    assert list(tmp_path.iterdir()) == []


def _die(*_: Any) -> str:
    raise ChildError("died of SIGSEGV. Its last lines:\nend of the log")
