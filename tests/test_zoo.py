"""Presets, shapes and arguments: names, near matches, and messages."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

import zoo
from tests.instances import fill_weights
from zoo.backends import require_backend
from zoo.files import as_json
from zoo.layers import Standardize, count_parameters, drop_path_layer
from zoo.presets import PRESETS, reference
from zoo.run import load_weights, save_weights
from zoo.tokens import PositionEmbedding, SequencePooling, resize_positions
from zoo.vit import default_patch_size, default_stem_layers


def test_list_models() -> None:
    assert zoo.list_models() == list(PRESETS)
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
        ("zzz", IMAGE, 3, {}, "no preset 'zzz'. Known: cnn_base"),
        ("vit_tiny", IMAGE, 3, {"widht": 8}, "has no argument 'widht'. Did you mean 'width'"),
        (
            "mlp_tiny",
            SEQUENCE,
            3,
            {},
            r"MLP takes table rows .*, but these are sequences .* Use gru_\*",
        ),
        ("vit_tiny", SEQUENCE, 3, {}, r"grey images need a channel: x.reshape\(-1, 8, 3, 1\)"),
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


def test_patches_are_the_image_cut_into_squares() -> None:
    from zoo.vit import _patches

    image = np.arange(5 * 4 * 2, dtype=np.float32).reshape(1, 5, 4, 2)
    inputs = keras.Input((5, 4, 2))
    cut = np.asarray(keras.Model(inputs, _patches(inputs, 2)).predict(image, verbose=0))
    padded = np.pad(image, ((0, 0), (0, 1), (0, 0), (0, 0)))[0]
    for token in range(6):
        row, column = divmod(token, 2)
        square = padded[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        np.testing.assert_array_equal(cut[0, token], square.ravel())


def test_standardize_against_numpy_with_a_constant_feature() -> None:
    rows = np.random.default_rng(0).normal([5, 1000, 3], [2, 400, 0], (50, 3)).astype(np.float32)
    layer = Standardize()
    layer.build((None, 3))
    layer.adapt(rows)
    standardized = np.asarray(layer(rows))
    np.testing.assert_allclose(standardized.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(standardized.std(axis=0), [1, 1, 0], atol=1e-5)
    np.testing.assert_allclose(
        np.asarray(layer(rows + np.float32([0, 0, 0.5])))[:, 2], 0.5, atol=1e-5
    )


def test_attention_and_norm_against_numpy() -> None:
    from zoo.layers import LayerNormalization
    from zoo.tokens import SelfAttention

    x = np.random.default_rng(0).normal(size=(2, 5, 6)).astype(np.float32)
    norm = LayerNormalization()
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + norm.EPSILON)
    np.testing.assert_allclose(convert_to_numpy(norm(x)), expected, atol=1e-5)

    attention = SelfAttention(2)
    got = convert_to_numpy(attention(x))
    query, key, value, project = (
        [convert_to_numpy(weight) for weight in dense.weights]
        for dense in (attention.query, attention.key, attention.value, attention.project)
    )
    heads = []
    for part in (slice(0, 3), slice(3, 6)):
        q, k, v = ((x @ w + b)[..., part] for w, b in (query, key, value))
        scores = np.exp(q @ k.transpose(0, 2, 1))
        heads.append(scores / scores.sum(-1, keepdims=True) @ v)
    expected = np.concatenate(heads, axis=-1) @ project[0] + project[1]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_sequence_pooling_against_numpy() -> None:
    x = np.random.default_rng(0).normal(size=(3, 7, 5)).astype(np.float32)
    pool = SequencePooling()
    got = convert_to_numpy(pool(x))
    kernel, bias = (convert_to_numpy(weight) for weight in pool.score.weights)
    scores = np.exp((x @ kernel + bias)[..., 0])
    expected = np.einsum("bt,btw->bw", scores / scores.sum(axis=1, keepdims=True), x)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_drop_path_leaves_out_whole_rows() -> None:
    x = np.ones((400, 3, 2), np.float32)
    inputs = keras.Input((3, 2))
    model = keras.Model(inputs, drop_path_layer(inputs, 0.25))
    dropped = convert_to_numpy(model(x, training=True)).reshape(400, -1)
    assert (dropped == dropped[:, :1]).all()
    np.testing.assert_allclose(np.unique(dropped), [0, 4 / 3], rtol=1e-6)
    assert (dropped[:, 0] == 0).mean() == pytest.approx(0.25, abs=0.08)
    np.testing.assert_array_equal(convert_to_numpy(model(x, training=False)), x)
    assert drop_path_layer(inputs, 0.0) is inputs


def centres(old: int, new: int) -> np.ndarray:
    """Return where the centres of `new` cells lie among those of `old`, at most at the ends."""
    return np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)


@pytest.mark.parametrize("grid", [(6, 4), (4, 4), (3, 5), (2, 2)])
def test_positions_of_another_image_size(grid: tuple[int, int], tmp_path: Path) -> None:
    """Interpolation along rows, then along columns; the same grid is left as it is."""
    small = fill_weights(zoo.create_model("vit_tiny", (8, 8, 1), 3))
    save_weights(small, tmp_path / "weights.h5")
    other = zoo.create_model("vit_tiny", (2 * grid[0], 2 * grid[1], 1), 3, patch_size=2)
    load_weights(other, tmp_path / "weights.h5")
    before, after = (
        convert_to_numpy(model.get_layer("position").embedding) for model in (small, other)
    )
    expected = before
    for axis, wanted in enumerate(grid):
        where = centres(4, wanted)
        low = np.minimum(where.astype(int), 2)
        share = (where - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        expected = np.take(expected, low, axis) * (1 - share) + share * np.take(
            expected, low + 1, axis
        )
    assert after.shape == (*grid, 12)
    np.testing.assert_allclose(after, expected, atol=1e-6)
    if grid == (4, 4):
        np.testing.assert_array_equal(after, before)
    pairs = zip(small.get_weights(), other.get_weights(), strict=True)
    assert sum(not np.array_equal(a, b) for a, b in pairs) == (grid != (4, 4))


def test_positions_of_a_line_and_of_older_files() -> None:
    ramp = np.arange(12, dtype=np.float32).reshape(4, 3)
    expected = ramp[:1] + 3 * centres(4, 8)[:, None]
    np.testing.assert_allclose(resize_positions(ramp, (8,)), expected, atol=1e-5)
    layer = PositionEmbedding((2, 2))
    layer.build((None, 4, 3))
    layer.load_own_variables({"0": ramp})  # flat until 0.3
    np.testing.assert_array_equal(convert_to_numpy(layer.embedding).reshape(4, 3), ramp)
    with pytest.raises(ValueError, match="shape"):
        layer.load_own_variables({"0": np.zeros((3, 3, 7), np.float32)})


def test_backend_must_be_known_and_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jaxx")
    with pytest.raises(
        zoo.UserError, match="KERAS_BACKEND='jaxx' is not known. Did you mean 'jax'"
    ):
        require_backend()
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(zoo.UserError, match=r"not installed. .*pip install 'pocketzoo\[torch\]'"):
        require_backend()
    monkeypatch.delenv("KERAS_BACKEND")
    require_backend()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_import_brings_no_tensorflow_on_other_backends(backend: str) -> None:
    code = "import sys, zoo; sys.exit('tensorflow' in sys.modules)"
    environment = os.environ | {"KERAS_BACKEND": backend}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


def test_legacy_keras_stays_out_of_the_process() -> None:
    code = (
        "import os, sys, zoo, tuning, export, pocketzoo.cli;"
        "sys.exit(bool({'tf_keras', 'tensorflow_model_optimization'} & set(sys.modules)"
        " or os.environ.get('TF_USE_LEGACY_KERAS')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"value": float("nan")})
