"""Calibration rows, host scaling, and ranges."""

from pathlib import Path

import keras
import numpy as np
import pytest

import export
import zoo
from export.runtimes.litert import load, predict
from export.tflite.scaling import Scaling
from tests.helpers.instances import data_of, fill, filled, rows
from tuning import Recipe, fit
from zoo.layers.inputs import Standardize
from zoo.quantization import calibrate, make_twin, quantize
from zoo.quantization.calibration import predict as logits
from zoo.quantization.clipping import CLIPS
from zoo.quantization.layers.arithmetic import Exact, Int8
from zoo.quantization.layers.ranges import Range
from zoo.quantization.noise import layer_noise
from zoo.quantization.rows import calibration_indices, is_coarse


@pytest.fixture(scope="module")
def cancer() -> zoo.Data:
    return zoo.load_data("breast_cancer")


def test_calibration_rows_are_even_over_classes_and_repeat(digits: zoo.Data) -> None:
    indices = calibration_indices(digits, 100, seed=0)
    assert list(np.bincount(digits.y_train[indices])) == [10] * 10
    assert (np.diff(indices) > 0).all()
    np.testing.assert_array_equal(indices, calibration_indices(digits, 100, seed=0))
    assert not np.array_equal(indices, calibration_indices(digits, 100, seed=1))
    assert len(calibration_indices(digits, 10**6, seed=0)) == len(digits.x_train)


def test_calibration_keeps_a_rare_class() -> None:
    data = data_of(rows("mlp_tiny", 100), np.r_[np.zeros(97, int), [1, 1, 1]])
    chosen = data.y_train[calibration_indices(data, 10, seed=0)]
    assert list(np.bincount(chosen)) == [7, 3]


def test_coarse_inputs_are_told_from_fine_ones(digits: zoo.Data, cancer: zoo.Data) -> None:
    assert is_coarse(cancer.x_train)
    assert not is_coarse(digits.x_train)
    assert not is_coarse(np.zeros((4, 3)))
    assert is_coarse(np.array([[0.0, 2000.0], [1.0, 2005.0]]))


def test_a_feature_that_is_nearly_always_the_same_does_not_blur_the_rest() -> None:
    """Its large scale would be taken in by a kernel, where it leaves the others no steps."""
    rare = np.zeros((400, 8, 3), np.float32)
    rare[:, :, 1:] = np.random.default_rng(0).integers(0, 17, (400, 8, 2))
    rare[399, 0, 0] = 3
    head = Standardize()
    head.build(rare.shape)
    head.adapt(rare)
    assert not is_coarse(rare[:399])
    assert is_coarse(rare[:399], head)
    head.adapt(rare[:399])
    assert not is_coarse(rare[:399], head)  # constant in all rows


def test_host_scaling_rescues_a_table_of_mixed_units(cancer: zoo.Data, tmp_path: Path) -> None:
    """With one scale for all 30 features most of them would be a constant."""
    keras.utils.set_random_seed(0)
    model = zoo.create_model("mlp_tiny", cancer.input_shape, 2)
    fit(model, cancer, Recipe(epochs=30))
    result = export.to_litert(model, data=cancer, directory=tmp_path)
    assert result.scaling is not None
    assert len(result.scaling.scale) == 30
    report = export.verify(result, cancer)
    assert report.passed, report.failures()
    assert report.int8_estimate.value > 0.93
    x = cancer.x_train[:50]
    of_float = predict(load(result.float_file), x)
    of_int8 = predict(load(result.int8_file), x, result.scaling)
    assert np.abs(of_float - of_int8).max() < 0.15 * np.abs(of_float).max()


def test_quantize_formula() -> None:
    scaling = Scaling((0.5, 10.0), (0.0, -100.0))
    got = scaling.quantize(np.array([[1.3, 250.0], [1e9, -1e9]]))
    np.testing.assert_array_equal(got, [[3, -75], [127, -128]])


@pytest.mark.parametrize(
    ("rows_", "change", "message"),
    [
        (10, None, "rows has 10 training rows; calibration needs at least 16"),
        (40, np.nan, "calibration rows of rows hold NaN or infinite values; clean x_train"),
        (40, np.inf, "hold NaN or infinite values"),
    ],
)
def test_rows_that_cannot_calibrate(rows_: int, change: float | None, message: str) -> None:
    x = rows("mlp_tiny", rows_)
    if change is not None:
        x[3, 4] = change
    with pytest.raises(zoo.UserError, match=message):
        quantize(filled("mlp_tiny"), data_of(x, np.arange(rows_) % 2))


def test_constant_features_and_dead_units_leave_as_integers(tmp_path: Path) -> None:
    model, x = fill("mlp_tiny"), rows("mlp_tiny", 40)
    x[:, 5] = 7.0  # constant
    dense = model.layers[2]
    kernel = dense.get_weights()[0]
    kernel[:, 3] = 0.0  # a unit that is always the same
    dense.set_weights([kernel])
    data = data_of(x, np.arange(40) % 2)
    result = export.to_litert(model, data=data, directory=tmp_path)
    assert result.int8_audit is not None
    assert result.int8_audit.integer_only
    of_int8 = predict(load(result.int8_file), x, result.scaling)
    expected = model.predict(x, verbose=0)
    assert np.abs(of_int8 - expected).max() < 0.1 * np.abs(expected).max()


