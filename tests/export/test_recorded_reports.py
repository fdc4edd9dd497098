"""Reports say what they said: key by key, beside those on record."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.recording import NAMES, RECORDED, report_of


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_the_one_on_record(name: str, tmp_path: Path) -> None:
    """Keys, their order and all words are the same; figures but for the last digits of floats."""
    expected = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    _same("report", report_of(name, tmp_path / "run"), expected)


def _same(where: str, found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key, value in expected.items():
            _same(f"{where}.{key}", found[key], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for number, (mine, value) in enumerate(zip(found, expected, strict=True)):
            _same(f"{where}[{number}]", mine, value)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-6), where
    elif "model_float.tflite" in where:  # TensorFlow's names of its tensors differ by process
        assert "bytes" not in where or found == pytest.approx(expected, rel=0.02), where
    elif "sha256" not in where:
        assert found == expected, where
