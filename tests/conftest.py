"""What all tests share. Torch is imported before TensorFlow: the other order crashes."""

import importlib.util
import os

if importlib.util.find_spec("torch"):
    import torch  # noqa: F401

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pathlib import Path

import pytest

import zoo


@pytest.fixture(scope="session")
def digits() -> zoo.Data:
    return zoo.load_data("digits")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder that does not exist yet."""
    return tmp_path / "run"
