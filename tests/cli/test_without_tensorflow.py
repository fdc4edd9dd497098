"""Commands where TensorFlow cannot be imported: on JAX and Torch they do without."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zoo

CODE = """
import sys
sys.modules["tensorflow"] = None  # importing it fails
from pocketzoo.cli import app
for line in sys.argv[1:]:
    try:
        app(line.split())
    except SystemExit as ended:
        if ended.code:
            sys.exit(f"{line}: {ended.code}")
"""


@pytest.mark.usefixtures("all_alike")
@pytest.mark.parametrize("backend", ["torch", pytest.param("jax", marks=pytest.mark.slow)])
def test_from_training_to_predictions(backend: str, wine: zoo.Data, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", wine.x_test)
    lines = (
        "train wine mlp_tiny --out run --epochs 2",
        "export run --accept-few-rows --max-drop 20",
        "predict run rows.npy",
        "check run/model_int8.tflite",
        "drift run rows.npy",
    )
    ended = subprocess.run(
        [sys.executable, "-c", CODE, *lines],
        cwd=tmp_path,
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "run" / "report.html").exists()


TWINS = """
import sys
import keras
from keras import layers
from zoo.quantization import make_twin
pictures, steps = keras.Input((3, 8, 8)), keras.Input((4, 6))
first = layers.Conv2D(4, 3, data_format="channels_first")(pictures)
inner = keras.Sequential([keras.Input((6,)), layers.Dense(3), layers.BatchNormalization()])
every = layers.TimeDistributed(inner)(layers.SpectralNormalization(layers.Dense(6))(steps))
for ends in ((pictures, first), (steps, every)):
    make_twin(keras.Model(*ends))
sys.exit("tensorflow" in sys.modules)
"""


def test_layers_that_are_made_again() -> None:
    """Keras imports TensorFlow to write down what a layer's settings are."""
    ended = subprocess.run(
        [sys.executable, "-c", TWINS],
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
