"""Layers that Keras lacks, against NumPy."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

import zoo
from tests.helpers.instances import fill_weights
from zoo.layers.inputs import Standardize, drop_path_layer
from zoo.layers.tokens import PositionEmbedding, SequencePooling, resize_positions
from zoo.run import load_weights, save_weights


def test_patches_are_the_image_cut_into_squares() -> None:
    from zoo.models.vit import _patches

    image = np.arange(5 * 4 * 2, dtype=np.float32).reshape(1, 5, 4, 2)
    inputs = keras.Input((5, 4, 2))
    cut = np.asarray(keras.Model(inputs, _patches(inputs, 2)).predict(image, verbose=0))
    padded = np.pad(image, ((0, 0), (0, 1), (0, 0), (0, 0)))[0]
    for token in range(6):
        row, column = divmod(token, 2)
        square = padded[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        np.testing.assert_array_equal(cut[0, token], square.ravel())


@pytest.mark.parametrize("at_once", [10, 1000])
def test_standardize_against_numpy_with_a_constant_feature(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("zoo.layers.inputs.WHOLE", at_once)
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
    from zoo.layers.inputs import LayerNormalization
    from zoo.layers.tokens import SelfAttention

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
