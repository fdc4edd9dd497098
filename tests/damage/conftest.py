"""A hundred damaged inputs: a clear message each; none crashes, hangs, or fills the memory."""

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

SECONDS, MEGABYTES = 30, 700  # most that a damaged input may take


@pytest.fixture(autouse=True)
def _bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End what hangs, and what takes much memory."""
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))

    def hangs(*_: object) -> None:
        raise AssertionError("it hangs")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    previous = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert taken < MEGABYTES * 1024
