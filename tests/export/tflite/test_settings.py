"""Everyday layers and settings: the file gives what the twin does, the float file what Keras does.

LiteRT-Micro runs the file too, but where it lacks an operator.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from export.runtimes.litert import load_content, random_inputs, raw_outputs
from export.runtimes.micro import run_micro
from export.tflite.audit import audit
from export.tflite.writer import write
from tests.export.tflite.test_writer import FAR, observed, steps_apart
from tests.helpers.instances import fill_weights
from zoo.cost.estimate import outline
from zoo.quantization import UnknownLayer, make_twin
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.rules.curves import BENT

IMAGE, STEPS = (9, 7, 4), (8, 6)
ACTIVATIONS: dict[str, list[Any]] = {
    **{name: [layers.Activation(name)] for name in (*BENT, "log_softmax")},
    "elu of its own slope": [layers.ELU(0.3)],
    "celu of its own width": [lambda x: ops.celu(x, 0.4)],
    "relu up to 1": [layers.ReLU(1.0)],
    "relu up to 1, of a pool": [layers.MaxPooling2D(2), layers.ReLU(1.0)],
    "leaky relu up to 1": [layers.ReLU(1.0, negative_slope=0.1)],
    "relu from 0.5 on": [layers.ReLU(negative_slope=0.2, threshold=0.5)],
    "relu from 0.2 to 1": [layers.ReLU(1.0, threshold=0.2)],
    "gelu, approximate": [lambda x: ops.gelu(x, approximate=True)],
    **{one.__name__: [layers.Activation("softplus"), one] for one in (ops.log1p, ops.sqrt)},
    **{one.__name__: [one] for one in (ops.abs, ops.cos, ops.sin, ops.erf, ops.expm1)},
    "reciprocal": [layers.ReLU(), lambda x: ops.reciprocal(x + 1)],
    "log": [layers.ReLU(), lambda x: ops.log(x + 1)],
    "threshold": [lambda x: ops.threshold(x, 0.4, -0.2)],
    "softmax over images (apart)": [layers.Softmax(axis=(1, 2))],
    "softmax over rows": [layers.Softmax(axis=1)],
    "folded": [layers.Activation("selu"), layers.Conv2D(5, 1)],
    "joined": [
        lambda x: ops.relu(layers.Concatenate()([x, layers.Conv2D(3, 1)(x)])),
        layers.ReLU(2.0),
    ],
}
FIRST = "channels_first"
IMAGES: dict[str, list[Any]] = {
    "groups": [layers.Conv2D(8, 3, padding="same", groups=2, activation="relu")],
    "groups, after an offset": [
        layers.Rescaling(0.5, 1.0),
        layers.Conv2D(8, 3, groups=2),
        layers.BatchNormalization(),
        layers.Conv2D(4, 1),
    ],
    "a group for each channel": [layers.Conv2D(8, 3, groups=4, dilation_rate=2)],
    "transposed, more at the end": [layers.Conv2DTranspose(3, 3, 2, output_padding=1)],
    "transposed, same, odd": [layers.Conv2DTranspose(3, 3, 2, "same", output_padding=0)],
    "transposed, same, even": [layers.Conv2DTranspose(3, (4, 2), 3, "same", output_padding=2)],
    "transposed, small, more at the end": [layers.Conv2DTranspose(3, 1, 3, output_padding=1)],
    "transposed, dilated": [layers.Conv2DTranspose(3, 3, padding="same", dilation_rate=(2, 1))],
    "channels first": [
        layers.Conv2D(6, 3, data_format=FIRST, activation="relu"),
        layers.BatchNormalization(axis=1),
        layers.MaxPooling2D(2, 1, data_format=FIRST),
        layers.DepthwiseConv2D((2, 1), data_format=FIRST),
        layers.Conv2DTranspose(3, 2, 2, data_format=FIRST),
    ],
    "channels first, moved": [
        layers.ZeroPadding2D(1, data_format=FIRST),
        layers.Cropping2D((2, 0), data_format=FIRST),
        layers.UpSampling2D(2, data_format=FIRST),
        layers.AveragePooling2D(2, data_format=FIRST),
        layers.Flatten(data_format=FIRST),
        layers.Dense(3),
    ],
    "mean, channels first": [layers.GlobalAveragePooling2D(data_format=FIRST, keepdims=True)],
    "largest, channels first": [layers.GlobalMaxPooling2D(data_format=FIRST)],
    "largest, one pixel": [layers.GlobalMaxPooling2D(keepdims=True)],
    "larger": [layers.Resizing(12, 11), layers.Conv2D(3, 1)],
    "smaller": [layers.Resizing(5, 4, "nearest"), layers.Conv2D(3, 1)],
    "repeated": [layers.UpSampling2D((3, 2)), layers.Conv2D(3, 1), layers.UpSampling2D((1, 2))],
    "repeated often": [layers.UpSampling2D((2, 6))],
    "smaller, smooth": [layers.Resizing(5, 4, antialias=True)],
    "larger, cubic": [layers.Resizing(12, 10, "bicubic")],
    "upsampled, cubic": [layers.UpSampling2D(2, interpolation="bicubic")],
    "cut to a ratio": [layers.Resizing(4, 8, crop_to_aspect_ratio=True)],
    "padded to a ratio": [layers.Resizing(4, 8, pad_to_aspect_ratio=True, fill_value=0.5)],
    "the middle": [layers.CenterCrop(4, 5), layers.Conv2D(3, 1)],
    "the middle of more": [layers.CenterCrop(12, 5)],
    "a crop of everything": [layers.RandomCrop(9, 7), layers.Conv2D(3, 1)],
    "pooled to a size": [layers.AdaptiveAveragePooling2D((4, 3))],
    "pooled to a third": [layers.AdaptiveAveragePooling2D((3, 7))],
    "the largest of a third": [layers.AdaptiveMaxPooling2D((3, 1)), layers.Conv2D(3, 1)],
    "operations as activations": [
        layers.Conv2D(4, 1, activation=ops.relu),
        layers.Conv2D(4, 1, activation=ops.silu),
    ],
}
SEQUENCES: dict[str, list[Any]] = {
    "groups of steps": [layers.Conv1D(6, 3, groups=3, strides=2, padding="causal")],
    "transposed steps": [
        layers.Conv1DTranspose(5, 3, strides=2, padding="same", activation="relu"),
        layers.Conv1DTranspose(2, 3, strides=2, output_padding=1),
    ],
    "channels first, steps": [
        layers.Conv1D(6, 3, data_format=FIRST),
        layers.Conv1DTranspose(6, 2, 2, data_format=FIRST),
        layers.MaxPooling1D(2, data_format=FIRST),
        layers.GlobalAveragePooling1D(data_format=FIRST),
        layers.Dense(3),
    ],
    "the largest of a quarter of the steps": [layers.AdaptiveMaxPooling1D(2)],
    "steps pooled to a size": [layers.AdaptiveAveragePooling1D(3)],
}
NORMS: dict[str, list[Any]] = {
    "groups": [layers.GroupNormalization(2), layers.Conv2D(3, 1)],
    "each channel": [layers.GroupNormalization(-1)],
    "one group": [layers.GroupNormalization(1, scale=False)],
    "over columns": [layers.LayerNormalization(axis=(2, 3))],
    "over all": [layers.LayerNormalization(axis=(1, 2, 3))],
    "root of squares over two": [layers.RMSNormalization(axis=(2, 3))],
    "unit vectors": [layers.UnitNormalization(), layers.Conv2D(3, 1)],
    "unit images": [layers.UnitNormalization(axis=(1, 2, 3))],
    "batches over rows": [layers.BatchNormalization(axis=1)],
}
LOOPS: dict[str, list[Any]] = {
    "simple": [layers.SimpleRNN(5), layers.Dense(3)],
    "simple, every step, relu": [layers.SimpleRNN(5, "relu", return_sequences=True)],
    "simple, linear": [layers.SimpleRNN(4, "linear", use_bias=False)],
    "gru of Keras 1": [layers.GRU(5, reset_after=False, recurrent_activation="hard_sigmoid")],
    "gru, softsign": [layers.GRU(5, "softsign", return_sequences=True)],
    "lstm, hard": [layers.LSTM(5, "relu", "hard_sigmoid")],
    "lstm, backwards": [layers.LSTM(5, go_backwards=True, return_sequences=True)],
    "gru, backwards": [layers.GRU(5, return_sequences=True), layers.GRU(4, go_backwards=True)],
    "both ways, summed": [layers.Bidirectional(layers.GRU(5), merge_mode="sum")],
    "both ways, averaged": [
        layers.Bidirectional(layers.LSTM(5, return_sequences=True), merge_mode="ave"),
        layers.Dense(3),
    ],
    "both ways, multiplied": [layers.Bidirectional(layers.SimpleRNN(5), merge_mode="mul")],
    "both ways, of two sizes": [
        layers.Bidirectional(
            layers.GRU(5, "relu", return_sequences=True),
            backward_layer=layers.GRU(3, "relu", return_sequences=True, go_backwards=True),
        )
    ],
    "both ways, of two classes": [
        layers.Bidirectional(
            layers.GRU(4), backward_layer=layers.LSTM(4, go_backwards=True), name="apart"
        )
    ],
    "cells": [layers.RNN([layers.LSTMCell(5), layers.LSTMCell(4)], return_sequences=True)],
    "a cell": [layers.RNN(layers.GRUCell(5)), layers.Dense(3)],
}
FRAMES = (5, 6, 6, 3)
EACH: dict[str, list[Any]] = {
    "an image": [
        layers.TimeDistributed(layers.Conv2D(4, 3, 2, "same", activation="relu")),
        layers.TimeDistributed(layers.BatchNormalization()),
        layers.TimeDistributed(layers.MaxPooling2D(2)),
        layers.TimeDistributed(layers.Flatten()),
        layers.TimeDistributed(layers.Dense(4)),
        layers.LSTM(3),
    ],
    "a model": [
        layers.TimeDistributed(
            keras.Sequential(
                [
                    layers.Input(FRAMES[1:]),
                    layers.Conv2D(4, 3, activation="relu"),
                    layers.ZeroPadding2D(1),
                    layers.GlobalAveragePooling2D(),
                ]
            )
        ),
        layers.Conv1D(3, 2),
    ],
}
DEEP: dict[str, list[Any]] = {
    "moved": [layers.ZeroPadding3D((1, 0, 2)), layers.Cropping3D(((1, 0), (2, 1), (0, 1)))],
    "mean": [layers.GlobalAveragePooling3D()],
    "largest": [layers.GlobalMaxPooling3D()],
}
APART: dict[str, list[Any]] = {  # layers whose operations have rules; there is no estimate
    "across": [lambda x: layers.MultiHeadAttention(2, 3, value_dim=5)(x, x[:, :5])],
    "causal": [lambda x: layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)],
    "another width": [lambda x: layers.MultiHeadAttention(2, 3, output_shape=4)(x, x)],
    "queries in groups": [lambda x: layers.GroupQueryAttention(3, 4, 2)(x, x)],
    "attention without heads": [lambda x: layers.Attention()([x, x[:, :5]])],
    "groups of steps as channels": [layers.GroupNormalization(2, axis=1)],
    "einsum": [layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 5), bias_axes="de")],
    "cosines": [lambda x: layers.Dot(axes=2, normalize=True)([x, x[:, :5]])],
}
CASES: dict[str, tuple[tuple[int, ...], list[Any]]] = {
    **{name: (IMAGE, given) for name, given in IMAGES.items()},
    **{f"norm: {name}": (IMAGE, [layers.Conv2D(4, 1), *given]) for name, given in NORMS.items()},
    **{f"loop: {name}": (STEPS, given) for name, given in LOOPS.items()},
    **{f"apart: {name}": (STEPS, given) for name, given in APART.items()},
    **{f"deep: {name}": (FRAMES, given) for name, given in DEEP.items()},
    **{f"each: {name}": (FRAMES, given) for name, given in EACH.items()},
    "spectral": (IMAGE, [layers.SpectralNormalization(layers.Conv2D(4, 3, activation="relu"))]),
    **{name: (STEPS, given) for name, given in SEQUENCES.items()},
    **{name: (IMAGE, [layers.Conv2D(6, 3), *given]) for name, given in ACTIVATIONS.items()},
}
NOT_MICRO = {"gelu, approximate": "GELU", "deep: moved": "input dim should not exceed 4"}


def model_of(shape: tuple[int, ...], given: Sequence[Any]) -> keras.Model:
    x = inputs = keras.Input(shape)
    for one in given:
        again = isinstance(one, layers.Layer)
        x = (type(one).from_config(one.get_config()) if again else one)(x)
    return fill_weights(keras.Model(inputs, x))


@pytest.mark.usefixtures("all_alike")
@pytest.mark.parametrize("name", CASES)
def test_a_setting(name: str, tmp_path: Path) -> None:
    shape, given = CASES[name]
    model = model_of(shape, given)
    x = np.random.default_rng(0).normal(size=(64, *shape)).astype(np.float32)
    twin = observed(model, x)
    (path := tmp_path / "model.tflite").write_bytes(write(twin, INT8))
    held = audit(path)
    assert held.integer_only
    if "WHILE" not in held.operators and "apart" not in name:
        outlined = Counter(one.name for one in outline(model).operators)
        assert outlined == held.operators
    apart = steps_apart(twin, path.read_bytes(), x)
    drifts = name.startswith("loop")  # which rounds at every step
    assert apart.max() <= (2 * FAR if drifts else FAR)
    assert (apart <= 1).mean() > (0.95 if drifts else 0.99)
    (of_float,) = raw_outputs(load_content(write(make_twin(model), None)), [x])
    np.testing.assert_allclose(of_float, model.predict(x, verbose=0), atol=1e-4)
    fed = random_inputs(load_content(path.read_bytes()), 4, seed=1)
    found = run_micro(path, fed)
    if name in NOT_MICRO:
        assert found.refused is not None
        assert NOT_MICRO[name] in found.refused
        return
    assert found.refused is None, found.refused
    (of_litert,) = raw_outputs(load_content(path.read_bytes()), fed)
    # XNNPACK rounds once where Micro rounds twice, and these rows go to the ends of their range
    assert np.abs(of_litert.astype(int) - found.outputs[0]).max() <= 2 * FAR


@pytest.mark.usefixtures("all_alike")
@pytest.mark.parametrize("both", [False, True])
def test_padding_is_masked_as_keras_does(both: bool, tmp_path: Path) -> None:
    ids = keras.Input((8,), dtype="int32")
    x = layers.Dropout(0.1)(layers.Embedding(20, 4, mask_zero=True)(ids))
    lstm = layers.LSTM(5)
    x = layers.Bidirectional(lstm)(x) if both else lstm(x)
    model = fill_weights(keras.Model(ids, layers.Dense(3)(x)))
    rng = np.random.default_rng(0)
    given = rng.integers(1, 20, (64, 8)) * (np.arange(8) < rng.integers(1, 9, 64)[:, None])
    given = given.astype(np.int32)
    twin = observed(model, given)
    (path := tmp_path / "model.tflite").write_bytes(write(twin, INT8))
    assert audit(path).integer_only
    apart = steps_apart(twin, path.read_bytes(), given)
    assert apart.max() <= FAR
    (of_float,) = raw_outputs(load_content(write(make_twin(model), None)), [given])
    np.testing.assert_allclose(of_float, model.predict(given, verbose=0), atol=1e-5)


def test_a_mask_that_nothing_reads() -> None:
    ids = keras.Input((8,), dtype="int32")
    x = layers.Dense(3)(layers.Embedding(20, 4, mask_zero=True)(ids))
    assert make_twin(keras.Model(ids, x)).words == 20
    x = layers.GlobalAveragePooling1D(name="mean")(layers.Embedding(20, 4, mask_zero=True)(ids))
    with pytest.raises(UnknownLayer, match="'mean' .*a mask reaches it, which only recurrent"):
        make_twin(keras.Model(ids, x))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (layers.GRU(4, stateful=True, name="a"), "'a' .*stateful=True"),
        (layers.TimeDistributed(layers.GRU(4), name="a"), "'a' .*steps of a GRU"),
        (
            layers.Bidirectional(layers.GRU(4, stateful=True), merge_mode=None, name="a"),
            "'a' .*layer that are merged",
        ),
        (layers.AdaptiveMaxPooling1D(4, name="a"), "'a' .*no equal shares of output_size"),
    ],
)
def test_what_is_refused(given: layers.Layer, message: str) -> None:
    deep = isinstance(given, layers.TimeDistributed)
    inputs = keras.Input(batch_shape=(1, 3, 4, 5) if deep else (1, 6, 4))
    with pytest.raises(UnknownLayer, match=message):
        make_twin(keras.Model(inputs, keras.tree.flatten(given(inputs))[0]))
