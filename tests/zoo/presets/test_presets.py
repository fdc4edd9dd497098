"""Presets, shapes and arguments: names, near matches, and messages."""

import math
from typing import Any

import keras
import pytest

import zoo
from zoo.layers.inputs import count_parameters
from zoo.models.vit import default_patch_size, default_stem_layers
from zoo.presets.catalogue import PRESETS, reference
from zoo.presets.pretrained import PRETRAINED


def test_list_models() -> None:
    assert zoo.list_models() == [*PRESETS, *PRETRAINED]
    assert zoo.list_models("vit*") == [
        "vit_tiny",
        "vit_small",
        "vit_small_sigmoid",
        "vit_base",
        "vit_cct_tiny",
        "vit_cct_small",
        "vit_cct_base",
    ]
    assert zoo.list_models("nothing*") == []


IMAGE, TABLE, SEQUENCE = (8, 8, 1), (4,), (8, 3)


@pytest.mark.parametrize(
    ("preset", "shape", "outputs", "overrides", "message"),
    [
        ("vit_tny", IMAGE, 3, {}, "There is no preset 'vit_tny'. Did you mean 'vit_tiny'"),
        ("zzz", IMAGE, 3, {}, "no preset 'zzz'. Known: aspp_small"),
        ("vit_tiny", IMAGE, 3, {"widht": 8}, "has no argument 'widht'. Did you mean 'width'"),
        (
            "mlp_tiny",
            SEQUENCE,
            3,
            {},
            r"MLP takes table rows .*, but these are sequences .* Use gru_\*",
        ),
        ("vit_tiny", SEQUENCE, 3, {}, r"gray images need a channel: x.reshape\(-1, 8, 3, 1\)"),
        ("cnn_tiny", TABLE, 3, {}, r"these are table rows .features,. of shape \(4,\). Use mlp_\*"),
        ("gru_tiny", IMAGE, 3, {}, r"GRU takes sequences .* Use cnn_\* or vit_\* or mlp_\*"),
        ("mlp_tiny", (), 3, {}, "fits no family. Expected the shape of one row"),
        ("mlp_tiny", (0,), 3, {}, "fits no family"),
        ("mlp_tiny", TABLE, 0, {}, "num_outputs must be an integer of at least 1; got 0"),
        ("mlp_tiny", TABLE, 3, {"units": 0}, "units must be an integer of at least 1; got 0"),
        ("mlp_tiny", TABLE, 3, {"units": 10**11}, "units must be at most 16384; got 1000"),
        ("mlp_tiny", TABLE, 3, {"units": 1.5}, "units must be an integer of at least 1; got 1.5"),
        ("mlp_tiny", TABLE, 3, {"bins": -1}, "bins must be an integer of at least 0; got -1"),
        ("mlp_tiny", TABLE, 3, {"members": 0}, "members must be an integer of at least 1; got 0"),
        ("mlp_ple_tiny", IMAGE, 3, {}, "bins are for the features of table rows; these are images"),
        ("mlp_tiny", TABLE, 3, {"depth": True}, "depth must be an integer"),
        ("mlp_tiny", TABLE, 3, {"dropout": 1.0}, r"dropout must be a number in \[0, 1\); got 1.0"),
        (
            "mlp_tiny",
            TABLE,
            3,
            {"activation": "rellu"},
            "'rellu' is not known. Did you mean 'relu'",
        ),
        ("cnn_tiny", IMAGE, 3, {"filters": []}, "filters must name at least one stage"),
        ("cnn_tiny", IMAGE, 3, {"filters": 8}, "filters must be a list of stage widths"),
        ("vit_tiny", IMAGE, 3, {"heads": 5}, "heads must divide width; got heads=5, width=12"),
        ("vit_tiny", IMAGE, 3, {"norm": "group"}, "norm='group' is not known"),
        ("vit_tiny", IMAGE, 3, {"patch_size": 8}, "patch_size=8 makes one patch of a 8x8 image"),
        (
            "cnn_tiny",
            IMAGE,
            3,
            {"stem_kernel": 3},
            r"stem_kernel must be \[height, width\], like \[10, 4\]; got 3",
        ),
        ("cnn_tiny", IMAGE, 3, {"block": "dense"}, "block='dense' is not known"),
        (
            "cnn_mobile_tiny",
            IMAGE,
            3,
            {"kernels": [3, 5, 3]},
            r"kernels must have one entry per stage, 2; got \[3, 5, 3\]",
        ),
        ("cnn_tiny", IMAGE, 3, {"strides": [1, 0]}, "strides must be an integer of at least 1"),
        ("cnn_tiny", IMAGE, 3, {"expansion": 0}, "expansion must be an integer of at least 1"),
        ("cnn_tiny", IMAGE, 3, {"drop_path": 1}, r"drop_path must be a number in \[0, 1\); got 1"),
        (
            "cnn_depthwise_tiny",
            IMAGE,
            3,
            {"drop_path": 0.1},
            "drop_path needs blocks with a shortcut; depthwise ones have none",
        ),
        ("vit_tiny", IMAGE, 3, {"stem": "convs"}, "stem='convs' is not known. Did you mean 'conv'"),
        ("vit_tiny", IMAGE, 3, {"pool": "max"}, "pool='max' is not known"),
        ("vit_tiny", IMAGE, 3, {"qkv_bias": 1}, "qkv_bias must be true or false; got 1"),
        (
            "vit_cct_tiny",
            IMAGE,
            3,
            {"patch_size": 4},
            "patch_size has no meaning with stem='conv'; set stem_layers instead",
        ),
        ("vit_tiny", IMAGE, 3, {"stem_layers": 1}, "stem_layers has no meaning with stem='patch'"),
        ("vit_cct_tiny", IMAGE, 3, {"stem_layers": 3}, "stem_layers=3 makes one patch of a 8x8"),
        ("vit_tiny", IMAGE, 3, {"attention": "tanh"}, "attention='tanh' is not known"),
        (
            "gru_tiny",
            SEQUENCE,
            3,
            {"bidirectional": "yes"},
            "bidirectional must be true or false; got 'yes'",
        ),
        ("gru_tiny", SEQUENCE, 3, {"depth": 0}, "depth must be an integer of at least 1; got 0"),
        (
            "gru_tiny",
            SEQUENCE,
            3,
            {"cell": "lstn"},
            "cell='lstn' is not known. Did you mean 'lstm'",
        ),
        ("gru_tiny", SEQUENCE, 3, {"front_filters": -1}, "front_filters must be an integer of at"),
        ("lite_tiny", TABLE, 3, {}, r"LITE takes sequences .* Use mlp_\*"),
        ("lite_tiny", SEQUENCE, 3, {"kernel": 3}, "kernel must be an integer of at least 4; got 3"),
        ("lite_tiny", SEQUENCE, 3, {"patterns": 8}, "patterns must be a list of lengths, like"),
        ("lite_tiny", SEQUENCE, 3, {"patterns": [6]}, "patterns must be powers of two, .* got 6"),
        ("inception_tiny", SEQUENCE, 3, {"bottleneck": 0}, "bottleneck must be an integer"),
        ("transformer_tiny", SEQUENCE, 3, {"span": 8}, "span=8 makes one token of 8 steps; atten"),
        ("transformer_tiny", SEQUENCE, 3, {"heads": 5}, "heads must divide width; got heads=5"),
    ],
)
def test_what_cannot_be_built(
    preset: str, shape: tuple[int, ...], outputs: int, overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.create_model(preset, shape, outputs, **overrides)


def test_factory_is_what_the_preset_builds() -> None:
    by_name = zoo.create_model("vit_small", (32, 32, 3), 10, depth=2)
    by_hand = zoo.ViT((32, 32, 3), 10, width=64, depth=2, heads=4)
    assert by_name.count_params() == by_hand.count_params()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("cnn_small", 78_666), ("cnn_depthwise_small", 24_908), ("vit_cct_small", 283_723)],
)
def test_parameters_of_the_papers(name: str, parameters: int) -> None:
    """MLPerf Tiny's ResNet-8 and DS-CNN, and CCT-2/3x2 (0.284 M), each at its own rows."""
    assert count_parameters(zoo.create_model(name, *reference(name))) == parameters


