"""The record of int8: its bounds, types and file names."""

import numpy as np
import pytest

from zoo.quantization.layers.numerics import INT8, Grid


@pytest.mark.parametrize("bits", [8, 16])
def test_a_grid_is_its_types_numbers(bits: int) -> None:
    whole, narrow = Grid(bits), Grid(bits, narrow=True)
    limits = np.iinfo(whole.dtype)
    assert (whole.low, whole.high) == (limits.min, limits.max)
    assert (narrow.low, narrow.high) == (-limits.max, limits.max)
    assert whole.steps == narrow.steps + 1 == 2**bits - 1
    assert whole.bytes == whole.dtype.itemsize
    assert whole.tensor_type == f"INT{bits}"


def test_int8() -> None:
    assert INT8.weights.high == -INT8.weights.low == 127
    assert (INT8.activations.low, INT8.activations.high) == (-128, 127)
    assert INT8.ends.tensor_type in INT8.allowed
    assert INT8.file() == "model_int8.tflite"
    assert INT8.file("step") == "model_int8_step.tflite"


def test_no_gate_times_a_tanh_is_half_a_step_of_an_lstm() -> None:
    """Halves are rounded to even on x86 and upwards on an Arm; in steps of tanh there are many."""
    gates, values = np.arange(256), np.arange(-128, 128)
    products = np.multiply.outer(gates, values) / (256 * 128)

    def halves(step: float) -> int:
        return int(np.sum(np.abs(np.abs(products / step % 1) - 0.5) < 1e-6))

    assert halves(2 * INT8.activations.unit[1] / 254) == 0
    assert halves(1 / 128) > 500


def test_dictated_ranges_have_the_scales_of_the_specification() -> None:
    """Scale 1/256 and zero point -128 of a sigmoid, 1/128 and 0 of a hyperbolic tangent."""
    for (low, high), step, zero in ((INT8.sigmoid, 1 / 256, -128), (INT8.tanh, 1 / 128, 0)):
        assert (high - low) / INT8.activations.steps == step
        assert INT8.activations.low - low / step == zero
