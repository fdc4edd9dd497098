"""The cache of what JAX compiles: where it is, whose, and how large."""

import os
from pathlib import Path

import keras
import pytest

from tuning.sweep import compiled
from tuning.sweep.compiled import FOLDER, cache_settings, shrink
from tuning.sweep.pool import Pool


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_folder_of_this_user_alone(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(cache_settings()[FOLDER])
    assert folder.parent == cache
    assert folder.stat().st_mode & 0o777 == 0o700
    assert cache_settings()["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "0"
    monkeypatch.setenv(FOLDER, "mine")
    assert cache_settings() == {}


@pytest.mark.parametrize(
    "fault", ["anyone may write", "a group may", "a link", "another's", "none"]
)
def test_where_others_may_write_nothing_is_read(
    fault: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(cache_settings()[FOLDER])
    if fault == "a link":
        moved = folder.rename(folder.parent / "elsewhere")
        folder.symlink_to(moved)
    elif fault == "another's":
        monkeypatch.setattr(compiled.os, "getuid", lambda: os.geteuid() + 1)
    elif fault == "none":
        monkeypatch.setenv("POCKETZOO_CACHE", "/proc/none")
    else:
        folder.chmod({"anyone may write": 0o707, "a group may": 0o770}[fault])
    assert cache_settings() == {}


def test_each_processor_has_its_own(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for flags in ("sse avx", "sse avx avx512f"):
        info = cache.parent / "cpuinfo"
        info.write_text(f"processor : 0\nMHz : {len(found)}\nflags : {flags}\n")
        monkeypatch.setattr(compiled, "CPU", info)
        found.add(cache_settings()[FOLDER])
    assert len(found) == 2


def test_the_oldest_go(tmp_path: Path) -> None:
    for n in range(10):
        (tmp_path / f"{n}-cache").write_bytes(bytes(10))
        os.utime(tmp_path / f"{n}-cache", (n, n))
    shrink(tmp_path, most=100)
    assert len([*tmp_path.iterdir()]) == 10
    shrink(tmp_path, most=99)
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == list("6789")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_trials_on_jax_are_told(backend: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    pool = Pool(1, cache.parent / "log")
    assert (FOLDER in pool._environment()) == (backend == "jax")
    monkeypatch.setenv(FOLDER, "mine")
    assert pool._environment()[FOLDER] == "mine"
