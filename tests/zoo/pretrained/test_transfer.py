"""Transfer learning: weights that others trained, their features, and training on from there."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from tests.helpers.colors import color_digits
from tests.helpers.instances import data_of
from tuning import Recipe, fit, train
from tuning.spaces import default_recipe
from tuning.training.phases import freeze
from zoo.layers.inputs import Pixels, count_parameters
from zoo.presets.catalogue import find_preset, reference
from zoo.presets.pretrained import PRETRAINED
from zoo.pretrained.weights import lite0_weights
from zoo.quantization import make_twin
from zoo.quantization.calibration import predict
from zoo.quantization.layers.arithmetic import Exact
from zoo.tasks import TASKS

LITE0 = "pretrained:efficientnet_lite0"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETZOO_CACHE", str(cache))


PHOTOGRAPHS = {  # of scikit-learn and scikit-image -> what ImageNet calls them
    "china.jpg": {698},  # a palace
    "flower.jpg": {985},  # a daisy
    "chelsea.png": {281, 282, 285},  # a tabby, a tiger cat, an Egyptian cat
    "coffee.png": {967},  # an espresso
    "motorcycle_left.png": {665},  # a moped
    "rocket.jpg": {657},  # a missile
}


@pytest.fixture(scope="module")
def lite0(cache: Path) -> keras.Model:
    """The network with the classes of ImageNet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POCKETZOO_CACHE", str(cache))
        model = zoo.create_model(LITE0, (224, 224, 3), 1000)
        model.get_layer("head").set_weights(lite0_weights()[-2:])
    return model


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_are_what_imagenet_calls_them(name: str, lite0: keras.Model) -> None:
    folders = [Path(str(files(package))) for package in ("sklearn.datasets.images", "skimage.data")]
    (path,) = [folder / name for folder in folders if (folder / name).is_file()]
    photograph = np.asarray(Image.open(path).convert("RGB"), np.float32)
    side = min(photograph.shape[:2])
    top, left = ((size - side) // 2 for size in photograph.shape[:2])
    square = photograph[None, top : top + side, left : left + side]
    x = keras.ops.image.resize(square, (224, 224), data_format="channels_last", antialias=True)
    assert int(lite0.predict(x, verbose=0).argmax()) in PHOTOGRAPHS[name]


def test_weights_are_converted_once_and_a_damaged_copy_is_fixed(cache: Path) -> None:
    first = lite0_weights()
    (file,) = cache.glob("*.npz")
    made = file.stat().st_mtime_ns
    lite0_weights()
    assert file.stat().st_mtime_ns == made
    file.write_bytes(file.read_bytes()[:1000])
    assert all(map(np.array_equal, lite0_weights(), first))
    assert len(list(cache.iterdir())) == 1


@pytest.mark.slow  # two trainings of a large network
def test_what_others_learned_beats_the_same_network_without_it() -> None:
    """At 20 pictures a class; the whole comparison is `benchmarks/transfer.py`."""
    data = color_digits(48, test=10)
    scores = {}
    for weights in ("pretrained", "none"):
        model = zoo.create_model(LITE0, (48, 48, 3), 10, weights=weights)
        recipe = replace(default_recipe(LITE0, data), frozen=1.0, epochs=60)
        fit(model, data, recipe)
        answers = model.predict(data.x_test, verbose=0).argmax(axis=1)
        scores[weights] = np.mean(answers == data.y_test)
    print(scores)
    assert scores["pretrained"] > scores["none"] + 0.15, scores


def noise(size: int, channels: int, count: int = 40) -> zoo.Data:
    x = np.random.default_rng(0).integers(0, 256, (count, size, size, channels))
    return data_of(x.astype(np.float32), np.arange(count) % 4)


def test_gray_pictures_are_color_ones_and_the_twin_takes_them() -> None:
    """That the twin's file is integer-only is seen in `benchmarks/transfer.py`."""
    x = noise(32, 1).x_train[:4]
    model = zoo.create_model(LITE0, (32, 32, 1), 4)
    same = zoo.create_model(LITE0, (32, 32, 3), 4)
    same.get_layer("head").set_weights(model.get_layer("head").get_weights())
    expected = same.predict(np.repeat(x, 3, axis=-1), verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-4)
    twin = make_twin(model)
    np.testing.assert_allclose(predict(twin, x, Exact()), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0, 1, 1), (0, 200, 255), (0, 16, 16), (-1, 1, 1)]
)
def test_pixels_of_any_range_become_those_of_photographs(
    low: float, high: float, expected: float
) -> None:
    rows = np.random.default_rng(0).uniform(low, high, (8, 5, 5, 3)).astype(np.float32)
    rows[0, 0, 0] = low, high, high
    layer = Pixels()
    layer(rows)
    layer.adapt(rows)
    ends = keras.ops.convert_to_numpy(layer(np.full((1, 1, 1, 3), [low, 0, expected])))
    np.testing.assert_allclose(ends.ravel()[[0, 2]], [0, 255], atol=1e-3)


def small_data(task: str = "classification") -> zoo.Data:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8, 8, 1)).astype(np.float32)
    y = (x.mean(axis=(1, 2, 3)) > 0).astype(int)
    data = data_of(x, y)
    data = replace(data, x_validation=x[:20], y_validation=y[:20])
    if task == "classification":
        return data
    targets = (100 + 50 * x.mean(axis=(1, 2))).astype(np.float32)
    return replace(
        data,
        task=TASKS[task](),
        y_train=targets,
        y_validation=targets[:20],
        y_test=targets[:8],
    )


PHASES = {"epochs": 6, "frozen": 0.5, "unfreeze": 0.5, "shift": 0.1, "learning_rate": 0.02}


