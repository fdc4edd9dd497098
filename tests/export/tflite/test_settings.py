"""Everyday layers and settings: the file gives what the twin does, the float file what Keras does.

LiteRT-Micro runs the file too, but where it lacks an operator.
"""

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
from zoo.quantization import make_twin
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
    "threshold": [lambda x: ops.threshold(x, 0.4, -0.2)],
    "softmax over rows": [layers.Softmax(axis=1)],
    "folded": [layers.Activation("selu"), layers.Conv2D(5, 1)],
    "joined": [
        lambda x: ops.relu(layers.Concatenate()([x, layers.Conv2D(3, 1)(x)])),
        layers.ReLU(2.0),
    ],
}
CASES: dict[str, tuple[tuple[int, ...], list[Any]]] = {
    **{name: (IMAGE, [layers.Conv2D(6, 3), *given]) for name, given in ACTIVATIONS.items()},
}
NOT_MICRO = {"gelu, approximate": "GELU"}


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
    assert audit(path).integer_only
    apart = steps_apart(twin, path.read_bytes(), x)
    assert apart.max() <= FAR
    assert (apart <= 1).mean() > 0.99
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
    assert np.abs(of_litert.astype(int) - found.outputs[0]).max() <= FAR
