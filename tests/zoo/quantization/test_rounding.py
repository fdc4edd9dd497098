"""Weights of a twin rounded for what goes through them, and biases corrected."""

from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from tests.helpers.instances import data_of, fill_weights, filled, rows, smooth
from zoo.models.lite import hand_made
from zoo.quantization import Twin, calibrate, make_twin, quantize
from zoo.quantization.calibration import predict
from zoo.quantization.errors import relative_error
from zoo.quantization.layers.arithmetic import Int8
from zoo.quantization.layers.gru import Recurrence
from zoo.quantization.layers.lookup import Threshold
from zoo.quantization.rounding import refine, round_for

PICTURE = (9, 8, 4)


def correlated(count: int, inputs: int, seed: int = 0) -> np.ndarray:
    """Return rows whose inputs go together, as the steps of a smooth sequence do."""
    steps = np.random.default_rng(seed).normal(size=(count, inputs))
    return np.asarray(np.cumsum(steps, axis=1))


def in_steps(inputs: int, outputs: int, groups: int = 1) -> np.ndarray:
    kernel = np.random.default_rng(1).uniform(-127, 127, (groups, inputs, outputs))
    kernel[:, 0] = 127
    return kernel


def cost(kernel: np.ndarray, found: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return the squared error of each output, (groups, outputs)."""
    error = found - kernel
    return np.asarray(np.einsum("gio,gij,gjo->go", error, covariance, error))


def test_roundings_are_the_best_of_their_neighbours() -> None:
    kernel = in_steps(5, 3, groups=2)
    covariance = np.stack([np.cov(correlated(400, 5, seed).T) for seed in range(2)])
    found = round_for(kernel, covariance)
    variance = np.trace(covariance, axis1=1, axis2=2)[:, None, None] / 5
    damped = covariance + 0.01 * variance * np.eye(5)
    assert (found == np.rint(found)).all()
    assert np.abs(found).max() == 127
    assert (found[:, 0] == 127).all()  # the scale follows from it
    least = cost(kernel, found, damped)
    assert (least <= cost(kernel, np.rint(kernel), damped)).all()
    for i, change in product(range(1, 5), (-1, 1)):
        other = found.copy()
        other[:, i] += change
        assert (cost(kernel, other, damped) >= least - 1e-9).all()


def test_roundings_are_as_good_as_all_tried() -> None:
    kernel = in_steps(4, 6)
    covariance = np.cov(correlated(400, 4).T)[None]
    found = cost(kernel, round_for(kernel, covariance), covariance)
    every = np.stack(list(product((-1, 0, 1), repeat=3)))  # around the nearest of three
    tried = np.rint(kernel) + np.pad(every, [(0, 0), (1, 0)])[..., None]
    error = tried - kernel
    best = np.einsum("nio,ij,njo->no", error, covariance[0], error).min(axis=0)
    nearest = cost(kernel, np.rint(kernel), covariance)
    assert best.sum() <= found.sum() < 1.15 * best.sum()
    assert found.sum() < 0.6 * nearest.sum()


@pytest.mark.parametrize("inputs", [3, 40])
def test_what_no_row_tells_apart_is_rounded_to_the_nearest(inputs: int) -> None:
    kernel = in_steps(inputs, 4)
    np.testing.assert_array_equal(round_for(kernel, np.zeros((1, inputs, inputs))), np.rint(kernel))
    np.testing.assert_array_equal(round_for(kernel, np.eye(inputs)[None]), np.rint(kernel))


CONVOLUTIONS: dict[str, Any] = {
    "conv": layers.Conv2D(5, (3, 2), padding="same"),
    "strides": layers.Conv2D(5, (4, 3), strides=(2, 3), padding="same"),
    "valid": layers.Conv2D(5, (3, 2), strides=2),
    "dilated": layers.Conv2D(5, 3, dilation_rate=2, padding="same"),
    "pointwise": layers.Conv2D(5, 1),
    "depthwise": layers.DepthwiseConv2D((3, 2), padding="same", depth_multiplier=2),
    "depthwise strides": layers.DepthwiseConv2D(3, strides=2, padding="same"),
    "depthwise dilated": layers.DepthwiseConv2D(3, dilation_rate=2),
    "dense": layers.Dense(5),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_one_layer(name: str) -> None:
    """Its mean output is the float one's; with what goes together its error is much smaller."""
    layer = type(CONVOLUTIONS[name]).from_config(CONVOLUTIONS[name].get_config())
    model = fill_weights(keras.Sequential([keras.Input(PICTURE), layer]))
    x = smooth(64, PICTURE)
    exact = model.predict(x, verbose=0)
    twin = make_twin(model)
    calibrate(twin, x)
    for part in twin.parts:  # so that weights alone are rounded
        part.output_range.set(-1e4, 1e4)
    plain = weights_rounded(twin, x) - exact
    refine(twin, x)
    refined = weights_rounded(twin, x) - exact
    tolerance = 1e-3 * exact.std() + np.abs(plain).mean() * 0.01
    assert np.abs(refined.mean(axis=(0, 1, 2))).max() < tolerance
    many = np.prod(twin.parts[0].kernel.shape[:-1]) >= 24  # of which some make up for others
    bound = 0.6 if many and not name.startswith("depthwise") else 1.0
    assert np.sqrt(np.mean(refined**2)) < bound * np.sqrt(np.mean(plain**2))


def test_hand_made_filters_keep_their_zero_sum() -> None:
    """LITE's peaks, rounded to the nearest, answer to the level of a sequence, not to its shape."""
    model = keras.Sequential(
        [keras.Input((1, 200, 1)), layers.Conv2D(17, (1, 96), padding="same", use_bias=False)]
    )
    patterns = hand_made((2, 4, 8, 16, 32, 64))
    model.layers[0].set_weights([patterns[None, :, None].astype(np.float32)])
    x = np.cumsum(np.random.default_rng(0).normal(size=(64, 1, 200, 1)), axis=2).astype(np.float32)
    twin = make_twin(model)
    calibrate(twin, x[:32])
    exact = model.predict(x[32:], verbose=0)
    plain = weights_rounded(twin, x[32:]) - exact
    refine(twin, x[:32])
    refined = weights_rounded(twin, x[32:]) - exact
    assert np.sqrt(np.mean(refined**2)) < 0.3 * np.sqrt(np.mean(plain**2))


class WeightsOnly(Int8):
    """Int8 whose activations are not rounded."""

    def activation(self, where: Any, x: Any) -> Any:
        return x


def weights_rounded(twin: Twin, x: np.ndarray) -> np.ndarray:
    found = twin.run(keras.ops.convert_to_tensor(x), WeightsOnly())
    return np.asarray(keras.ops.convert_to_numpy(found))


def test_a_kernel_that_is_too_large_is_rounded_to_the_nearest() -> None:
    """A matrix of inputs by inputs would not fit in memory; the bias is shifted all the same."""
    model = fill_weights(
        keras.Sequential([keras.Input((50, 50, 4)), layers.Flatten(), layers.Dense(3)])
    )
    x = smooth(24, (50, 50, 4))
    twin = make_twin(model)
    calibrate(twin, x)
    part = next(one for one in twin.parts if hasattr(one, "kernel"))
    before, bias = part.get_weights()[:2]
    refine(twin, x)
    after, shifted = part.get_weights()[:2]
    step = np.abs(before).max(axis=0) / 127
    np.testing.assert_allclose(after, np.rint(before / step) * step, rtol=1e-4, atol=1e-7)
    assert (bias != shifted).all()


SEQUENCES = ["lite_tiny", "lite_small", "inception_tiny", "transformer_tiny"]
PICTURES = ["cnn_tiny", "cnn_depthwise_small", "cnn_efficient_tiny", "vit_cct_tiny"]


@pytest.mark.parametrize("name", [*SEQUENCES, *PICTURES])
def test_outputs_come_nearer_on_rows_not_seen(name: str) -> None:
    """Nearer than with ranges alone, or as near."""
    shape = (48, 3) if name in SEQUENCES else (12, 10, 1)
    model = fill_weights(zoo.create_model(name, shape, 3))
    x = smooth(288, shape)
    data = data_of(x[:256], np.arange(256) % 3)
    unseen, expected = x[256:], model.predict(x[256:], verbose=0)
    found = quantize(model, data)
    plain = make_twin(model, found.twin.host)
    calibrate(plain, found.rows.fed())
    errors = [
        relative_error(predict(twin, found.rows.fed(unseen), Int8()), expected)
        for twin in (plain, found.twin)
    ]
    assert errors[1] < 1.1 * errors[0]


def test_int8_leaves_the_chosen_roundings_alone() -> None:
    """So does the converter, which rounds by the same rules: the largest weight sets the step."""
    model, x = filled("lite_tiny"), rows("lite_tiny", 64)
    twin = quantize(model, data_of(x, np.arange(64) % 10)).twin
    kernels = [part for part in twin.parts if hasattr(part, "kernel")]
    assert len(kernels) > 4
    for part in kernels:
        kernel, _ = Int8().weights(part, None)
        found, rounded = (keras.ops.convert_to_numpy(one) for one in (part.kernel, kernel))
        np.testing.assert_allclose(rounded, found, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["gru_tiny", "gru_lstm_tiny", "text_gru_tiny"])
def test_recurrences_and_thresholds_stay(name: str) -> None:
    model, x = filled(name), rows(name, 64)
    twin = make_twin(model)
    calibrate(twin, x)
    kept = [part for part in twin.parts if isinstance(part, Recurrence | Threshold)]
    before = [weight for part in kept for weight in part.get_weights()]
    head = twin.parts[-1].get_weights()
    refine(twin, x)
    after = [weight for part in kept for weight in part.get_weights()]
    assert len(before) > 4
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert any((a != b).any() for a, b in zip(head, twin.parts[-1].get_weights(), strict=True))


@pytest.mark.parametrize("addend", [100.0, np.nan])
def test_roundings_that_do_not_help_are_taken_back(
    addend: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(twin: Twin, rows: np.ndarray) -> None:
        twin.parts[-1].bias.assign(twin.parts[-1].bias + addend)

    model, x = filled("mlp_tiny"), rows("mlp_tiny", 64)
    monkeypatch.setattr("zoo.quantization.calibration.refine", spoil)
    found = quantize(model, data_of(x, np.arange(64) % 2))
    assert not found.errors["refined"] < 10 * found.errors[found.clip]
    expected = model.predict(x, verbose=0)
    assert relative_error(predict(found.twin, found.rows.fed(x), Int8()), expected) < 0.1