def test_first_the_head_then_the_last_layers_are_trained() -> None:
    data = small_data()
    model = zoo.create_model("cnn_tiny", (8, 8, 1), 2, dropout=0.1)
    told: list[int] = []

    def on_epoch(epoch: int, _: object) -> bool:
        told.append(epoch)
        return True

    fit(model, data, Recipe(**{**PHASES, "frozen": 1.0}, patience=0))  # type: ignore[arg-type]
    before = {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.weights}
    result = fit(model, data, Recipe(**PHASES, patience=0), on_epoch=on_epoch)  # type: ignore[arg-type]
    assert told == list(range(6))
    assert result.epochs == 6 == len(result.history["val_loss"])
    moved = [
        weight.path
        for weight in model.weights
        if not np.array_equal(before[weight.path], keras.ops.convert_to_numpy(weight))
    ]
    kernels = [layer.name for layer in model.layers if "conv" in layer.name]
    assert any("head" in path for path in moved)
    assert any(kernels[-1] in path for path in moved)
    assert not any(f"{kernels[0]}/" in path or "batch_norm" in path for path in moved)
    assert all(layer.trainable for layer in model.layers)
    assert len(freeze(model, 0.0)) == sum(bool(one.weights) for one in model.layers) - 2


def test_targets_keep_their_units_through_both_phases() -> None:
    data = small_data("regression")
    model = zoo.create_model("cnn_tiny", (8, 8, 1), 1)
    result = fit(model, data, Recipe(**{**PHASES, "epochs": 60}))  # type: ignore[arg-type]
    error = model.predict(data.x_validation, verbose=0) - data.y_validation
    assert result.score == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-2)
    assert result.score < 2 * np.std(data.y_validation)


def test_a_stop_in_the_first_phase_ends_both() -> None:
    model = zoo.create_model("cnn_tiny", (8, 8, 1), 2)
    recipe = Recipe(**PHASES)  # type: ignore[arg-type]
    result = fit(model, small_data(), recipe, on_epoch=lambda *_: False)
    assert result.epochs == 1


def test_a_run_loads_without_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, recipe = noise(32, 3), Recipe(epochs=1, frozen=1.0)
    run, _ = train(LITE0, data, directory=folder, recipe=recipe, overrides={"weights": "none"})
    x = data.x_test
    expected = run.load_model().predict(x, verbose=0)
    monkeypatch.setattr("zoo.pretrained.backbones.lite0_weights", None)
    assert run.spec().preset == LITE0
    np.testing.assert_array_equal(run.load_model().predict(x, verbose=0), expected)


@pytest.mark.parametrize("name", PRETRAINED)
def test_parameters_are_those_of_the_table(name: str) -> None:
    shape, outputs = reference(name)
    model = zoo.create_model(name, shape, outputs, weights="none")
    assert count_parameters(model) == find_preset(name).parameters
    assert ":" not in model.name


def test_weights_of_an_application_come_from_a_file(tmp_path: Path) -> None:
    plain = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    file = tmp_path / "mine.weights.h5"
    plain.save_weights(file)
    name = "pretrained:mobilenet_v2"
    model = zoo.create_model(name, (32, 32, 3), 5, weights=str(file))
    x = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected = plain.predict(x / 127.5 - 1, verbose=0).mean(axis=(1, 2))
    body = keras.Model(model.inputs, model.get_layer("average").output)
    np.testing.assert_allclose(body.predict(x, verbose=0), expected, rtol=1e-3, atol=1e-4)


def test_what_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in ((8, 8, 1), (40, 40, 2), (64,)):
        with pytest.raises(zoo.UserError, match="take images .* of at least 32 pixels a side"):
            zoo.create_model(LITE0, shape, 3)
    with pytest.raises(zoo.UserError, match="efficientnet_lite9.*Did you mean"):
        zoo.create_model("pretrained:efficientnet_lite9", (64, 64, 3), 3)
    with pytest.raises(zoo.UserError, match="does not exist. Give a file, or weights=none"):
        zoo.create_model(LITE0, (64, 64, 3), 3, weights=str(tmp_path / "no.pth"))
    (tmp_path / "evil.pth").write_bytes(b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00echo\x85R.")
    with pytest.raises(zoo.UserError, match="cannot be read as PyTorch weights"):
        zoo.create_model(LITE0, (64, 64, 3), 3, weights=str(tmp_path / "evil.pth"))
    monkeypatch.setattr("zoo.pretrained.backbones.lite0_weights", lambda _: [np.zeros(3)] * 9)
    with pytest.raises(zoo.UserError, match="belong to another network"):
        zoo.create_model(LITE0, (64, 64, 3), 3)
    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", _no_network)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(zoo.UserError, match="(?s)Keras cannot get the weights 'imagenet'.*"):
        zoo.create_model("pretrained:mobilenet_v2", (96, 96, 3), 3)
    monkeypatch.undo()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path))
    with pytest.raises(zoo.UserError, match="weights of efficientnet_lite0 are not installed"):
        lite0_weights()
    with pytest.raises(zoo.UserError, match="torch is needed once, to read the weights"):
        lite0_weights(tmp_path / "evil.pth")
    with pytest.raises(zoo.UserError, match=r"frozen must be a number in \[0, 1\]"):
        Recipe(frozen=1.5)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Dense(2, activation="tanh")(keras.layers.Flatten()(inputs))
    with pytest.raises(zoo.UserError, match="trains the last layer alone, which must be Dense"):
        fit(keras.Model(inputs, x), small_data(), Recipe(frozen=1.0))


def _no_network(*_: object, **__: object) -> None:
    raise OSError("no network")
