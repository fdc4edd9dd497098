"""Backends: what is imported under which, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from zoo.backends import (
    WAITING,
    avoid_broken_kernels,
    name_torch_cache,
    require_backend,
    share_cores,
)
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


def test_torch_leaves_no_folder_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "TORCHINDUCTOR_CACHE_DIR"
    monkeypatch.setenv(name, "")  # so that what is set here goes again
    monkeypatch.delenv(name)
    (tmp_path / "file").touch()
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "file"))  # where no folder can be made
    name_torch_cache()
    assert name not in os.environ
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))
    name_torch_cache()
    assert os.environ[name] == str(tmp_path / "cache" / "torch")
    assert Path(os.environ[name]).is_dir()
    monkeypatch.setenv(name, "mine")
    name_torch_cache()
    assert os.environ[name] == "mine"


def test_threads_that_wait_do_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_WAIT_POLICY", *WAITING):
        monkeypatch.setenv(name, "")  # so that what is set here goes again
        monkeypatch.delenv(name)
    monkeypatch.setenv("KMP_BLOCKTIME", "7")
    share_cores()
    assert os.environ["GOMP_SPINCOUNT"] == "1000"
    assert os.environ["KMP_BLOCKTIME"] == "7"
    monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    share_cores()
    assert "GOMP_SPINCOUNT" not in os.environ


def test_waiting_is_set_before_a_library_loads() -> None:
    code = "import zoo, os; print(os.environ['GOMP_SPINCOUNT'])"
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    made = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert made.stdout == "1000\n"


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
