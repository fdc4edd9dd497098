"""Files that several runtimes are tried on."""

from pathlib import Path

import keras
import numpy as np
import pytest

import export
from tests.export.runtimes.files import converted
from tests.helpers.instances import fill


@pytest.fixture(scope="session")
def mlp(exported: export.Export) -> Path:
    return exported.int8_file


@pytest.fixture(scope="session")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return converted(fill("cnn_tiny"), "cnn_tiny", tmp_path_factory.mktemp("cnn"))


@pytest.fixture(scope="session")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with what each of the two lacks: GELU (LiteRT-Micro) and GATHER (Ethos-U)."""
    inputs = keras.Input((30,))
    x = keras.layers.Dense(16, activation="gelu")(inputs)
    x = keras.ops.take(x, np.array([3, 1, 0]), axis=1)
    model = keras.Model(inputs, keras.layers.Dense(2)(x))
    return converted(model, "mlp_tiny", tmp_path_factory.mktemp("refused"), "converter")
