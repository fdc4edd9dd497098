"""Processes that have TensorFlow, or another heavy package, imported and fork for each job.

Importing it takes longer than converting a small model; tests do that a hundred times. Each job is
still a process of its own, given what a new one would be given. The tests that run a command in a
process of its own and those of `export.child` start real ones.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONVERT = "export.conversion.convert"
MICRO = str(Path(__file__).parents[2] / "export" / "runtimes" / "micro_child.py")
# module or script of a job -> what the process that forks it has imported
IMPORTED = {
    CONVERT: CONVERT,
    "export.conversion.formats_child": CONVERT,
    "export.runtimes.probe": CONVERT,
    "export.conversion.tfmot": "export.conversion.tfmot",  # of Keras 2, so with no other
    "ethosu.vela": "ethosu.vela.vela",
    MICRO: "tflite_micro.python.tflite_micro.runtime",
}


class Prefork:
    """Stands in for the module `subprocess` in `export.child`."""

    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self) -> None:
        self._servers: dict[str, subprocess.Popen[str]] = {}

    def run(self, command: list[str], **given: Any) -> "subprocess.CompletedProcess[str]":
        given_to = command[4:]  # of Python, -P, the leash and this process
        name, *arguments = given_to[1:] if given_to[0] == "-m" else given_to
        if name not in IMPORTED:
            return subprocess.run(command, **given)
        server = self._server(IMPORTED[name], given["env"])
        assert server.stdin is not None
        assert server.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            job = {
                "name": name,
                "arguments": arguments,
                "timeout": given["timeout"],
                "folder": folder,
                "env": dict(given["env"]),
                "here": str(given.get("cwd") or os.getcwd()),
            }
            server.stdin.write(json.dumps(job) + "\n")
            server.stdin.flush()
            code = json.loads(server.stdout.readline())
            if code is None:
                raise subprocess.TimeoutExpired(command, given["timeout"])
            out, err = ((Path(folder) / name).read_text() for name in ("out", "err"))
        return subprocess.CompletedProcess(command, code, out, err)

    def _server(self, module: str, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
        if module not in self._servers:
            self._servers[module] = subprocess.Popen(
                [sys.executable, "-P", __file__, module],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        return self._servers[module]

    def close(self) -> None:
        for server in self._servers.values():
            server.communicate()


def _serve(module: str) -> None:
    importlib.import_module(module)
    gc.freeze()  # or every child walks, and so copies, all that was imported: half a second each
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
    os.chdir(job["here"])
    os.environ.clear()
    os.environ.update(job["env"])
    tempfile.tempdir = None  # the job's own, by its TMPDIR
    sys.argv = [job["name"], *job["arguments"]]
    code = 1
    warnings.filterwarnings("ignore", module="runpy")  # it is imported already: that is the point
    try:
        run = runpy.run_path if job["name"].endswith(".py") else runpy.run_module
        run(job["name"], run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):  # as Python does
            print(ended.code, file=sys.stderr)
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
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # it stays there to be killed, if that late
    signal.setitimer(signal.ITIMER_REAL, 0)
    _, status = os.waitpid(child, 0)
    return None if late else os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    _serve(sys.argv[1])
