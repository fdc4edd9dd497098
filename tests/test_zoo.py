"""Presets, shapes and arguments: names, near matches, and messages."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from keras.ops import convert_to_numpy

import zoo
from zoo.backends import require_backend
from zoo.layers import Standardize
from zoo.presets import PRESETS
from zoo.run import as_json
from zoo.vit import default_patch_size


def test_list_models() -> None:
    assert zoo.list_models() == list(PRESETS)
    assert zoo.list_models("vit*") == [
        "vit_tiny",
        "vit_small",
        "vit_small_sigmoid",
        "vit_base",
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
        ("cnn_tiny", SEQUENCE, 3, {}, r"grey images need a channel: x.reshape\(-1, 8, 3, 1\)"),
        ("cnn_tiny", TABLE, 3, {}, r"these are table rows .features,. of shape \(4,\). Use mlp_\*"),
        ("gru_tiny", IMAGE, 3, {}, r"GRU takes sequences .* Use cnn_\* or vit_\* or mlp_\*"),
        ("mlp_tiny", (), 3, {}, "fits no family. Expected the shape of one row"),
        ("mlp_tiny", (0,), 3, {}, "fits no family"),
        ("mlp_tiny", TABLE, 0, {}, "num_outputs must be an integer of at least 1; got 0"),
        ("mlp_tiny", TABLE, 3, {"units": 0}, "units must be an integer of at least 1; got 0"),
        ("mlp_tiny", TABLE, 3, {"units": 10**11}, "units must be at most 16384; got 1000"),
        ("mlp_tiny", TABLE, 3, {"units": 1.5}, "units must be an integer of at least 1; got 1.5"),
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


def test_mlperf_tiny_parameter_count() -> None:
    """ResNet-8 of mlcommons/tiny has 78,666; ours adds scale and offset of three channels."""
    assert zoo.CNN((32, 32, 3), 10).count_params() == 78_666 + 6
    keywords = zoo.create_model("cnn_depthwise_small", (49, 10, 1), 12)
    assert keywords.count_params() == 24_908 + 2


@pytest.mark.parametrize(
    ("shape", "patch", "tokens"),
    [((8, 8, 1), 2, 16), ((28, 28, 1), 4, 49), ((32, 32, 3), 4, 64), ((96, 96, 3), 12, 64)],
)
def test_default_patch_size(shape: tuple[int, ...], patch: int, tokens: int) -> None:
    assert default_patch_size(shape) == patch
    position = zoo.create_model("vit_tiny", shape, 2).get_layer("position")
    assert position.embedding.shape[0] == tokens


def test_patches_are_the_image_cut_into_squares() -> None:
    import keras

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
    from zoo.layers import LayerNormalization, SelfAttention

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
