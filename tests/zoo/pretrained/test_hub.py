"""Backbones of KerasHub as pretrained networks: from a preset's folder to a checked file."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import export
import zoo
from pocketzoo.exporting import export_run
from pocketzoo.options import Exporting
from tests.helpers.instances import data_of
from tuning import Recipe, search, train
from tuning.training.phase import adapt_inputs
from zoo.pretrained import hub

MAKE = """
import sys, keras, keras_hub, numpy
folder = sys.argv[1]
keras.utils.set_random_seed(0)
resnet = keras_hub.models.ResNetBackbone(
    input_conv_filters=[64], input_conv_kernel_sizes=[7], stackwise_num_filters=[64, 64],
    stackwise_num_blocks=[1, 1], stackwise_num_strides=[1, 2], block_type="basic_block",
)
pixels = keras_hub.layers.ImageConverter(scale=[0.1, 0.2, 0.3], offset=[1, 2, 3])
pixels.save_to_preset(folder + "/resnet")
resnet.save_to_preset(folder + "/resnet")
x = keras.ops.convert_to_numpy(keras.random.uniform((2, 40, 40, 3), 0, 255, seed=1))
y = resnet(x * [0.1, 0.2, 0.3] + [1, 2, 3])
numpy.savez(folder + "/resnet/expected.npz", x=x, y=keras.ops.convert_to_numpy(y))
keras_hub.models.MobileNetBackbone(
    stackwise_expansion=[[16], [32, 48]], stackwise_num_blocks=[1, 2],
    stackwise_num_filters=[[16], [24, 24]], stackwise_kernel_size=[[3], [3, 5]],
    stackwise_num_strides=[[2], [2, 1]], stackwise_se_ratio=[[None], [None, None]],
    stackwise_activation=[["relu"], ["relu", "relu"]], stackwise_padding=[[1], [1, 2]],
    output_num_filters=48, input_num_filters=16, input_activation="relu", depthwise_filters=8,
    squeeze_and_excite=None, last_layer_filter=64, depthwise_stride=1,
    depthwise_residual=False,
).save_to_preset(folder + "/mobilenet")
keras_hub.models.BertBackbone(
    vocabulary_size=20, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=8,
    max_sequence_length=12,
).save_to_preset(folder + "/bert")
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small presets of KerasHub: resnet, mobilenet, bert, saved in a process of their user's."""
    folder = tmp_path_factory.mktemp("hub")
    made = subprocess.run(
        [sys.executable, "-c", MAKE, str(folder)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def resnet(saved: Path) -> Path:
    return saved / "resnet"


def test_features_are_those_of_the_preset(resnet: Path) -> None:
    model = zoo.create_model(f"pretrained:{resnet}", (40, 40, 3), 5)
    expected = np.load(resnet / "expected.npz")
    body = keras.Model(model.inputs, model.get_layer("average").output)
    found = body.predict(expected["x"], verbose=0)
    np.testing.assert_allclose(found, expected["y"].mean(axis=(1, 2)), rtol=1e-3, atol=1e-3)
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    random = zoo.create_model(f"pretrained:{resnet}", (40, 40, 1), 5, weights="none")
    assert random.input_shape == (None, 40, 40, 1)
    assert model.name.isidentifier()


def test_a_run_loads_without_the_folder(resnet: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(resnet, tmp_path / "mine"))
    x = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3)).astype(np.float32)
    data, recipe = data_of(x, np.arange(40) % 4), Recipe(epochs=2, frozen=0.5, unfreeze=0.3)
    run, _ = train(f"pretrained:{mine}", data, directory=tmp_path / "run", recipe=recipe)
    expected = run.load_model().predict(x[:4], verbose=0)
    shutil.rmtree(mine)
    np.testing.assert_array_equal(run.load_model().predict(x[:4], verbose=0), expected)


def pictures(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(60):
        place = folder / ("dark", "light")[number % 2]
        pixels = rng.integers(0, 120, (32, 32, 3)) + 120 * (number % 2)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")
    return folder


def test_a_backbone_of_keras_layers_leaves_by_its_twin(resnet: Path, tmp_path: Path) -> None:
    model = zoo.create_model(f"pretrained:{resnet}", (32, 32, 3), 2)
    data = zoo.load_data(pictures(tmp_path / "pictures"))
    adapt_inputs(model, data)
    made = export.to_litert(model, data=data, directory=tmp_path / "o", method="twin")
    assert made.int8_audit is not None
    assert made.int8_audit.integer_only


def test_layers_of_keras_hub_are_taken_apart(saved: Path, tmp_path: Path) -> None:
    """A search has no way to know what they cost; training and export have."""
    name = f"pretrained:{saved}/mobilenet"
    source, out = pictures(tmp_path / "pictures"), tmp_path / "run"
    data = zoo.load_data(source)
    with pytest.raises(zoo.UserError, match="a search needs it to estimate the cost of each model"):
        search(name, data, directory=tmp_path / "searched")
    train(name, data, directory=out, recipe=Recipe(epochs=2, frozen=1.0))
    report = export_run(out, Exporting(100.0))
    assert report is not None
    assert report.without_twin is None
    assert report.int8_audit.integer_only


def test_what_is_refused(resnet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(zoo.UserError, match="KerasHub cannot read .* as a backbone for images"):
        zoo.create_model(f"pretrained:{tmp_path}/nothing", (40, 40, 3), 5)
    with pytest.raises(zoo.UserError, match="KerasHub cannot read .* as a backbone for images"):
        zoo.create_model(f"pretrained:{resnet.parent}/bert", (40, 40, 3), 5)
    with pytest.raises(zoo.UserError, match="take images .* of at least 32 pixels a side"):
        zoo.create_model(f"pretrained:{resnet}", (64,), 5)
    with pytest.raises(zoo.UserError, match="weights='x' is not known. Known: none, pretrained"):
        zoo.create_model(f"pretrained:{resnet}", (40, 40, 3), 5, weights="x")
    evil = {"module": "os", "class_name": "system", "config": {}, "registered_name": "system"}
    with pytest.raises(zoo.UserError, match="This is not a KerasHub architecture"):
        hub.backbone({"backbone": evil})
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "config.json").write_text(json.dumps(evil))
    with pytest.raises(zoo.UserError, match="KerasHub cannot read .* as a backbone for images"):
        zoo.create_model(f"pretrained:{tmp_path}/evil", (40, 40, 3), 5)
    inputs = keras.Input((40, 40, 3))
    flat = keras.Model(inputs, keras.layers.Flatten()(inputs))
    with monkeypatch.context() as patch:
        patch.setattr("zoo.pretrained.hub.backbone", lambda _: flat)
        with pytest.raises(
            zoo.UserError, match="and is not a backbone: features per position or token"
        ):
            zoo.create_model(f"pretrained:{resnet}", (40, 40, 3), 5, weights="none")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(zoo.UserError, match="For the folder write pretrained:./evil"):
        zoo.create_model("pretrained:evil", (40, 40, 3), 5)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(zoo.UserError, match="This needs KerasHub. Run pip install"):
        zoo.create_model(f"pretrained:{resnet}", (40, 40, 3), 5)
    with pytest.raises(zoo.UserError, match="There is no preset 'pretrained:resnet_18'"):
        zoo.create_model("pretrained:resnet_18", (40, 40, 3), 5)
