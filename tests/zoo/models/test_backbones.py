"""Heads for masks and boxes on the networks of other presets, pretrained or not."""

from dataclasses import replace
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest

import export
import zoo
from export.runtimes.litert import load
from export.runtimes.litert import predict as run_litert
from tests.helpers.dense import blocks, boxed, boxes_of, masks_of
from tests.helpers.instances import data_of, fill_weights
from tuning import Recipe, fit, train
from tuning.spaces import default_recipe, point
from tuning.training import views
from tuning.training.phases import freeze
from zoo.models.dense.trunk import backbone_maps
from zoo.presets.pretrained import PRETRAINED
from zoo.quantization import make_twin
from zoo.quantization.calibration import predict
from zoo.quantization.layers.arithmetic import Exact
from zoo.tasks import Detection, Segmentation

LITE0 = "pretrained:efficientnet_lite0"
MOBILE = "cnn_mobile_small"
CHANNELS = {  # of the maps of stride 8, 16 and 32: where blocks end, in the tables of the papers
    LITE0: (40, 112, 320),
    "pretrained:efficientnet_v2_b0": (48, 112, 192),
    "pretrained:mobilenet_v2": (32, 96, 320),
    "pretrained:mobilenet_v3_small": (24, 48, 96),
    MOBILE: (16, 48),
    "cnn_efficient_small": (20, 56),
}
HEADS = ("detect_tiny", "aspp_tiny")
SHAPE = (72, 80, 3)
SMALL = (65, 64, 3)  # that a network for 64 pixels halves as those of larger images


def built(preset: str, backbone: str, shape: tuple[int, ...] = SHAPE) -> keras.Model:
    weights = {"weights": "none"} if backbone in PRETRAINED else {}
    return zoo.create_model(preset, shape, 2, backbone=backbone, **weights)


def data_for(preset: str, count: int = 24, shape: tuple[int, ...] = SHAPE) -> zoo.Data:
    rng = np.random.default_rng(0)
    if preset.startswith("aspp"):
        x = blocks(rng, count, shape)
        y, task = masks_of(x), Segmentation(("dark", "bright"))
    else:
        x, y = boxed(rng, count, shape, 2), boxes_of(count, shape, 2)
        task = Detection(("dim", "bright"), shape[:2])
    data = replace(data_of(x, np.arange(count) % 2), task=task, y_train=y, y_test=y[:8])
    return replace(data, x_validation=x[:8], y_validation=y[:8])


def test_every_pretrained_network_is_a_backbone() -> None:
    assert set(PRETRAINED) <= set(CHANNELS)


