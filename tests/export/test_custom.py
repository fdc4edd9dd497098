"""Layers of other packages: a user's own, KerasHub's."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import export
import zoo
from export.reading import read_model
from tests.helpers.commands import pocketzoo
from tests.helpers.instances import data_of, fill_weights


class Twice(layers.Layer):
    """A user's layer, in a module that other processes can import."""

    def call(self, x: Any) -> Any:
        return 2 * x


class Forgetful(Twice):
    """Does not know its own settings."""

    def __init__(self, size: int) -> None:
        super().__init__()


def with_layer(layer: layers.Layer) -> keras.Model:
    inputs = keras.Input((6,))
    x = layer(layers.Dense(5, activation="relu")(inputs))
    return fill_weights(keras.Model(inputs, layers.Dense(3)(x)))


@pytest.fixture
def three() -> zoo.Data:
    x = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
    return data_of(x, np.arange(60) % 3)


def test_a_layer_of_ones_own_has_a_twin(three: zoo.Data, tmp_path: Path) -> None:
    made = export.to_litert(with_layer(Twice(name="twice")), data=three, directory=tmp_path / "o")
    report = export.verify(made, three, max_drop=100)
    assert report.without_twin is None
    assert not any("integer-only" in one for one in report.failures())
    made.run.write({"saved_model/old.bin": b"of another model"})
    portable = export.to_saved_model(with_layer(Twice()), data=three, directory=tmp_path / "o")
    assert portable.difference < 1e-5
    assert "saved_model/saved_model.pb" in made.run.files()
    assert not (tmp_path / "o" / "saved_model" / "old.bin").exists()


def test_a_layer_that_no_other_process_can_make_is_named(three: zoo.Data, tmp_path: Path) -> None:
    class Local(Twice):
        pass

    for layer, message in (
        (Local(name="mine"), "layer 'mine' is a Local, a class that no other process can import"),
        (Forgetful(1), r"\(Forgetful\) cannot be rebuilt from its get_config\(\)"),
    ):
        given = {"data": three, "directory": tmp_path / "o"}
        with pytest.raises(zoo.UserError, match=message):
            export.to_litert(with_layer(layer), method="converter", **given)
    assert not (tmp_path / "o").exists()


HUB = """
import sys
import keras, keras_hub
backbone = keras_hub.models.MobileNetBackbone(
    stackwise_expansion=[[16], [32, 48]], stackwise_num_blocks=[1, 2],
    stackwise_num_filters=[[16], [24, 24]], stackwise_kernel_size=[[3], [3, 5]],
    stackwise_num_strides=[[2], [2, 1]], stackwise_se_ratio=[[0.25], [None, 0.25]],
    stackwise_activation=[["relu"], ["relu", "hard_swish"]],
    stackwise_padding=[[1], [1, 2]], output_num_filters=48, input_num_filters=16,
    input_activation="hard_swish", depthwise_filters=8, squeeze_and_excite=0.5,
    last_layer_filter=64, depthwise_stride=1, depthwise_residual=False, image_shape=(32, 32, 3),
)
x = keras.layers.GlobalAveragePooling2D()(backbone.output)
keras.Model(backbone.inputs, keras.layers.Dense(10)(x)).save(sys.argv[1])
"""


@pytest.mark.slow
def test_a_backbone_of_keras_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, source, out = (tmp_path / name for name in ("hub.keras", "data.npz", "out"))
    made = subprocess.run(
        [sys.executable, "-c", HUB, file], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 32, 32, 3)).astype(np.float32)
    np.savez(
        source,
        x_train=x[:60],
        y_train=np.arange(60) % 10,
        x_val=x[60:90],
        y_val=np.arange(30) % 10,
        x_test=x[90:],
        y_test=np.arange(30) % 10,
    )
    code, shown, errors = pocketzoo(
        "export", file, "--data", source, "--out", out, "--max-drop", "100"
    )
    assert code == 0, shown + errors
    report = json.loads((out / "report.json").read_text())
    assert report["integer_only"]
    assert report["without_twin"] is None
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda _: None)
        with pytest.raises(
            zoo.UserError, match="has KerasHub layers. This needs KerasHub. Run pip install"
        ):
            read_model(file)
