"""The same weights on three backends give the same logits.

Slow: three processes build all presets. `make test` compares the tiny ones with recorded logits on
each backend (`test_golden_logits`).
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from tests.helpers.instances import NAMES
from zoo.backends import BACKENDS

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def logits(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, np.ndarray]]:
    """Return the logits of each backend; of two workers one makes them, the other waits."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if hasattr(request.config, "workerinput") else folder
    with FileLock(folder / "parity.lock"):
        for backend in BACKENDS:
            environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-m", "tests.helpers.logits", str(folder)]
            if not (folder / f"{backend}.npz").exists():
                subprocess.run(command, env=environment, check=True, cwd=ROOT, capture_output=True)
    return {backend: dict(np.load(folder / f"{backend}.npz")) for backend in BACKENDS}


@pytest.mark.parametrize("name", NAMES)
def test_same_logits_on_three_backends(name: str, logits: dict[str, dict[str, np.ndarray]]) -> None:
    reference = logits["tensorflow"][name]
    for backend in BACKENDS:
        difference = np.max(np.abs(logits[backend][name] - reference)) / np.max(np.abs(reference))
        assert difference < 1e-4, backend
        assert (logits[backend][name].argmax(axis=1) == reference.argmax(axis=1)).all(), backend
