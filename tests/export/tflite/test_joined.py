"""Outputs that the host puts together: a graph ends before the concatenations of its model."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import export
from export.tflite.joined import Joined
from zoo import UserError
from zoo.quantization import make_twin
from zoo.quantization.joints import graph_ends
from zoo.quantization.layers.arithmetic import Exact


def head(x: keras.KerasTensor, stride: int, classes: int) -> keras.KerasTensor:
    """Boxes and classes of one map as cells, in ranges far apart."""
    parts = []
    for name, count, size in (("box", 4, 30.0), ("class", classes, 0.1)):
        start = keras.initializers.RandomNormal(stddev=size, seed=stride + count)
        conv = layers.Conv2D(count, 1, kernel_initializer=start, name=f"{name}_{stride}")
        y = conv(x)
        parts.append(layers.Reshape((y.shape[1] * y.shape[2], count))(y))
    return layers.Concatenate()(parts)  # (cells, 4 + classes)


def detector() -> keras.Model:
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, 4, padding="same", activation="relu")(inputs)  # (4, 4, 8)
    y = layers.Conv2D(8, 3, 2, padding="same", activation="relu")(x)  # (2, 2, 8)
    cells = layers.Concatenate(axis=1)([head(x, 4, 2), head(y, 8, 2)])  # (20, 6)
    return keras.Model(inputs, cells)


def rows(count: int = 120) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 16, 16, 3)).astype(np.float32)


def test_ends_are_what_is_concatenated() -> None:
    tensors, joint = graph_ends(detector())
    assert joint is not None
    assert joint.shape == (20, 6)
    assert [place.name for place in joint.places] == ["box_4", "class_4", "box_8", "class_8"]
    assert [place.at for place in joint.places] == [(0, 0), (0, 4), (16, 0), (16, 4)]
    assert [tuple(one.shape[1:]) for one in tensors] == [(4, 4, 4), (4, 4, 2), (2, 2, 4), (2, 2, 2)]


def test_join_is_the_way_back_from_split() -> None:
    _, joint = graph_ends(detector())
    assert joint is not None
    whole = np.random.default_rng(1).normal(size=(3, 20, 6)).astype(np.float32)
    np.testing.assert_array_equal(joint.join(joint.split(whole)), whole)


def test_twin_gives_the_array_of_the_model() -> None:
    model, x = detector(), rows(5)
    twin = make_twin(model)
    found = [keras.ops.convert_to_numpy(one) for one in twin.run(x, Exact())]
    assert len(found) == 4
    np.testing.assert_allclose(twin.real(found), model.predict(x, verbose=0), rtol=1e-4, atol=1e-4)


def test_each_part_has_a_scale_of_its_own(tmp_path) -> None:  # type: ignore[no-untyped-def]
    made = export.to_litert(detector(), data=rows(), directory=tmp_path / "out")
    scales = {name: one.scale[0] for name, one in made.outputs.items()}
    assert list(scales) == ["box_4", "class_4", "box_8", "class_8"]
    assert scales["box_4"] > 50 * scales["class_4"]
    assert min(near.signal_to_noise for near in made.fidelity.values()) > 25
    assert "CONCATENATION" not in made.audits["model_int8.tflite"].operators


@pytest.mark.parametrize(
    "build",
    [
        lambda x: layers.Concatenate()([layers.Dense(2)(x), layers.Dense(3)(x)]),  # a vector
        lambda x: layers.Reshape((2, 2))(layers.Dense(4)(x)),  # nothing is concatenated
        lambda x: layers.Concatenate()([layers.Reshape((8, 1))(x), layers.Reshape((8, 1))(x)]),
    ],
    ids=["vector", "one", "the input twice"],
)
def test_others_stay_whole(build) -> None:  # type: ignore[no-untyped-def]
    x = keras.Input((8,))
    model = keras.Model(x, build(x))
    tensors, joint = graph_ends(model)
    assert joint is None
    assert tensors[0] is model.outputs[0]


def test_report_holds_how_parts_are_joined(tmp_path) -> None:  # type: ignore[no-untyped-def]
    _, joint = graph_ends(detector())
    assert joint is not None
    made = export.to_litert(detector(), data=rows(), directory=tmp_path / "out")
    joined = Joined(joint, tuple(made.outputs.values()))
    held = json.loads(json.dumps(joined.described()))
    assert Joined.read(held) == joined
    held["parts"][0]["at"] = [19, 0]
    with pytest.raises(UserError, match="the report tells of do not fit"):
        Joined.read(held)
    quantized = [np.zeros((2, *place.own), np.int8) for place in joint.places]
    assert joined.dequantize(quantized).shape == (2, 20, 6)
    with pytest.raises(UserError, match="report tells of outputs of"):
        joined.dequantize(quantized[::-1])
