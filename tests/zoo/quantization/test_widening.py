"""The search for what is worth 16 bits."""

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.instances import fill_weights
from zoo.quantization import make_twin
from zoo.quantization.calibration import calibrate, predict
from zoo.quantization.layers.arithmetic import Rounded
from zoo.quantization.layers.gru import Recurrence
from zoo.quantization.layers.numerics import INT8, MIXED
from zoo.quantization.layers.ranges import Range
from zoo.quantization.widening import QUIET, wide_names, widen


def error(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found - exact) ** 2)) / exact.std())


@pytest.mark.usefixtures("all_alike")
def test_the_state_of_a_loop_that_remembers_is_widened() -> None:
    """Its update gate is nearly closed: each step changes little, and int8 rounds that away."""
    model = fill_weights(zoo.GRU((12, 3), 4, units=8))
    gru = next(one for one in model.layers if "gru" in one.name)
    kernel, recurrent, bias = gru.get_weights()
    bias[:, :8] += 1.5
    gru.set_weights([kernel, recurrent, bias])
    x = np.random.default_rng(0).normal(size=(24, 12, 3)).astype(np.float32)
    exact, twin = model.predict(x, verbose=0), make_twin(model)
    calibrate(twin, x, exact)
    before = error(predict(twin, x, Rounded(INT8)), exact)
    widen(twin, x, exact)
    assert twin.numerics is MIXED
    assert error(predict(twin, x, Rounded(MIXED)), exact) < 0.7 * before
    (loop,) = (part for part in twin.parts if isinstance(part, Recurrence))
    state, *others = loop.groups()
    assert all(where.wide for where in state)
    assert not all(where.wide for group in others for where in group)
    assert {where.name for where in state} <= {*wide_names(twin)}


@pytest.mark.usefixtures("all_alike")
def test_what_is_quiet_stays_as_it_is() -> None:
    """A kernel of ones and zeros on a range that holds all inputs: int8 is exact."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.set_weights([np.eye(4, dtype=np.float32), np.zeros(4, np.float32)])
    x = np.random.default_rng(0).integers(-128, 128, (64, 4)).astype(np.float32)
    x[0, :2] = -128, 127
    exact, twin = model.predict(x, verbose=0), make_twin(model)
    calibrate(twin, x, exact)
    assert error(predict(twin, x, Rounded(INT8)), exact) < QUIET
    widen(twin, x, exact)
    assert wide_names(twin) == []


def test_what_shares_a_range_is_widened_together() -> None:
    inputs = keras.Input((6,))
    parts = [keras.layers.Dense(3, name=name)(inputs) for name in "ab"]
    outputs = keras.layers.Dense(2)(keras.layers.Concatenate()(parts))
    twin = make_twin(fill_weights(keras.Model(inputs, outputs)))
    shared = {id(group) for part in twin.parts for where in part.groups() for group in where}
    ranges = [w for p in twin.parts for g in p.groups() for w in g]
    assert len(ranges) > len(shared)  # two makers and the concatenation name one


def test_a_range_knows_its_numbers() -> None:
    where = Range("one", fixed=INT8.sigmoid)
    assert where.affine(INT8) == (1 / 256, -128)
    assert where.affine(MIXED) == (1 / 256, -128)
    where.wide = True
    assert where.affine(INT8) == (1 / 256, -128)
    scale, zero = where.affine(MIXED)
    assert (scale, zero) == (pytest.approx(1 / 32768), 0)
    free = Range("two")
    free.set(-1.0, 3.0)
    assert free.affine(MIXED, wide=True) == (pytest.approx(3 / 32767), 0)
