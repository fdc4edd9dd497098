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
