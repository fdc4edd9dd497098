"""Families for sequences: published sizes, hand-made filters, tokens, int8 concatenations."""

import math
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import export
import zoo
from export.runtimes.litert import load, predict
from tests.helpers.instances import data_of, fill_weights
from tests.zoo.quantization.test_folding import compare
from zoo.cost.estimate import outline
from zoo.layers.tokens import PositionEmbedding
from zoo.models.lite import hand_made
from zoo.models.transformer import default_span
from zoo.quantization import make_twin
from zoo.quantization.layers.elementwise import Add, Multiply
from zoo.quantization.layers.gathering import Concat
from zoo.quantization.layers.products import Conv


@pytest.mark.parametrize(
    ("preset", "learned"), [("lite_small", 9_814), ("inception_base", 420_192)]
)
def test_as_many_weights_are_learned_as_published(preset: str, learned: int) -> None:
    """Of one feature and before the last layer: arXiv:2409.02869, table 1.

    Beside them are the moving statistics of batch norm and, in LITE, the hand-made filters.
    """
    model = zoo.create_model(preset, (100, 1), 5)
    body = [weight for layer in model.layers[:-1] for weight in layer.trainable_weights]
    assert sum(math.prod(weight.shape) for weight in body) == learned


def one_by_one(x: np.ndarray, lengths: list[int]) -> np.ndarray:
    """Filter x, (steps,), as LITE's authors do: a convolution for each filter, "same" padding."""
    found = []
    for kind in ("increase", "decrease", "peak"):
        for length in lengths[kind == "peak" :]:
            if kind == "peak":
                kernel, quarter = np.zeros(length + length // 2), length // 4
                left = np.linspace(0, 1, quarter + 1)[1:] ** 2
                for i, gain in enumerate((-1, -1, 2, 2, -1, -1)):
                    part = slice(i * quarter, (i + 1) * quarter)
                    kernel[part] = gain * (left if i % 2 == 0 else left[::-1])
            else:
                kernel = np.ones(length)
                kernel[int(kind == "decrease") :: 2] = -1
            before = (len(kernel) - 1) // 2
            padded = np.pad(x, (before, len(kernel) - 1 - before))
            found.append(np.correlate(padded, kernel, "valid"))
    return np.stack(found, axis=-1)


@pytest.mark.parametrize("lengths", [[2], [2, 4, 8], [2, 4, 8, 16, 32, 64]])
def test_one_convolution_is_all_hand_made_filters(lengths: list[int]) -> None:
    model = zoo.create_model("lite_tiny", (50, 2), 3, patterns=lengths)
    layer = model.get_layer("hand_made")
    assert hand_made(lengths).shape[1] == 3 * len(lengths) - 1
    x = np.random.default_rng(0).normal(size=(1, 1, 50, 2)).astype(np.float32)
    expected = sum(one_by_one(x[0, 0, :, feature], lengths) for feature in range(2))
    got = keras.ops.convert_to_numpy(layer(x))[0, 0]
    np.testing.assert_allclose(got, np.maximum(expected, 0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("steps", "span", "tokens"),
    [
        (2, 1, 2),
        (8, 1, 8),
        (100, 1, 100),
        (101, 2, 51),
        (150, 2, 75),
        (286, 4, 72),
        (1460, 20, 73),
    ],
)
def test_long_sequences_have_several_steps_a_token(steps: int, span: int, tokens: int) -> None:
    assert default_span(steps) == span
    model = zoo.create_model("transformer_tiny", (steps, 1), 2)
    (position,) = (one for one in model.layers if isinstance(one, PositionEmbedding))
    assert position.embedding.shape[0] == tokens


def test_a_convolution_in_front_shortens_the_loop() -> None:
    model = zoo.create_model("gru_conv_tiny", (20, 3), 2, front_stride=4)
    (gru,) = (one for one in model.layers if isinstance(one, layers.GRU))
    assert tuple(gru.input.shape) == (None, 5, 8)
    assert not make_twin(model).streams()


# concatenations


def kinds(model: keras.Model) -> list[type]:
    return [type(part) for part in make_twin(model).parts]


def test_norm_and_activation_go_into_the_parts_of_a_concatenation() -> None:
    parts = make_twin(fill_weights(zoo.create_model("inception_tiny", (12, 2), 3))).parts
    assert Multiply not in [type(part) for part in parts]
    for part in parts:
        if isinstance(part, Concat):
            sharing = [type(one) for one in parts if one.result() is part.output_range]
            assert sharing.count(Conv) == 4
    lite = kinds(fill_weights(zoo.create_model("lite_small", (12, 1), 3)))
    assert lite.count(Add) == 2  # of the input, for all who pad it; after the hand-made filters
    assert Multiply not in lite


def branches(axis: int, negative: bool = False, others: bool = False) -> keras.Model:
    """Parts of all kinds, a norm and an activation after them."""
    inputs = keras.Input((1, 8, 2))
    convolved = layers.Conv2D(2, (1, 3), padding="same")(inputs)
    parts = [convolved, layers.MaxPooling2D((1, 3), 1, padding="same")(convolved)]
    parts += [layers.Conv2D(2, 1, activation="silu")(inputs), layers.Conv2D(2, 1)(convolved)]
    pair = [parts[0], layers.Conv2D(2, 1)(inputs)]
    parts.append(layers.Concatenate(axis=axis)(pair))
    x = joined = layers.Concatenate(axis=axis)(parts)
    norm = layers.BatchNormalization()
    x = layers.ReLU()(norm(x))
    if others:
        x = layers.Add()([x, joined])
    model = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))
    fill_weights(model)
    if negative:
        gamma, *rest = norm.get_weights()
        gamma[::3] *= -1
        norm.set_weights([gamma, *rest])
    return model


