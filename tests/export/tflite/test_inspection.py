"""Models that no file can be made of: a sentence that names the layer, and nothing written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import export
import zoo
from tests.helpers.instances import data_of
from zoo.quantization.calibration import answers

ROWS = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)


class Picky(layers.Layer):
    """Looks at values while it is called."""

    def call(self, x: Any) -> Any:
        return x if float(keras.ops.max(x)) > -99 else -x

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, x.dtype)


def _of(function: Callable[[Any], Any]) -> keras.Model:
    inputs = keras.Input((5,), name="rows")
    return keras.Model(inputs, function(inputs))


def _two(function: Callable[[Any], Any]) -> keras.Model:
    inputs = keras.Input((5,), name="rows")
    return keras.Model([inputs, keras.Input((3,), name="idle")], function(inputs))


def _steps() -> keras.Model:
    inputs = keras.Input((None, 5), name="steps")
    return keras.Model(inputs, layers.Dense(2)(inputs))


def _words() -> keras.Model:
    inputs = keras.Input((5,), name="words", dtype="string")
    return keras.Model(inputs, layers.Identity()(inputs))


def _broken() -> keras.Model:
    model = _of(layers.Dense(2, name="burnt"))
    model.layers[-1].set_weights([np.full((5, 2), np.nan), np.zeros(2)])
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_steps, "input 'steps' of shape .*: its sizes must be fixed, but for"),
        (_words, "input 'words' takes values of type string; a file takes numbers"),
        (lambda: _of(lambda x: x), "input 'rows' is an output of .* as it is: no layer"),
        (lambda: _two(layers.Dense(2)), "input 'idle' leads to no output of"),
        (_broken, "weights that are NaN or infinite, in layer 'burnt'; train"),
        (
            lambda: _of(lambda x: {"a": {"b": layers.Dense(2)(x)}}),
            "lie in lists or dicts within others; give one tensor",
        ),
        (lambda: keras.Model(name="bare"), "bare must be a functional or sequential Keras model"),
    ],
)
def test_refused(make: Callable[[], keras.Model], message: str, tmp_path: Path) -> None:
    model, data = make(), data_of(ROWS, np.arange(40) % 2)
    for given in (data, ROWS):
        with pytest.raises(zoo.UserError, match=message):
            export.to_litert(model, data=given, directory=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_too_many_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.conversion.inspection.MOST", 100)
    model = _of(lambda x: layers.Dense(2)(layers.Dense(50, name="vast")(x)))
    message = "has 402 parameters, 300 of them in layer 'vast'; a file holds at most 100"
    with pytest.raises(zoo.UserError, match=message):
        export.to_litert(model, data=ROWS, directory=tmp_path / "none")


def test_a_call_that_looks_at_values(tmp_path: Path) -> None:
    model = _of(lambda x: layers.Dense(2)(Picky(name="picky")(x)))
    with pytest.raises(zoo.UserError, match="'picky' .Picky.: there is no rule for its class, and"):
        export.to_litert(model, data=ROWS, directory=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_model_that_keras_cannot_run() -> None:
    model = _of(layers.Dense(2))
    with pytest.raises(zoo.UserError, match="Keras cannot compute the outputs of"):
        answers(model, ROWS[:, :3])


def test_half_precision(tmp_path: Path) -> None:
    """Trained under mixed_float16: the same files, compared as halves compare."""
    halves, data = {"dtype": "mixed_float16"}, data_of(ROWS, np.arange(40) % 2)
    model = _of(lambda x: layers.Dense(2, **halves)(layers.Dense(9, "relu", **halves)(x)))
    made = export.to_litert(model, data=data, directory=tmp_path)
    assert made.plan.rung == "ptq"
    assert made.int8_audit.integer_only
    found = export.verify(made, data)
    assert 0 < found.files.float_difference < 1e-2
    assert not found.files.findings()
