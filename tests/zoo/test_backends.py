"""Backends: what is imported under which, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from zoo.backends import avoid_broken_kernels, require_backend
from zoo.files import as_json


def test_backend_must_be_known_and_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jaxx")
    with pytest.raises(
        zoo.UserError, match="KERAS_BACKEND='jaxx' is not known. Did you mean 'jax'"
    ):
        require_backend()
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(zoo.UserError, match=r"not installed. .*pip install 'pocketzoo\[torch\]'"):
        require_backend()
    monkeypatch.delenv("KERAS_BACKEND")
    require_backend()


@pytest.mark.parametrize(
    ("version", "flags", "expected"),
    [
        ("2.13.0", "sse4_1 avx avx2", "SSE41"),
        ("2.13.0", "avx2 avx512f", None),
        ("2.14.1", "sse4_1 avx avx2", None),
    ],
)
def test_kernels_that_abort_are_avoided(
    version: str,
    flags: str,
    expected: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}")
    monkeypatch.setattr("zoo.backends.CPU", tmp_path / "cpuinfo")
    monkeypatch.setattr("importlib.metadata.version", lambda _: version)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "")  # so that what is set here goes again
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    avoid_broken_kernels()
    assert os.environ.get("ONEDNN_MAX_CPU_ISA") == expected
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    avoid_broken_kernels()
    assert os.environ["ONEDNN_MAX_CPU_ISA"] == "AVX2"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_import_brings_no_tensorflow_on_other_backends(backend: str) -> None:
    code = "import sys, zoo.public; sys.exit('tensorflow' in sys.modules)"
    environment = os.environ | {"KERAS_BACKEND": backend}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


def test_legacy_keras_stays_out_of_the_process() -> None:
    code = (
        "import os, sys, zoo.public, tuning.public, export, pocketzoo.cli;"
        "sys.exit(bool({'tf_keras', 'tensorflow_model_optimization'} & set(sys.modules)"
        " or os.environ.get('TF_USE_LEGACY_KERAS')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"value": float("nan")})
