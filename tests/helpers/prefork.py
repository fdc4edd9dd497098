"""A process that has TensorFlow imported and forks a converter for each job.

Importing it takes longer than converting a small model; tests do that a hundred times. Each job is
still a process of its own, given what a new one would be given. The command-line tests and those of
`export.child` start real ones.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

MODULES = ("export.conversion.convert", "export.conversion.formats_child")


class Prefork:
    """Stands in for the module `subprocess` in `export.child`."""

    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def run(self, command: list[str], **given: Any) -> "subprocess.CompletedProcess[str]":
        if command[2] != "-m" or command[3] not in MODULES:
            return subprocess.run(command, **given)
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-P", __file__],
                env=given["env"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            job = {
                "module": command[3],
                "argument": command[4],
                "timeout": given["timeout"],
                "folder": folder,
            }
            self._server.stdin.write(json.dumps(job | {"env": dict(given["env"])}) + "\n")
            self._server.stdin.flush()
            code = json.loads(self._server.stdout.readline())
            out, err = ((Path(folder) / name).read_text() for name in ("out", "err"))
        if code is None:
            raise subprocess.TimeoutExpired(command, given["timeout"])
        return subprocess.CompletedProcess(command, code, out, err)

    def close(self) -> None:
        if self._server is not None:
            self._server.communicate()


def _serve() -> None:
    import export.conversion.convert  # noqa: F401  (what every job needs)

    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            _work(job)
        print(json.dumps(_wait(child, job["timeout"])), flush=True)


def _work(job: dict[str, Any]) -> None:
    for name, number in (("out", 1), ("err", 2)):
        file = os.open(Path(job["folder"]) / name, os.O_CREAT | os.O_WRONLY)
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(job["env"])
    sys.argv = [job["module"], job["argument"]]
    code = 1
    try:
        runpy.run_module(job["module"], run_name="__main__")
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(child: int, seconds: float) -> int | None:
    """Return a child's exit code, or None after killing it for taking too long."""
    late = False

    def stop(*_: object) -> None:
        nonlocal late
        late = True
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _, status = os.waitpid(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return None if late else os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    _serve()
