"""Models of one's own: a single logit, a sigmoid map, twins made before the export, refusals."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import export
import tuning
import zoo
from export.proof.answers import answers
from zoo.tasks.outputs import ending


def blobs() -> zoo.Data:
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    x = (rng.normal(size=(200, 8, 8, 1)) + y[:, None, None, None]).astype(np.float32)
    return zoo.data_from(x[:140], y[:140], x[140:], y[140:], name="blobs", class_names=["a", "b"])


def model_of(*last: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    front = [keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu")]
    return keras.Sequential([*front, *last])


@pytest.mark.parametrize("logit", [True, False], ids=["logit", "sigmoid map, flattened"])
def test_one_output_for_two_classes(logit: bool, tmp_path: Path) -> None:
    data = blobs()
    last = [layers.GlobalAveragePooling2D(), layers.Dense(1)]
    if not logit:
        last = [layers.Conv2D(1, 6, activation="sigmoid"), layers.Flatten()]
    model = model_of(*last)
    loss = keras.losses.BinaryCrossentropy(from_logits=logit)
    model.compile(keras.optimizers.Adam(0.02), loss)
    model.fit(data.x_train, data.y_train, epochs=6, verbose=0)
    assert ending(model) == (None if logit else "sigmoid")
    report = export.verify(export.to_litert(model, data=data, directory=tmp_path), data)
    outputs = model.predict(data.x_test, verbose=0)[:, 0]
    right = (outputs > (0 if logit else 0.5)) == data.y_test
    assert report.float_estimate.value == pytest.approx(right.mean())
    assert right.mean() > 0.9
    assert report.passed, report.failures()
    np.save(tmp_path / "rows.npy", data.x_test)
    command = [sys.executable, "infer.py", "model_int8.tflite", "rows.npy"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    labels = [line.split("\t")[1] for line in shown.splitlines()]
    said = answers(zoo.Run(tmp_path), data.x_test).argmax(axis=1)
    assert labels == [data.class_names[number] for number in said]
    assert "Sigmoid" in (tmp_path / "model_io.h").read_text() or not logit
    assert "Softmax" not in (tmp_path / "model_io.h").read_text()


def test_a_softmax_that_is_flattened_is_none() -> None:
    assert ending(model_of(layers.Conv2D(3, 6, activation="softmax"), layers.Flatten())) == (
        "softmax"
    )
    assert ending(model_of(layers.Conv2D(3, 5, activation="softmax"), layers.Flatten())) is None


def test_a_twin_of_a_model_with_a_normalization(tmp_path: Path) -> None:
    data = zoo.load_data("wine")
    norm = layers.Normalization()
    norm.adapt(data.x_train)
    inner = keras.Sequential([layers.Dense(16, activation="relu")])
    dense = layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.Input(data.input_shape), norm, inner, dense])
    quick = tuning.FineTuning(epochs=1)
    for made in (
        tuning.quantize(model, data, fine_tuning=quick),
        tuning.quantize_aware(model, data, fine_tuning=quick),
    ):
        result = export.to_litert(model, data=data, directory=tmp_path, quantized=made)
        assert result.plan.rung == made.rung


def test_losses_of_a_twin_are_of_answers_not_of_probabilities() -> None:
    """A single probability is above no other, so that its largest is always the first."""
    data = blobs()
    model = model_of(layers.Flatten(), layers.Dense(1, activation="sigmoid"))
    made = zoo.quantization.quantize(model, data)
    worse = keras.models.clone_model(model)
    *kept, kernel, bias = model.get_weights()
    worse.set_weights([*kept, -kernel, -bias])
    lost, _ = tuning.quantization.held_out_loss(worse, data, made)
    right = (worse.predict(data.x_validation, verbose=0)[:, 0] > 0.5) == data.y_validation
    assert lost == pytest.approx(100 * (2 * right.mean() - 1), abs=8)
    assert abs(lost) > 20


class Scale(layers.Layer):  # no get_config, as in many examples
    def __init__(self) -> None:
        super().__init__()

    def call(self, x: Any) -> Any:
        return x * 0.5


def _refused() -> dict[str, keras.Model]:
    i, inner = keras.Input((5,)), keras.Sequential([layers.Dense(4)])
    a, b = keras.Input((5,)), keras.Input((5,))
    twice = layers.Subtract()([inner(a), inner(b)])
    double = layers.Lambda(lambda values: values * 2)
    return {
        "with one input and one output": keras.Model([a, b], layers.Dense(2)(twice)),
        "which is how a model inside a model is taken apart": keras.Model(
            i, layers.Dense(2)(Scale()(inner(i)))
        ),
        "has custom code in the Lambda layer": keras.Model(i, layers.Dense(2)(double(inner(i)))),
    }


@pytest.mark.parametrize("message", list(_refused()))
def test_models_inside_models_are_refused_in_words(message: str, tmp_path: Path) -> None:
    model = _refused()[message]
    x = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    data = zoo.data_from(x, np.arange(60) % 2, name="d")
    with pytest.raises(zoo.UserError, match=message):
        export.to_litert(model, data=data, directory=tmp_path)
    with pytest.raises(zoo.UserError, match=message):
        tuning.quantize(model, data)


@pytest.mark.parametrize("frozen", [0.0, 0.5])
def test_epochs_are_shown_as_keras_does(frozen: float, capsys: pytest.CaptureFixture[str]) -> None:
    data = zoo.load_data("wine")
    model = zoo.create_model("mlp_tiny", data.input_shape, data.num_outputs)
    recipe = tuning.Recipe(epochs=4, frozen=frozen)
    tuning.fit(model, data, recipe, verbose=2)
    assert capsys.readouterr().out.count("Epoch 1/") == (2 if frozen else 1)
    tuning.fit(model, data, recipe)
    assert not capsys.readouterr().out
    with pytest.raises(zoo.UserError, match="verbose must be 0, 1 or 2"):
        tuning.fit(model, data, recipe, verbose=3)
