"""Files of every numeric format, beside the twin that they are written from."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from export.runtimes.ethos import compile_ethos
from export.runtimes.litert import (
    dequantized,
    file_scaling,
    load_content,
    random_inputs,
    raw_outputs,
)
from export.runtimes.micro import run_micro
from export.tflite.audit import audit
from export.tflite.writer import write
from tests.export.tflite.test_writer import observed
from tests.helpers.instances import TINY, fill, fill_weights, gives, rows
from zoo.quantization import Twin
from zoo.quantization.layers.arithmetic import Exact, Rounded
from zoo.quantization.layers.numerics import (
    DYNAMIC,
    FLOAT16,
    INT8,
    INT16X8,
    MIXED,
    NUMERICS,
    Numerics,
)
from zoo.quantization.layers.ranges import Range

LEVELS = INT8.activations.steps


def ranges_of(twin: Twin) -> list[Range]:
    return [one for part in twin.parts for one in part._flatten_layers() if isinstance(one, Range)]


def widen_some(twin: Twin) -> None:
    """Make every other group of ranges wide, with what shares a range with it."""
    groups = [group for part in twin.parts for group in part.groups()]
    for number, group in enumerate(groups):
        if number % 2 and all(where.wide is not None for where in group):
            for where in group:
                where.wide = True
    for group in groups * 2:
        if any(where.wide for where in group):
            for where in group:
                where.wide = True


def apart(twin: Twin, numerics: Numerics, x: np.ndarray) -> np.ndarray:
    """Return how far a file's outputs are from the twin's, in steps of int8 over their span."""
    interpreter = load_content(write(twin, numerics))
    fed = x if twin.words else file_scaling(interpreter).quantize(x)
    given = keras.ops.convert_to_tensor(x)
    found = []
    for output, expected, details in zip(
        raw_outputs(interpreter, [fed]),
        keras.tree.flatten(twin.run(given, Rounded(numerics))),
        interpreter.get_output_details(),
        strict=True,
    ):
        values = keras.ops.convert_to_numpy(expected)
        steps = np.abs(dequantized(output, details) - values) / (np.ptp(values) / LEVELS)
        found.append(steps.ravel())
    return np.concatenate(found)


@pytest.mark.parametrize("name", TINY)
def test_presets_of_16_bits(name: str) -> None:
    x = rows(name, 24)
    twin = observed(fill(name), x)
    assert apart(twin, INT16X8, x).max() < 0.3
    widen_some(twin)
    steps = apart(twin, MIXED, x)
    if gives(name) == "values":
        assert steps.max() < 3
    else:  # of thousands of outputs some are ties, layer after layer
        assert steps.max() < 6
        assert (steps < 1.01).mean() > 0.98


@pytest.mark.parametrize("name", ["gru_tiny", "text_gru_tiny", "cnn_tiny", "transformer_tiny"])
def test_presets_of_stored_weights(name: str) -> None:
    x = rows(name, 24)
    twin = observed(fill(name), x)
    assert apart(twin, FLOAT16, x).max() < 1e-3
    assert apart(twin, DYNAMIC, x).max() < 6  # at run time it rounds what kernels read
    exact = np.asarray(
        keras.ops.convert_to_numpy(twin.run(keras.ops.convert_to_tensor(x), Exact()))
    )
    for numerics, most in ((FLOAT16, 5e-3), (DYNAMIC, 0.3)):
        found = keras.ops.convert_to_numpy(
            twin.run(keras.ops.convert_to_tensor(x), Rounded(numerics))
        )
        assert 0 < np.abs(found - exact).max() < most * exact.std()


@pytest.mark.parametrize("numerics", [one for one in NUMERICS.values() if one.name != "float"])
@pytest.mark.parametrize("name", ["gru_lstm_tiny", "text_cnn_tiny"])
def test_every_form_is_audited_against_its_own_types(
    numerics: Numerics, name: str, tmp_path: Path
) -> None:
    twin, path = observed(fill(name), rows(name, 16)), tmp_path / "model.tflite"
    for where in ranges_of(twin):
        where.wide = where.wide is not None
    for form in ("rolled", "step") if twin.streams() else ("rolled",):
        path.write_bytes(write(twin, numerics, form))
        found = audit(path, numerics)
        assert found.fits, found.strangers
        assert found.integer_only == numerics.integer
        assert found.outputs[0] == numerics.ends.tensor_type
        assert ("INT16" in found.dtypes) == (numerics.wide is not None)
        assert ("FLOAT16" in found.dtypes) == (numerics is FLOAT16)
        other = FLOAT16 if numerics.integer else INT8
        assert not audit(path, other).fits
        raw_outputs(
            load_content(path.read_bytes()), random_inputs(load_content(path.read_bytes()), 1)
        )


@pytest.mark.parametrize("name", ["gru_tiny", "cnn_depthwise_tiny", "vit_tiny", "text_gru_tiny"])
@pytest.mark.parametrize("numerics", [INT16X8, MIXED])
def test_16_bits_in_micro(numerics: Numerics, name: str, tmp_path: Path) -> None:
    twin, path = observed(fill(name), rows(name, 16)), tmp_path / "model.tflite"
    widen_some(twin)
    path.write_bytes(write(twin, numerics))
    interpreter = load_content(path.read_bytes())
    fed = random_inputs(interpreter, 8, seed=1, words=twin.words)
    of_litert, of_micro = raw_outputs(interpreter, fed)[0], run_micro(path, fed).outputs[0]
    steps = np.abs(of_litert.astype(int) - of_micro).max()
    assert steps <= (16 if numerics.ends.bytes > 1 else 3)  # a sixteenth of one of int8's


@pytest.mark.parametrize("numerics", [INT16X8, MIXED])
def test_16_bits_on_ethos(numerics: Numerics, tmp_path: Path) -> None:
    twin, path = observed(fill("cnn_tiny"), rows("cnn_tiny", 16)), tmp_path / "model.tflite"
    for where in ranges_of(twin):
        where.wide = True
    path.write_bytes(write(twin, numerics))
    found = compile_ethos(path)
    assert (found.npu_share, found.refused) == (1.0, None)


@pytest.mark.usefixtures("all_alike")
def test_what_has_no_wide_kernel_stays_narrow(tmp_path: Path) -> None:
    model = keras.Sequential(
        [layers.Input((6,)), layers.Dense(8, "gelu"), layers.Dense(8, "silu"), layers.Dense(3)]
    )
    x = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
    twin, path = observed(fill_weights(model), x), tmp_path / "model.tflite"
    assert apart(twin, INT16X8, x).max() < 0.3
    path.write_bytes(write(twin, INT16X8))
    found = audit(path, INT16X8)
    assert found.operators["QUANTIZE"] == 2  # into GELU and out of it
    assert found.fits
    assert found.inputs == found.outputs == ("INT16",)


@pytest.mark.usefixtures("all_alike")
def test_a_mask_is_cut_off_in_16_bits() -> None:
    x = np.random.default_rng(0).normal(size=(16, 8, 6)).astype(np.float32)
    x[::2, 5:] = 0
    model = fill_weights(zoo.GRU((8, 6), 4, units=8, masked=True))
    twin = observed(model, x)
    assert apart(twin, INT16X8, x).max() < 0.3
