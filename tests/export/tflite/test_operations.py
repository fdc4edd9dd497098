"""Layers without a rule are taken apart: what they do is drawn, written and computes the same."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from export.graphs import rows_of
from export.runtimes.litert import dequantized, load_content, raw_outputs, scaling_of
from export.tflite.writer import write
from tests.export.tflite.graphs import GRAPHS, Tokens
from tests.export.tflite.single_graphs import SINGLE
from zoo.quantization import Twin, UnknownLayer, make_twin
from zoo.quantization.calibration import answers
from zoo.quantization.layers.arithmetic import Exact, Int8
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.watching import Watching
from zoo.quantization.rows import Rows, tensors

FAR = 4  # steps that a rounding apart in an early layer can add up to


def filled(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.3, weight.shape))
    return model


def rows_for(model: keras.Model) -> Rows:
    rng = np.random.default_rng(1)
    return rows_of(model, [rng.normal(0, 1, (40, *x.shape[1:])) for x in model.inputs])


def listed(values: Rows) -> list[np.ndarray]:
    return [values] if isinstance(values, np.ndarray) else list(values)


def run(twin: Twin, rows: Rows, arithmetic: Exact) -> list[np.ndarray]:
    found = keras.tree.flatten(twin.run(tensors(rows), arithmetic))
    return [np.asarray(ops.convert_to_numpy(one)) for one in found]


def observed(twin: Twin, rows: Rows) -> list[np.ndarray]:
    watching = Watching(Exact())
    found = run(twin, rows, watching)
    for where in watching.seen:
        if where.fixed is None:
            values = watching.values(where)
            where.set(float(values.min()), float(values.max()))
    return found


def test_halves_are_rounded_as_the_file_does() -> None:
    """Averages of two and four whole numbers, half of which lie between two others."""
    whole = np.random.default_rng(0).integers(-128, 128, (64, 4, 4, 2)).astype(np.float32)
    whole[0, 0, :2, 0] = -128, 127
    model = keras.Sequential([layers.Input((4, 4, 2)), layers.AveragePooling2D((1, 2))])
    twin = make_twin(model)
    observed(twin, whole)
    found = raw_outputs(load_content(write(twin, INT8)), [whole.astype(np.int8)])[0]
    np.testing.assert_array_equal(found, run(twin, whole, Int8())[0])
    assert ((whole[:, :, ::2] + whole[:, :, 1::2]) % 2 == 1).mean() > 0.4


def test_bytes_as_fractions_keep_their_bits() -> None:
    """256 shades within -1..1 enter as 255 numbers, and -1 and 1 as what they are."""
    shades = (np.arange(256, dtype=np.float32) / 127.5 - 1).reshape(256, 1)
    twin = make_twin(keras.Sequential([layers.Input((1,)), layers.ReLU()]))
    observed(twin, shades)
    by = scaling_of(load_content(write(twin, INT8)).get_input_details()[0])
    numbers = by.quantize(shades)
    assert len(np.unique(numbers)) >= 255
    np.testing.assert_allclose(by.dequantize(numbers)[[0, -1]], [[-1], [1]], rtol=1e-6)


@pytest.mark.parametrize("name", [*GRAPHS, *SINGLE])
def test_graphs(name: str) -> None:
    """Keras, the twin, the float file and the int8 file say the same."""
    model = filled((GRAPHS | SINGLE)[name]())
    rows, twin = rows_for(model), make_twin(model)
    expected = listed(answers(model, rows))
    of_twin = observed(twin, rows)
    of_float = raw_outputs(load_content(write(twin, None)), listed(rows))
    for exact, *found in zip(expected, of_twin, of_float, strict=True):
        for one in found:
            np.testing.assert_allclose(one, exact, atol=1e-4 * max(1, np.abs(exact).max()))
    interpreter = load_content(write(twin, INT8))
    given = map(scaling_of, interpreter.get_input_details())
    fed = [by.quantize(one) for by, one in zip(given, listed(rows), strict=True)]
    found = raw_outputs(interpreter, fed)
    details = interpreter.get_output_details()
    rounded = run(twin, rows, Int8())
    for of_file, of_int8, one, exact in zip(found, rounded, details, expected, strict=True):
        scale, zero = one["quantization"]
        apart = np.abs(np.rint(of_int8 / scale) + zero - of_file)
        assert apart.max() <= FAR
        assert (apart <= 1).mean() > 0.85
        noise = np.mean((dequantized(of_file, one) - exact) ** 2)
        assert 10 * np.log10(exact.var() / noise) > 22


def test_ids_in_a_layer_of_ones_own() -> None:
    inputs = keras.Input((6,), dtype="int32")
    x = layers.GlobalAveragePooling1D()(Tokens()(inputs))
    model = filled(keras.Model(inputs, layers.Dense(2)(x)))
    rows = np.random.default_rng(0).integers(0, 20, (30, 6)).astype(np.int32)
    twin = make_twin(model)
    (found,) = observed(twin, rows)
    np.testing.assert_allclose(found, model.predict(rows, verbose=0), atol=1e-5)
    (of_float,) = raw_outputs(load_content(write(twin, None)), [rows])
    np.testing.assert_allclose(of_float, found, atol=1e-5)


def test_slices_from_the_end() -> None:
    """Which Keras itself cannot compute on PyTorch."""
    inputs = keras.Input((8, 3))
    twin = make_twin(keras.Model(inputs, inputs[:, 5::-2, ::-1]))
    rows = np.random.default_rng(0).normal(size=(20, 8, 3)).astype(np.float32)
    (found,) = run(twin, rows, Exact())
    np.testing.assert_array_equal(found, rows[:, 5::-2, ::-1])
    (of_float,) = raw_outputs(load_content(write(twin, None)), [rows])
    np.testing.assert_array_equal(of_float, found)


def test_ids_looked_up_by_operations() -> None:
    inputs = keras.Input((6,), dtype="int32")
    table = np.random.default_rng(2).normal(size=(20, 4)).astype(np.float32)
    x = ops.concatenate([ops.one_hot(inputs, 20), ops.take(table, inputs, axis=0)], -1)
    model = filled(keras.Model(inputs, layers.Dense(3)(x)))
    rows = np.random.default_rng(0).integers(0, 20, (30, 6)).astype(np.int32)
    (found,) = run(make_twin(model), rows, Exact())
    np.testing.assert_allclose(found, model.predict(rows, verbose=0), atol=1e-5)


def test_a_layer_is_left_as_it_was() -> None:
    """Taking a model apart adds no call to its layers, and can be done again."""
    model = filled(GRAPHS["vision transformer"]())
    first, second = make_twin(model), make_twin(model)
    assert [type(part) for part in first.parts] == [type(part) for part in second.parts]
    assert all(len(layer._inbound_nodes) == 1 for layer in model.layers)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: ops.fft((x, x))[0], ".FFT.: there is no rule for it"),
        (lambda x: ops.mean(x, axis=0, keepdims=True) + x, "works along the axis of the batch"),
        (lambda x: x**5, "only the powers -1, -1/2, 1/2, 1, 2 and 3"),
        (lambda x: x[0] + x, "it chooses rows"),
        (lambda x: ops.relu(ops.transpose(x, (1, 0, 2))), "the batch is not the first"),
        (lambda x: x[:, 4:2], "chooses nothing"),
        (lambda x: ops.take(x, ops.argmax(x, -1), axis=1), "there is no rule for it"),
        (lambda x: ops.where(x > 0, x, 0.5), "there is no rule for it"),
        (lambda x: ops.reshape(x, (-1, 2)), "it mixes rows, or their number"),
    ],
)
def test_what_has_no_form_is_named(function: object, message: str) -> None:
    inputs = keras.Input((6, 4))
    with pytest.raises(UnknownLayer, match=message):
        make_twin(keras.Model(inputs, function(inputs)))  # type: ignore[operator]