def test_the_clipping_with_the_nearest_logits_stays() -> None:
    twin, x = make_twin(filled("cnn_tiny")), rows("cnn_tiny", 64)
    clip, errors = calibrate(twin, x)
    assert set(errors) == set(CLIPS)
    assert errors[clip] == min(errors.values())
    exact, rounded = logits(twin, x, Exact()), logits(twin, x, Int8())
    error = np.sqrt(np.mean((rounded - exact) ** 2)) / exact.std()
    assert error == pytest.approx(errors[clip], rel=1e-5)


def test_each_range_gets_a_clipping_where_none_is_good_for_all() -> None:
    """A loud row spoils the input's whole range; a cut spoils the outputs', which it makes."""
    x = rows("gru_tiny", 64)
    x[3] *= 60
    twin = make_twin(filled("gru_tiny"))
    clip, errors = calibrate(twin, x)
    assert set(errors) == {*CLIPS, "each"}
    assert clip == "each"
    assert errors["each"] < min(errors[name] for name in CLIPS)
    exact, rounded = logits(twin, x, Exact()), logits(twin, x, Int8())
    error = np.sqrt(np.mean((rounded - exact) ** 2)) / exact.std()
    assert error == pytest.approx(errors["each"], rel=1e-5)


@pytest.mark.parametrize("draw", ["normal", "laplace", "exponential"])
def test_least_squares_has_the_least_error(draw: str) -> None:
    values = getattr(np.random.default_rng(0), draw)(size=200_000).astype(np.float32)

    def error(low: float, high: float) -> float:
        low, high = min(low, 0.0), max(high, 0.0)
        step = (high - low) / 255
        rounded = np.clip(np.rint(values / step) * step, low, high)
        return float(np.mean((rounded - values) ** 2))

    errors = {name: error(*clip(values)) for name, clip in CLIPS.items()}
    assert errors["least_squares"] == min(errors.values())
    assert errors["least_squares"] < errors["whole"]
    assert CLIPS["percentile"](values)[1] == np.percentile(values, 99.9)


def test_ranges_hold_zero_keep_limits_and_symmetry() -> None:
    for arguments, given, expected in (
        ({}, (1.0, 2.0), (0.0, 2.0)),
        ({}, (-3.0, -1.0), (-3.0, 0.0)),
        ({"limit": 8.0}, (-20.0, 5.0), (-8.0, 5.0)),
        ({"narrow": True}, (-1.0, 3.0), (-3.0, 3.0)),
        ({}, (0.0, 0.0), (0.0, 1.0)),
        ({}, (-1.0, 1.0), (-128 / 127, 1.0)),  # zero and both ends are numbers of the grid
        ({}, (-3.0, 7.0), (-3 - 10 / 254, 7.0)),
    ):
        where = Range("r", **arguments)  # type: ignore[arg-type]
        where.set(*given)
        assert (float(where.low), float(where.high)) == pytest.approx(expected)


def test_pixels_stay_on_their_grid_where_each_range_is_clipped_by_itself() -> None:
    x = np.random.default_rng(0).integers(0, 201, (64, 8, 8, 1)).astype(np.float32)
    twin = make_twin(filled("cnn_tiny"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zoo.quantization.calibration.NEAR", 0.0)
        _, errors = calibrate(twin, x)
    assert "each" in errors
    assert float(twin.input_range.high) == 255.0


def test_layer_noise_names_the_layer_with_a_bad_range() -> None:
    model, x = filled("cnn_tiny"), rows("cnn_tiny", 32)
    quantized = quantize(model, data_of(x, np.arange(32) % 10))
    before = layer_noise(model, quantized, x)
    assert min(before.values()) > 20
    part = quantized.twin.parts[3]
    part.output_range.set(-1000.0, 1000.0)
    noisy = layer_noise(model, quantized, x)
    first_worse = next(name for name in noisy if noisy[name] < before[name] - 3)
    assert first_worse == part.output_range.name


def test_layer_noise_counts_what_training_did_to_the_weights() -> None:
    """The error is that to the float model, not to the twin's own weights without rounding."""
    model, x = filled("cnn_tiny"), rows("cnn_tiny", 32)
    quantized = quantize(model, data_of(x, np.arange(32) % 10))
    before = layer_noise(model, quantized, x)
    part = next(one for one in quantized.twin.parts if hasattr(one, "kernel"))
    part.kernel.assign(part.kernel * 1.3)
    noisy = layer_noise(model, quantized, x)
    assert noisy["input"] == before["input"]
    assert noisy[part.output_range.name] < before[part.output_range.name] - 10