@pytest.mark.parametrize("axis", [-1, 2, 3, 1])
@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("others", [False, True])
def test_concatenations_of_users_models(axis: int, negative: bool, others: bool) -> None:
    compare(branches(axis, negative, others))


def test_a_negative_gain_after_a_relu_stays_a_product() -> None:
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    norm = layers.BatchNormalization()
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(layers.ReLU()(norm(x)))))
    fill_weights(model)
    compare(model)
    assert Multiply not in kinds(model)
    gamma, *rest = norm.get_weights()
    gamma[1], gamma[2] = -gamma[1], 0
    norm.set_weights([gamma, *rest])
    compare(model)
    assert Multiply in kinds(model)


def one_dimensional() -> keras.Model:
    """A user's own: one-dimensional layers, a shortcut, parts side by side."""
    inputs = keras.Input((13, 3))
    x = layers.Conv1D(6, 5, strides=2, padding="same", use_bias=False)(inputs)
    x = y = layers.ReLU()(layers.BatchNormalization(axis=2)(x))
    y = layers.SeparableConv1D(6, 3, dilation_rate=2, padding="same")(y)
    x = layers.Dropout(0.1)(layers.Add()([x, y]))
    x = layers.Concatenate()([layers.MaxPooling1D(2)(x), layers.AveragePooling1D(2)(x)])
    x = layers.DepthwiseConv1D(2, activation="relu")(x)
    dense = layers.Dense(3)(layers.Flatten()(layers.Conv1D(4, 1)(x)))
    mean = layers.Dense(3)(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, layers.Add()([dense, mean]))


def test_layers_of_one_dimension() -> None:
    model = fill_weights(one_dimensional())
    compare(model)
    names = [operator.name for operator in outline(model).operators]
    assert names.count("RESHAPE") == 2  # in front, and to flatten
    steps = keras.Sequential([layers.Input((6, 2)), layers.Conv1D(3, 2), layers.Permute((2, 1))])
    compare(fill_weights(steps))


@pytest.mark.parametrize("others", [False, True])
def test_the_file_concatenates_what_the_twin_does(others: bool, tmp_path: Path) -> None:
    model = branches(-1, others=others)
    x = np.random.default_rng(0).normal(size=(60, 1, 8, 2)).astype(np.float32)
    result = export.to_litert(model, data=data_of(x, np.arange(60) % 3), directory=tmp_path)
    found = result.int8_audit
    assert found is not None
    assert found.integer_only, found.floats
    names = [operator.name for operator in outline(model).operators]
    assert {name: names.count(name) for name in sorted(names)} == found.operators
    interpreter = load(result.int8_file)
    step = interpreter.get_output_details()[0]["quantization"][0]
    of_file = predict(interpreter, x, result.scaling)
    assert result.plan.quantized is not None
    of_twin = result.plan.quantized.twin.predict(x, verbose=0)
    assert (np.abs(of_file - of_twin) < 1.5 * step).mean() > 0.97
