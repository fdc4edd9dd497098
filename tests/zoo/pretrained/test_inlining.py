"""Models inside models, and operations that are no layers, become plain layers."""

import keras
import numpy as np
from keras import layers, ops

from tests.helpers.instances import fill_weights
from zoo.pretrained.inlining import flattened


def test_models_inside_models_are_taken_apart() -> None:
    inner = keras.Sequential([layers.Input((6,)), layers.Dense(5, name="same"), layers.ReLU()])
    inputs = keras.Input((6,))
    x = layers.Dense(5, name="same")(inputs)
    norm = layers.Normalization(name="norm")
    twice = layers.Dense(5, activation="relu", name="twice")
    y = norm(inner(layers.Dense(6)(x)) + twice(twice(x)))
    norm.adapt(np.random.default_rng(0).normal(2, 3, (50, 5)))
    model = keras.Model(inputs, layers.Dense(2)(y))
    flat = flattened(model)
    assert not any(isinstance(layer, keras.Model) for layer in flat.layers)
    rows = np.random.default_rng(1).normal(size=(7, 6)).astype(np.float32)
    np.testing.assert_allclose(
        flat.predict(rows, verbose=0), model.predict(rows, verbose=0), rtol=1e-5, atol=1e-6
    )
    assert flattened(flat) is flat


def test_operations_that_are_no_layers() -> None:
    inputs = keras.Input((4, 4, 3))
    x = layers.Conv2D(6, 1)(inputs)
    one = 2.0 - ops.sigmoid(x) / 4.0
    two = ops.multiply(x, np.linspace(1, 2, 6, dtype=np.float32)) + ops.tanh(x)
    three = ops.relu6(x - one) * two - ops.silu(x)
    y = layers.Flatten()(three + ops.hard_sigmoid(x) + ops.hard_silu(x))
    model = fill_weights(keras.Model(inputs, layers.Dense(3)(y)))
    from tests.zoo.quantization.test_folding import compare

    compare(model)