def test_whole_mobilenet_and_efficientnet_lite_have_the_parameters_of_theirs() -> None:
    """Of the half-width presets: MobileNetV2 beside Keras', EfficientNet-Lite0 (4.652 M)."""
    blocks = {"block": "inverted", "strides": (1, 2, 2, 2, 1, 2, 1), "activation": "relu6"}
    filters, counts = (16, 24, 32, 64, 96, 160, 320), (1, 2, 3, 4, 3, 3, 1)
    mobile = zoo.CNN((32, 32, 3), 10, filters=filters, blocks=counts, stem_stride=2, **blocks)
    theirs = keras.applications.MobileNetV2((32, 32, 3), weights=None, classes=10)
    assert count_parameters(mobile) == theirs.count_params()
    shapes = [tuple(weight.shape) for weight in mobile.trainable_weights]
    assert shapes == [tuple(weight.shape) for weight in theirs.trainable_weights]

    filters, counts = (16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 3, 3, 4, 1)
    sides = (3, 3, 5, 3, 5, 5, 3)
    lite = zoo.CNN((32, 32, 3), 1000, filters=filters, blocks=counts, kernels=sides, **blocks)
    assert sum(math.prod(weight.shape) for weight in lite.trainable_weights) == 4_652_008


@pytest.mark.parametrize(
    ("shape", "patch", "tokens"),
    [((8, 8, 1), 2, 16), ((28, 28, 1), 4, 49), ((32, 32, 3), 4, 64), ((96, 96, 3), 12, 64)],
)
def test_default_patch_size(shape: tuple[int, ...], patch: int, tokens: int) -> None:
    assert default_patch_size(shape) == patch
    position = zoo.create_model("vit_tiny", shape, 2).get_layer("position")
    assert math.prod(position.grid) == tokens


@pytest.mark.parametrize(
    ("shape", "layers", "grid"),
    [
        ((8, 8, 1), 1, (4, 4)),
        ((28, 28, 1), 2, (7, 7)),
        ((32, 32, 3), 2, (8, 8)),
        ((96, 64, 3), 3, (12, 8)),
    ],
)
def test_default_convolutional_stem(
    shape: tuple[int, ...], layers: int, grid: tuple[int, int]
) -> None:
    assert default_stem_layers(shape) == layers
    model = zoo.create_model("vit_cct_tiny", shape, 2)
    assert model.get_layer("position").grid == grid
