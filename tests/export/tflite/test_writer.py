"""Files that the writer makes, beside the twin that they are written from and Keras itself."""

import inspect
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from keras import layers

import zoo
from export.runtimes.litert import (
    dequantized,
    file_scaling,
    load_content,
    random_inputs,
    raw_outputs,
)
from export.runtimes.micro import run_micro
from export.tflite.audit import audit
from export.tflite.flatbuffer import File, Graph
from export.tflite.packing import ALIGNMENT
from export.tflite.writer import Writer, write
from tests.helpers.instances import TINY, fill, fill_weights, rows
from zoo.quantization import Twin, make_twin
from zoo.quantization.layers.arithmetic import Exact, Int8
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.operations import Operations
from zoo.quantization.layers.watching import Watching
from zoo.quantization.rules.table import AUGMENTATION

IMAGE = (9, 7, 3)
HOW = {
    layers.RandomBrightness: (0.2,),
    layers.RandomContrast: (0.2,),
    layers.RandomHue: (0.3,),
    layers.RandomRotation: (0.2,),
    layers.RandomSaturation: (0.3,),
    layers.RandomSharpness: (0.3,),
    layers.RandomTranslation: (0.1, 0.1),
    layers.RandomZoom: (0.1,),
}
MODELS: dict[str, list[layers.Layer]] = {
    "transposed, valid": [layers.Conv2DTranspose(4, 3, 2, "valid", activation="relu")],
    "transposed, same": [layers.Conv2DTranspose(4, (2, 3), 2, "same"), layers.ReLU(6)],
    "transposed, small kernel": [layers.Conv2DTranspose(4, 2, 3, "valid")],
    "dilated": [layers.Conv2D(4, 3, dilation_rate=2, activation="relu6")],
    "depthwise": [layers.DepthwiseConv2D(3, (2, 2), "same", depth_multiplier=2)],
    "pools": [layers.MaxPooling2D(3, 2, "same"), layers.AveragePooling2D(2, 1)],
    "moves": [layers.ZeroPadding2D((1, 2)), layers.Cropping2D((1, 0)), layers.Permute((3, 1, 2))],
    "resized": [layers.UpSampling2D(2), layers.UpSampling2D(2, interpolation="bilinear")],
    "activations": [layers.Conv2D(4, 1, activation=one) for one in ("gelu", "silu", "hard_silu")],
    "others": [layers.Conv2D(4, 1), layers.LeakyReLU(0.3), layers.Conv2D(4, 1), layers.PReLU()],
    "ends": [layers.GlobalMaxPooling2D(), layers.Dense(4, "tanh"), layers.Dense(4, "softmax")],
    "norms": [layers.LayerNormalization(), layers.Conv2D(4, 1), layers.RMSNormalization()],
    "augmented": [*(kind(*HOW.get(kind, ())) for kind in AUGMENTATION), layers.Conv2D(4, 3)],
    "no bias": [layers.Flatten(), layers.Dense(5, use_bias=False)],
}
STEPS = (8, 6)
SEQUENCES: dict[str, list[layers.Layer]] = {
    "causal": [layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu")],
    "causal, after an offset": [layers.Rescaling(0.5, 1.0), layers.Conv1D(4, 2, padding="causal")],
    "every step": [layers.LSTM(5, return_sequences=True), layers.Dense(3)],
    "every step, both ways": [
        layers.Bidirectional(layers.GRU(5, return_sequences=True)),
        layers.Dense(3),
    ],
    "permuted steps": [layers.GRU(5, return_sequences=True), layers.Permute((2, 1))],
    "filtered steps": [layers.GRU(5, return_sequences=True), layers.Conv1D(4, 3)],
    "encoder, decoder": [
        layers.LSTM(5),
        layers.RepeatVector(4),
        layers.LSTM(5, return_sequences=True),
        layers.Dense(3),
    ],
}
ONE_STEP = [
    layers.Bidirectional(layers.GRU(3, return_sequences=True)),
    layers.SeparableConv1D(4, 3, padding="same"),
]
FAR = 3  # steps that a rounding apart in an early layer can add up to


def observed(model: keras.Model, x: np.ndarray) -> Twin:
    """Return a model's twin whose ranges hold what goes through it."""
    twin, watching = make_twin(model), Watching(Exact())
    twin.run(keras.ops.convert_to_tensor(x), watching)
    for where in watching.seen:
        if where.fixed is None:
            values = watching.values(where)
            where.set(float(values.min()), float(values.max()))
    return twin


def steps_apart(twin: Twin, content: bytes, x: np.ndarray) -> np.ndarray:
    """Return how many int8 steps a file's outputs, all in a row, are from the twin's."""
    interpreter = load_content(content)
    fed = x if twin.words else file_scaling(interpreter).quantize(x)
    apart = []
    for found, expected, given in zip(
        raw_outputs(interpreter, [fed]),
        keras.tree.flatten(twin.run(x, Int8())),
        interpreter.get_output_details(),
        strict=True,
    ):
        steps = dequantized(found, given) - keras.ops.convert_to_numpy(expected)
        apart.append(np.abs(np.rint(steps / given["quantization"][0])).astype(int).ravel())
    return np.concatenate(apart)


def of_float_file(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return what the float file makes of rows, put together as the model's output is."""
    twin = make_twin(model)
    found = raw_outputs(load_content(write(twin, None)), [x])
    return np.asarray(twin.real(found if twin.joint else found[0]))


def test_every_operation_is_written() -> None:
    named = [name for name, _ in inspect.getmembers(Operations, inspect.isfunction)]
    public = [name for name in (*named, "loop", "weights") if not name.startswith("_")]
    assert len(public) > 20
    left = [name for name in public if getattr(Writer, name) is getattr(Exact, name)]
    assert left == []


@pytest.mark.parametrize("name", TINY)
def test_presets(name: str) -> None:
    """The file gives what the twin does, the float file what Keras does."""
    model, x = fill(name), rows(name, 64)
    twin = observed(model, x)
    apart = steps_apart(twin, write(twin, INT8), x)
    assert apart.max() <= FAR
    assert (apart <= 1).mean() > 0.98
    assert (apart == 0).mean() > 0.8
    np.testing.assert_allclose(of_float_file(model, x), model.predict(x, verbose=0), atol=1e-5)


@pytest.mark.usefixtures("all_alike")
@pytest.mark.parametrize("name", [*MODELS, *SEQUENCES])
def test_layers(name: str) -> None:
    shape, given = (IMAGE, MODELS[name]) if name in MODELS else (STEPS, SEQUENCES[name])
    parts = [type(one).from_config(one.get_config()) for one in given]
    model = fill_weights(keras.Sequential([layers.Input(shape), *parts]))
    x = np.random.default_rng(0).normal(size=(64, *shape)).astype(np.float32)
    twin = observed(model, x)
    apart = steps_apart(twin, write(twin, INT8), x)
    drifts = name in SEQUENCES  # a loop rounds at every step
    assert apart.max() <= (2 * FAR if drifts else FAR)
    assert (apart <= 1).mean() > (0.95 if drifts else 0.99)
    np.testing.assert_allclose(of_float_file(model, x), model.predict(x, verbose=0), atol=1e-4)


def test_a_loop_of_one_step_is_written_out() -> None:
    """XNNPACK refuses what reads the sequence that a loop of one step makes."""
    model = fill_weights(keras.Sequential([layers.Input((1, 2)), *ONE_STEP]))
    x = np.random.default_rng(0).normal(size=(32, 1, 2)).astype(np.float32)
    twin = observed(model, x)
    assert steps_apart(twin, write(twin, INT8), x).max() <= FAR
    np.testing.assert_allclose(of_float_file(model, x), model.predict(x, verbose=0), atol=1e-5)


@pytest.mark.usefixtures("all_alike")
def test_an_embedding_of_ids() -> None:
    ids = keras.Input((12,), dtype="int32")
    x = layers.Conv1D(8, 3, activation="relu")(layers.Embedding(50, 6)(ids))
    model = fill_weights(keras.Model(ids, layers.Dense(3)(layers.GlobalMaxPooling1D()(x))))
    rows_of_ids = np.random.default_rng(0).integers(0, 50, (64, 12)).astype(np.int32)
    twin = observed(model, rows_of_ids)
    assert twin.words == 50
    assert steps_apart(twin, write(twin, INT8), rows_of_ids).max() <= 1
    (of_float,) = raw_outputs(load_content(write(make_twin(model), None)), [rows_of_ids])
    np.testing.assert_allclose(of_float, model.predict(rows_of_ids, verbose=0), atol=1e-5)


@pytest.mark.parametrize(
    ("both", "form"),
    [
        *((both, form) for both in (False, True) for form in ("rolled", "unrolled")),
        (False, "step"),
    ],
)
def test_loops_in_two_runtimes(both: bool, form: str, tmp_path: Path) -> None:
    model = fill_weights(zoo.GRU((8, 6), 10, units=8, depth=2, bidirectional=both))
    twin = observed(model, np.random.default_rng(0).normal(size=(64, 8, 6)).astype(np.float32))
    path = tmp_path / "model.tflite"
    path.write_bytes(write(twin, INT8, form))
    found = audit(path)
    assert found.integer_only
    assert ("WHILE" in found.operators) == (form == "rolled")
    fed = random_inputs(interpreter := load_content(path.read_bytes()), 60, seed=1)
    of_litert, of_micro = raw_outputs(interpreter, fed), run_micro(path, fed).outputs
    for one, other in zip(of_litert, of_micro, strict=True):
        apart = np.abs(one.astype(int) - other)  # XNNPACK rounds once where Micro rounds twice
        assert apart.max() <= FAR
        assert (apart == 0).mean() > 0.85


def test_a_channel_of_zeros_keeps_its_bias() -> None:
    """In steps of its own kernel that would be more than an int32 holds."""
    model = keras.Sequential([layers.Input((6,)), layers.Dense(3)])
    kernel = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    kernel[:, 1] = 0
    model.set_weights([kernel, np.array([0.1, 0.5, -0.2], np.float32)])
    x = np.random.default_rng(1).normal(size=(64, 6)).astype(np.float32)
    twin = observed(model, x)
    assert steps_apart(twin, write(twin, INT8), x).max() <= 1


def test_constants_are_aligned_and_written_once() -> None:
    twin = make_twin(fill("transformer_tiny"))
    content = write(twin, INT8)
    model = schema.Model.GetRootAs(content, 0)
    buffers = [model.Buffers(i) for i in range(model.BuffersLength())]
    starts = [one._tab.Vector(one._tab.Offset(4)) for one in buffers if one.DataLength()]
    assert len(starts) > 20
    assert not any(start % ALIGNMENT for start in starts)
    held = [one.DataAsNumpy().tobytes() for one in buffers if one.DataLength()]
    assert len(held) == len({*held})


def test_operators_that_nothing_reads_are_left_out() -> None:
    file = File()
    graph = Graph(file, "main")
    x, unread, y = (graph.tensor(name, (1, 2), np.dtype(np.float32)) for name in "xuy")
    graph.operator("RELU", [x], [unread], integer=False)
    graph.operator("TANH", [x], [y], integer=False)
    interpreter = load_content(file.content({"input": x}, {"output": y}))
    assert next(iter(interpreter._get_ops_details()))["op_name"] == "TANH"
