"""One small instance of every preset, filled with the same weights on every backend."""

import dataclasses
import functools
import json

import keras
import numpy as np

import zoo
from zoo.presets import PRESETS

# family -> rows small enough for seconds, and outputs
SMALL = {
    "mlp": ((30,), 2),
    "cnn": ((8, 8, 1), 10),
    "gru": ((8, 8), 10),
    "lite": ((8, 8), 10),
    "inception": ((8, 8), 10),
    "transformer": ((8, 8), 10),
    "vit": ((8, 8, 1), 10),
}
NAMES = list(PRESETS)
TINY = [name for name in NAMES if name.endswith("_tiny")]
FIRST = [next(name for name in TINY if PRESETS[name].family == family) for family in SMALL]
# All presets are tried in full on one backend, the tiny ones on each; `test_parity.py` says that
# every preset computes the same on all.
EVERYTHING = keras.backend.backend() == "torch"
TRIED = NAMES if EVERYTHING else TINY
TRAINED = TINY if EVERYTHING else FIRST
COSTLY = NAMES if EVERYTHING else FIRST  # such as exports: the converter is always TensorFlow's
# a set that each family is at home with
HOME = {
    "mlp": "breast_cancer",
    "cnn": "digits",
    "gru": "digits_rows",
    "lite": "digits_rows",
    "inception": "digits_rows",
    "transformer": "digits_rows",
    "vit": "digits",
}


def family(name: str) -> str:
    return PRESETS[name].family


def spec(name: str, **overrides: object) -> zoo.ModelSpec:
    shape, outputs = SMALL[family(name)]
    return zoo.ModelSpec(name, shape, outputs, overrides)


def rows(name: str, count: int = 16, seed: int = 0) -> np.ndarray:
    shape, _ = SMALL[family(name)]
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


def fill(name: str, seed: int = 0) -> keras.Model:
    """Build a preset and fill it with weights like trained ones, from NumPy's generator."""
    return fill_weights(spec(name).build(), seed)


def fill_weights(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give a model weights like trained ones."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(0.0, 1.0, weight.shape)
        if weight.name in ("gamma", "scale", "moving_variance"):
            values = 1.0 + 0.2 * np.abs(values)
        elif len(weight.shape) < 2:
            values = 0.1 * values
        else:
            values = 0.5 * values / np.sqrt(np.prod(weight.shape[:-1]))
        weight.assign(values.astype(np.float32))
    return model


# for tests that leave the model as it is
filled = functools.cache(fill)


def round_trip(described: zoo.ModelSpec) -> zoo.ModelSpec:
    """Send a spec through JSON."""
    fields = json.loads(json.dumps(dataclasses.asdict(described)))
    return zoo.ModelSpec(**fields | {"input_shape": tuple(fields["input_shape"])})


def data_for(name: str, count: int) -> zoo.Data:
    """Return random rows for a preset, with classes that have nothing to do with them."""
    return data_of(rows(name, count), np.arange(count) % SMALL[family(name)][1])


def data_of(x: np.ndarray, y: np.ndarray) -> zoo.Data:
    """Wrap rows and class numbers as training rows without validation rows."""
    classes = tuple(str(label) for label in np.unique(y))
    parts = (x, y, x[:0], y[:0], x[:8], y[:8])
    return zoo.Data("rows", "rows", 0, "classification", classes, "sha256:0", *parts)