@pytest.mark.parametrize("backbone", CHANNELS)
def test_maps_are_where_stages_end(backbone: str) -> None:
    model = built("detect_tiny", backbone)
    sides = [[-(-side // stride) for side in SHAPE[:2]] for stride in (8, 16, 32)]
    expected = [
        (*pair, channels) for pair, channels in zip(sides, CHANNELS[backbone], strict=False)
    ]
    assert [tuple(x.shape[1:]) for x in backbone_maps(model)] == expected
    cells = sum(height * width for height, width, _ in expected)
    assert model.output_shape == (None, cells, 7)


@pytest.mark.parametrize("backbone", [LITE0, MOBILE])
def test_masks_are_made_of_the_maps_of_stride_8_and_16(backbone: str) -> None:
    masks = built("aspp_tiny", backbone)
    assert [x.shape[-1] for x in backbone_maps(masks)] == list(CHANNELS[backbone][:2])
    assert masks.output_shape == (None, *SHAPE[:2], 2)


@pytest.mark.parametrize("preset", HEADS)
def test_weights_are_those_of_the_classifier(preset: str) -> None:
    shape = (32, 32, 1)
    model = zoo.create_model(preset, shape, 2, backbone=LITE0)
    plain = zoo.create_model(LITE0, shape, 2)
    body = [one for one in keras.Model(model.inputs, backbone_maps(model)).layers if one.weights]
    assert len(body) > 40
    for layer, same in zip(body, [one for one in plain.layers if one.weights], strict=False):
        assert all(map(np.array_equal, layer.get_weights(), same.get_weights())), layer.name


@pytest.mark.parametrize("preset", HEADS)
def test_the_twin_takes_a_head_on_a_pretrained_network(preset: str) -> None:
    model = fill_weights(built(preset, LITE0, (40, 48, 3)))
    x = np.random.default_rng(0).normal(size=(2, 40, 48, 3)).astype(np.float32)
    expected = model.predict(x, verbose=0)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        predict(make_twin(model), x, Exact()), expected, rtol=1e-3, atol=1e-3 * scale
    )


@pytest.mark.parametrize("preset", HEADS)
@pytest.mark.parametrize("room", [views.ROOM, 0])
def test_the_head_is_trained_first_then_the_end_of_the_backbone(
    preset: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for the maps of all rows, and without, when the backbone runs along."""
    monkeypatch.setattr(views, "ROOM", room)
    shape = SMALL
    model, data = built(preset, MOBILE, shape), data_for(preset, 24, shape)
    body = keras.Model(model.inputs, backbone_maps(model)).layers

    def values(layers: list[keras.layers.Layer]) -> list[np.ndarray]:
        return [keras.ops.convert_to_numpy(w) for one in layers for w in one.trainable_weights]

    recipe = Recipe(epochs=4, frozen=0.5, unfreeze=0.0, patience=0, shift=0.1, batch_size=8)
    before = values(body), values(model.layers)
    told: list[int] = []

    def on_epoch(epoch: int, _: object) -> bool:
        told.append(epoch)
        return True

    result = fit(model, data, recipe, on_epoch=on_epoch)
    assert told == [0, 1, 2, 3]
    assert result.epochs == 4 == len(result.history["val_loss"])
    assert all(map(np.array_equal, before[0], values(body)))
    assert sum(map(np.array_equal, before[1], values(model.layers))) == len(before[0])
    assert all(layer.trainable for layer in model.layers)
    fit(model, data, replace(recipe, unfreeze=0.5))
    moved = [not np.array_equal(*pair) for pair in zip(before[0], values(body), strict=True)]
    assert any(moved)
    assert not any(moved[: len(moved) // 3])
    norms = [one for one in body if isinstance(one, keras.layers.BatchNormalization)]
    fixed = freeze(model, 1.0)
    assert {id(one) for one in fixed} == {id(one) for one in norms}


@pytest.mark.parametrize("preset", HEADS)
def test_views_of_a_row_are_its_maps_and_its_truth(preset: str) -> None:
    shape = SMALL
    model, data = built(preset, MOBILE, shape), data_for(preset, 12, shape)
    maps = backbone_maps(model)
    recipe = Recipe(epochs=4)
    assert views.count_views(maps, data, recipe) == 1
    assert views.count_views(maps, data, replace(recipe, shift=0.1)) == 4
    assert views.count_views(maps, data, replace(recipe, shift=0.1, epochs=99)) == views.VIEWS
    seen = views._seen(keras.Model(model.inputs, maps), data, recipe, 2)
    np.testing.assert_array_equal(seen.y_train, np.concatenate([data.y_train] * 2))
    top = views._top(model, maps)
    expected = model.predict(data.x_train, verbose=0)
    np.testing.assert_allclose(
        top.predict(seen.x_train, verbose=0), np.concatenate([expected] * 2), rtol=1e-3, atol=1e-4
    )
    turned = views._seen(keras.Model(model.inputs, maps), data, replace(recipe, flip=True), 2)
    assert not np.array_equal(turned.y_train[:12], turned.y_train[12:])


def test_a_pretrained_backbone_is_frozen_at_first_and_its_space_is_of_the_head() -> None:
    assert default_recipe("detect_small").frozen == 0
    for overrides, frozen in (
        ({"backbone": LITE0}, default_recipe(LITE0).frozen),
        ({"backbone": LITE0, "weights": "none"}, 0),
        ({"backbone": MOBILE}, 0),
    ):
        assert default_recipe("detect_small", None, overrides).frozen == frozen
        assert default_recipe("aspp_small", None, overrides).frozen == frozen
    for preset, free in (("detect_small", {"width", "depth"}), ("aspp_small", {"head"})):
        hp = keras_tuner.HyperParameters()
        found = point(hp, preset, {"backbone": LITE0}, default_recipe(preset))
        assert set(found.overrides) == {"backbone", "dropout", *free}
        zoo.ModelSpec(preset, (32, 32, 3), 1, found.overrides).check()


@pytest.mark.parametrize(
    ("backbone", "changed", "message"),
    [
        ("mlp_small", {}, "is no network that classifies images. Take one of"),
        ("unet_small", {}, "is no network that classifies images"),
        (3, {}, "backbone=3 is no network"),
        ("efficientnet_lite0", {}, "There is no preset 'efficientnet_lite0'. Did you mean"),
        ("pretrained:mobilenet_v1", {}, "There is no preset 'pretrained:mobilenet_v1'"),
        ("vit_small", {}, "vit_small makes no map of stride 8 and 16 of images of"),
        ("cnn_small", {}, "makes no map of stride 8 and 16"),
        (MOBILE, {"blocks": 2}, "blocks is of detect_small's own stages, which backbone=cnn"),
        (MOBILE, {"weights": "none"}, "weights are of a pretrained backbone, and this"),
        (None, {"weights": "none"}, "weights are of a pretrained backbone"),
        (LITE0, {"weights": "no.pth"}, "does not exist. Give a file, or weights=none"),
    ],
)
def test_backbones_that_are_refused(
    backbone: object, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.create_model("detect_small", (64, 64, 3), 1, backbone=backbone, **changed)


def test_images_that_are_too_small_for_a_backbone_are_refused() -> None:
    for preset in HEADS:
        with pytest.raises(zoo.UserError, match="of at least 32 pixels a side"):
            zoo.create_model(preset, (24, 64, 3), 1, backbone=LITE0)


@pytest.mark.slow  # an export of a large network
def test_from_a_training_to_a_checked_file(tmp_path: Path) -> None:
    """The run loads without the weights, and its file is of integers alone."""
    shape = (32, 32, 3)
    data = data_for("detect_tiny", 24, shape)
    overrides = {"backbone": "pretrained:mobilenet_v3_small", "weights": "none"}
    recipe = Recipe(epochs=1, batch_size=8, frozen=0.5)
    run, _ = train(
        "detect_tiny", data, directory=tmp_path / "run", recipe=recipe, overrides=overrides
    )
    assert run.spec().overrides == overrides
    exported = export.to_litert(run, data=data)
    assert exported.plan.without_twin is None
    assert export.check(exported.int8_file).audit.integer_only
    x = data.x_test[:4]
    outputs = run_litert(load(exported.float_file), x, None, exported.float_output)
    expected = run.load_model().predict(x, verbose=0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-4)
