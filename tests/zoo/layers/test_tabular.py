"""The layers of tables: bins, what int8 leaves of them, members."""

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.instances import data_of
from tuning import Recipe, fit
from zoo.layers.inputs import Standardize
from zoo.layers.tables import MemberMean, Members, PiecewiseLinear
from zoo.quantization import make_twin, quantize
from zoo.quantization.calibration import predict
from zoo.quantization.hosts import affine_of
from zoo.quantization.layers.affine import Host
from zoo.quantization.layers.arithmetic import Int8
from zoo.quantization.layers.products import Dense
from zoo.quantization.rows import choose_rows

convert = keras.ops.convert_to_numpy


def adapted(rows: np.ndarray, bins: int) -> PiecewiseLinear:
    layer = PiecewiseLinear(bins)
    layer.build((None, rows.shape[1]))
    layer.adapt(rows)
    return layer


def test_encoding_against_the_papers_equation() -> None:
    rows = np.random.default_rng(0).uniform(-1, 1, (500, 3)).astype(np.float32)
    layer = adapted(rows, 4)
    edges = np.rint(np.quantile(rows.astype("float64"), np.linspace(0, 1, 5), axis=0) * 64) / 64
    expected = np.clip((rows[:, :, None] - edges[:-1].T) / np.diff(edges, axis=0).T, 0, 1)
    np.testing.assert_allclose(convert(layer(rows)), expected.reshape(500, 12), atol=1e-5)


@pytest.mark.parametrize(
    ("column", "used"),
    [
        ([0.0, 0.0, 0.0, 0.0], 0),
        ([-1.0, 1.0, 1.0, 1.0], 1),
        ([-1.0, 0.0, 0.5, 1.0], 3),
        ([-1.0, 0.001, 0.002, 1.0], 2),  # nearer than int8 can tell
        (np.linspace(-1, 1, 50), 8),
        ([-9.0, 0.0, 9.0], 2),
    ],
)
def test_values_that_are_fewer_than_bins(column: object, used: int) -> None:
    rows = np.asarray(column, np.float32)[:, None]
    layer = adapted(rows, 8)
    slope, encoded = convert(layer.slope)[0], convert(layer(rows))
    assert (slope > 0).sum() == used
    assert (encoded[:, used:] == 0).all()
    ends = encoded[[rows.argmin(), rows.argmax()]][:, :used]
    np.testing.assert_allclose(ends, [[0] * used, [1] * used], atol=1e-5)


def test_robust_scale_ends_at_outliers() -> None:
    rng = np.random.default_rng(0)
    rows = np.stack(
        [
            rng.normal(5, 2, 2000),
            np.exp(rng.normal(0, 3, 2000)),
            rng.integers(0, 2, 2000),
            rng.random(2000) < 0.002,
            np.full(2000, 7.0),
        ],
        axis=1,
    )
    rows[0, 0] = 1e6
    layer = Standardize(robust=True)
    layer.build((None, 5))
    layer.adapt(rows.astype(np.float32))
    scaled = convert(layer(rows.astype(np.float32)))
    assert scaled[0, 0] > 1000
    assert (np.abs(scaled[:, 0]) <= 1).mean() > 0.98
    assert 0.2 < scaled[1:, 0].std() < 0.5
    quarters = np.diff(np.percentile(scaled[:, 1], [25, 75]))
    assert quarters > 2 / 13  # half of the rows are not lost in one step of 1/127
    for binary in scaled.T[2:4]:
        np.testing.assert_allclose(np.unique(binary), [-1, 1], atol=1e-6)
    np.testing.assert_allclose(scaled[:, 4], 0)


def trained(x: np.ndarray, y: np.ndarray) -> tuple[keras.Model, zoo.Data]:
    data = data_of(x.astype(np.float32), y)
    model = zoo.create_model("mlp_ple_tiny", x.shape[1:], 2)
    fit(model, data, Recipe(epochs=20, learning_rate=1e-2))
    return model, data


def test_a_threshold_among_outliers_survives_int8() -> None:
    """Of a feature whose largest value is a thousand times the rest, int8 still sees the rest."""
    x = np.random.default_rng(0).lognormal(0, 1, (400, 3))
    y = (x[:, 0] > 0.7).astype(np.int64)
    x[7] = 5000.0
    model, data = trained(x, y)
    found = quantize(model, data)
    assert found.rows.host is not None
    assert found.rows.host.layer == "standardize"
    assert found.twin.input_range.fixed == (-1, 1)
    exact = model.predict(data.x_train, verbose=0)
    rounded = predict(found.twin, found.rows.fed(data.x_train), Int8())
    assert (exact.argmax(axis=1) == y).mean() > 0.97
    assert (rounded.argmax(axis=1) == exact.argmax(axis=1)).mean() > 0.98


def test_pixels_need_no_host() -> None:
    x = np.random.default_rng(0).integers(0, 17, (400, 3))
    model, data = trained(x, (x[:, 0] > 8).astype(np.int64))
    assert choose_rows(model, data, 64, 0).host is None
    found = quantize(model, data)
    assert found.twin.input_range.fixed is None
    exact = model.predict(data.x_train, verbose=0)
    rounded = predict(found.twin, data.x_train, Int8())
    assert (rounded.argmax(axis=1) == exact.argmax(axis=1)).mean() > 0.99


def test_the_encoding_is_one_layer_of_the_twin() -> None:
    model, _ = trained(np.random.default_rng(0).normal(size=(64, 3)), np.arange(64) % 2)
    for first in (None, affine_of(model.get_layer("standardize"))):
        parts = make_twin(model, Host.of(first, None)).parts
        assert [type(part) for part in parts] == [Dense] * 3
        assert parts[0].activation == "relu6"


def test_members_answer_alone_in_training_and_together_after() -> None:
    """What a head sums over the members is the mean of what it says of one in training."""
    x = np.random.default_rng(0).normal(size=(600, 5)).astype(np.float32)
    views, mean = Members(4), MemberMean()
    views.build((None, 5))
    signs = convert(views.gamma)
    assert {*np.unique(signs)} == {-1.0, 1.0}
    seen = convert(views(x))
    np.testing.assert_allclose(seen, x[:, None] * signs, atol=1e-6)
    np.testing.assert_allclose(convert(mean(seen)), seen / 4, atol=1e-6)
    alone = convert(mean(seen, training=True))
    of = np.abs(alone).max(axis=2) > 0
    assert (of.sum(axis=1) == 1).all()
    assert (np.abs(of.mean(axis=0) - 0.25) < 0.08).all()
    np.testing.assert_allclose(alone[of], seen[of])
