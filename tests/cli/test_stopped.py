"""Commands that are ended from outside: no child goes on alone, nothing stays behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import zoo
from tuning import Recipe, train


def children(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    own = [int(one) for one in listed]
    return own + [one for child in own for one in children(child)]


def at_work(pid: int, module: str) -> bool:
    try:
        return module in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_an_export_that_is_ended(number: int, wine: zoo.Data, tmp_path: Path) -> None:
    run, _ = train("mlp_tiny", wine, directory=tmp_path / "run", recipe=Recipe(epochs=1))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "pocketzoo", "export", str(run.path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as started:
        until = time.monotonic() + 120
        found: list[int] = []
        while not any(at_work(pid, "leash.py") for pid in found):
            assert time.monotonic() < until
            assert started.poll() is None
            time.sleep(0.05)
            found = children(started.pid)
        started.send_signal(number)
        _, err = started.communicate(timeout=30)
    time.sleep(0.5)
    killed = number == signal.SIGKILL
    assert started.returncode == (-number if killed else 1)
    assert killed or "Nothing is lost. To continue: " in err
    assert not [pid for pid in found if at_work(pid, "leash.py")]
    assert killed or not list(temporary.iterdir())
    assert not (run.path / "report.json").exists()


@pytest.mark.parametrize(
    ("code", "ended", "said"), [("3", 3, ""), ("None", 0, ""), ("'no'", 1, "no")]
)
def test_a_command_ends_without_taking_modules_apart(code: str, ended: int, said: str) -> None:
    script = (
        "import atexit, sys\n"
        "from pocketzoo.process import leave\n"
        "class Apart:\n"
        "    def __del__(self): print('apart')\n"
        "kept = Apart()\n"
        "atexit.register(print, 'registered')\n"
        f"stop = SystemExit({code})\n"
        "leave(stop)\n"
        "raise stop\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == ended
    assert done.stdout.split()[0] == "registered"
    assert ("apart" in done.stdout) == bool(said)
    assert done.stderr.strip() == said
