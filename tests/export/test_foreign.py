"""Models of other origin: every layer, keras.applications, `.keras` files, other formats out."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from sklearn.metrics import log_loss

import export
import zoo
from export import compare
from export.runtimes.litert import load, predict
from pocketzoo.printing.predict import answer
from tests.export.tflite.test_settings import CASES
from tests.helpers.commands import pocketzoo
from tests.helpers.instances import data_of, fill_weights
from zoo.cost.estimate import outline
from zoo.quantization import UnknownLayer, make_twin
from zoo.quantization.rules.table import AUGMENTATION, RULES


def pictures() -> Any:
    """All layers of pictures and of tokens that have a rule and that a user finds in Keras."""
    inputs = x = keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 4, 0.1)(x)
    x = layers.Normalization(mean=[0.1, 0.0, -0.1], variance=[0.5, 1.0, 2.0])(x)
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, strides=2, padding="same")(x))
    x = layers.ReLU(6.0)(x)
    x = layers.GaussianNoise(0.1)(layers.Identity()(x))
    x = layers.SpatialDropout2D(0.1)(x)
    skip = x  # (8, 8, 8)
    x = layers.LeakyReLU(0.1)(layers.SeparableConv2D(8, 3, padding="same")(x))
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(x)
    squeezed = layers.Conv2D(4, 1, activation="silu")(squeezed)
    squeezed = layers.Conv2D(8, 1, activation="hard_sigmoid")(squeezed)
    x = layers.Multiply()([x, squeezed])
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(8, 1)(x))
    x = layers.Subtract()([x, skip])
    x = layers.Average()([x, skip])
    x = layers.Maximum()([x, layers.Conv2D(8, 1, activation="hard_silu")(skip)])
    x = layers.Minimum()([x, layers.Conv2D(8, 1, activation="gelu")(skip)])
    x = layers.ZeroPadding2D(((1, 0), (0, 1)))(x)
    x = layers.DepthwiseConv2D(3, strides=2)(x)  # (4, 4, 8)
    x = layers.Concatenate()([x, layers.Conv2D(4, 1)(layers.AveragePooling2D(2)(skip))])
    x = layers.Conv2DTranspose(6, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.BatchNormalization()(layers.Conv2DTranspose(6, 2)(x))  # (9, 9, 6)
    x = layers.MaxPooling2D(2)(layers.Cropping2D(((0, 1), (1, 0)))(x))  # (4, 4, 6)
    x = layers.UpSampling2D(2)(x)
    x = layers.UpSampling2D((1, 2), interpolation="bilinear")(x)  # (8, 16, 6)
    x = layers.Permute((2, 1, 3))(layers.Conv2D(6, 3, dilation_rate=2)(x))
    x = ops.relu(x + 0.5) * (1 / 3) - 0.1
    peak = layers.GlobalMaxPooling2D()(x)
    x = layers.Reshape((12, 24))(x)
    return inputs, x, peak


def every_layer() -> keras.Model:
    inputs, x, peak = pictures()
    x = layers.Conv1D(8, 3, padding="same")(x)  # (12, 8)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x)])
    x = layers.LayerNormalization(epsilon=1e-3)(x)
    x = layers.RMSNormalization(epsilon=1e-3)(layers.Dense(8, activation="tanh")(x))
    x = layers.Cropping1D(1)(layers.ZeroPadding1D(2)(x))
    x = layers.UpSampling1D(2)(layers.DepthwiseConv1D(3, activation="sigmoid")(x))
    x = layers.SpatialDropout1D(0.1)(layers.SeparableConv1D(8, 3)(x))
    x = layers.AveragePooling1D(2)(layers.MaxPooling1D(2)(x))
    x = layers.Concatenate()(
        [
            layers.Dense(6)(layers.GlobalAveragePooling1D()(x)),
            layers.Dense(6)(layers.GlobalMaxPooling1D()(x)),
            layers.Dense(6)(layers.Flatten()(x)),
            layers.Dense(6)(layers.Dropout(0.1)(peak)),
        ]
    )
    x = layers.ActivityRegularization(l2=1e-4)(layers.AlphaDropout(0.1)(x))
    x = layers.Activation("relu")(layers.Dense(8)(layers.GaussianDropout(0.1)(x)))
    return keras.Model(inputs, layers.Softmax()(layers.Dense(4)(x)))


def test_every_layer_that_has_an_int8_form_leaves_as_integers(tmp_path: Path) -> None:
    model = fill_weights(every_layer())
    recurrent = {layers.GRU, layers.LSTM, layers.Bidirectional}  # tests/export/test_forms.py
    # tests/export/tflite/test_writer.py
    written = {layers.RepeatVector, layers.Embedding, *AUGMENTATION}
    settings = {type(one) for _, given in CASES.values() for one in given}
    kerass = {kind for kind in RULES if kind.__module__.startswith("keras")}
    assert kerass - recurrent - written - settings <= {type(layer) for layer in model.layers}
    x = np.random.default_rng(0).normal(size=(24, 16, 16, 3)).astype(np.float32)
    data = data_of(x, np.arange(24) % 4)
    made = export.to_litert(model, data=data, directory=tmp_path, calibration_rows=24)
    assert made.plan.without_twin is None
    assert made.int8_audit is not None
    assert made.int8_audit.integer_only, made.int8_audit.floats
    expected = model.predict(x, verbose=0)
    of_int8 = predict(load(made.int8_file), x, made.scaling)
    assert np.abs(of_int8 - expected).mean() < 0.05
    assert made.plan.quantized is not None
    of_twin = made.plan.quantized.twin.predict(x, verbose=0)
    assert np.abs(of_int8 - of_twin).max() < 0.1
    assert len(outline(model).operators) > 60


@pytest.mark.parametrize(
    ("name", "size", "arguments"),
    [
        ("MobileNetV3Small", 32, {}),
        pytest.param("EfficientNetV2B0", 32, {}, marks=pytest.mark.slow),
        pytest.param("ResNet50", 32, {}, marks=pytest.mark.slow),
        ("MobileNetV2", 32, {"alpha": 0.35}),
    ],
)
def test_twins_of_applications_compute_the_same(
    name: str, size: int, arguments: dict[str, Any]
) -> None:
    network = getattr(keras.applications, name)
    model = network(weights=None, classes=5, input_shape=(size, size, 3), **arguments)
    x = np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype(np.float32)
    twin = make_twin(model)
    from zoo.quantization.calibration import predict as run
    from zoo.quantization.layers.arithmetic import Exact

    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(run(twin, x, Exact()), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("MobileNetV3Small", "expanded_conv_2_add"),
        pytest.param("EfficientNetV2B0", "block4a_project_bn", marks=pytest.mark.slow),
    ],
)
def test_applications_leave_as_integers(name: str, last: str, tmp_path: Path) -> None:
    """Their beginnings, with every kind of block; `benchmarks/applications.py` takes them whole."""
    network = getattr(keras.applications, name)(weights=None, input_shape=(32, 32, 3))
    x = layers.GlobalAveragePooling2D()(network.get_layer(last).output)
    model = keras.Model(network.input, layers.Dense(5, activation="softmax")(x))
    rows = np.random.default_rng(0).uniform(0, 255, (20, 32, 32, 3)).astype(np.float32)
    data = data_of(rows, np.arange(20) % 5)
    made = export.to_litert(model, data=data, directory=tmp_path, calibration_rows=16)
    assert made.plan.without_twin is None
    assert made.int8_audit is not None
    assert made.int8_audit.integer_only, made.int8_audit.floats


def classifier(digits: zoo.Data) -> keras.Model:
    body = keras.Sequential(
        [layers.Input((8, 8, 1)), layers.Conv2D(8, 3, activation="relu"), layers.Flatten()],
        name="body",
    )
    inputs = keras.Input((8, 8, 1))
    x = body(layers.Rescaling(1 / 16)(inputs))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x), name="mine")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(digits.x_train, digits.y_train, epochs=4, verbose=0)
    return model


def test_a_keras_file_leaves_in_every_format(digits: zoo.Data, tmp_path: Path) -> None:
    model, file, out = classifier(digits), tmp_path / "mine.keras", tmp_path / "out"
    model.save(file)
    given = ["--data", "digits", "--out", out, "--format", "litert,onnx,saved_model"]
    code, said, err = pocketzoo("export", file, *given, "--max-drop", 2)
    assert code == 0, err
    assert "model.onnx: " in said
    assert "PASSED" in said
    written = json.loads((out / "report.json").read_text())
    chances = model.predict(digits.x_test, verbose=0)
    measured = written["metrics"]["log_loss"]
    assert measured["float"]["value"] == pytest.approx(log_loss(digits.y_test, chances), rel=1e-3)
    assert measured["int8"]["value"] == pytest.approx(measured["float"]["value"], rel=0.2)
    assert written["method"] == "ptq"
    assert set(written["formats"]) == {"onnx", "saved_model"}
    assert all(one["difference"] < 1e-5 for one in written["formats"].values())
    assert written["formats"]["onnx"]["bytes"] == (out / "model.onnx").stat().st_size
    manifest = json.loads((out / "manifest.json").read_text())["files"]
    assert {"model.onnx", "saved_model/saved_model.pb", "formats.json"} <= set(manifest)


def test_a_chance_is_enough_for_two_classes(tmp_path: Path) -> None:
    data = zoo.load_data("breast_cancer")
    keras.utils.set_random_seed(0)
    norm = layers.Normalization()
    norm.adapt(data.x_train)
    model = keras.Sequential([layers.Input((30,)), norm, layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy")
    model.fit(data.x_train, data.y_train, epochs=8, verbose=0)
    report = export.verify(export.to_litert(model, data=data, directory=tmp_path), data)
    right = (model.predict(data.x_test, verbose=0)[:, 0] > 0.5) == data.y_test
    assert report.float_estimate.value == pytest.approx(right.mean())
    assert right.mean() > 0.9
    assert report.passed, report.failures()
    assert report.int8_audit.integer_only
    chance = model.predict(data.x_test[:9], verbose=0)[:, 0]
    np.save(tmp_path / "rows.npy", data.x_test[:9])
    _, said = answer(tmp_path, tmp_path / "rows.npy")
    names, sure = zip(*(line[1:] for line in said.lines), strict=True)
    assert names == tuple(data.class_names[int(one > 0.5)] for one in chance)
    np.testing.assert_allclose(np.array(sure, float), np.maximum(chance, 1 - chance), atol=0.03)
    command = [
        sys.executable,
        tmp_path / "infer.py",
        tmp_path / "model_int8.tflite",
        tmp_path / "rows.npy",
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    _, labels, shares = zip(*(line.split("\t") for line in shown.splitlines()), strict=True)
    assert labels == names
    np.testing.assert_allclose(np.array(shares, float), np.array(sure, float), atol=1 / 256)
    same = compare(zoo.Run(tmp_path), zoo.Run(tmp_path))
    assert (same.winner, same.a.value) == ("neither", report.int8_estimate.value)


def test_what_no_twin_can_express_is_left_to_the_converter_and_named(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 4))
    x = layers.Reshape((6, 6, 8, 1))(layers.Conv2D(8, 3, name="first")(inputs))
    x = layers.Conv3D(2, 3, name="deep")(x)
    model = fill_weights(keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x))))
    x = np.random.default_rng(0).normal(size=(40, 8, 8, 4)).astype(np.float32)
    data = data_of(x, np.arange(40) % 3)
    with pytest.raises(UnknownLayer, match=r"'deep' .*only one and two dimensions"):
        export.to_litert(model, data=data, directory=tmp_path, method="twin")
    made = export.to_litert(model, data=data, directory=tmp_path)
    assert made.plan.rung == "converter"
    report = export.verify(made, data, max_drop=100)
    assert report.without_twin is not None
    assert report.without_twin.startswith("layer 'deep' (Conv3D)")
    assert made.int8_audit is not None
    assert any(
        "because of layer 'deep' (Conv3D): CONV_3D has no" in one for one in report.failures()
    )
    floats = replace(
        made.int8_audit, float_operators=(("NEG", "mine/deep_1/deep/Neg;x"), ("EXP", "?"))
    )
    from export.proof.float_layers import float_layers

    named = float_layers(model, floats)
    assert named[0].startswith("layer 'deep' (Conv3D): NEG has no int8 form")
    assert named[1].startswith("tensor '?': EXP")
