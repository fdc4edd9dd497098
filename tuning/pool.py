"""Starts the process that forks trials (see `tuning.worker`), and again if something killed it."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import keras

from tuning.shared import Job
from zoo import UserError

ROOT = Path(__file__).parents[1]
SECONDS_TO_START = 300


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pool:
    """Trials, each in a process of its own.

    Args:
        jobs: how many will run at a time; they share the cores evenly.
        log: what native code prints goes there.
    """

    def __init__(self, jobs: int, log: Path) -> None:
        self._jobs, self._log = jobs, log
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> "Pool":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def launch(self, job: Job) -> socket.socket:
        """Start a trial and return the socket it speaks over."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            try:
                self._send(theirs)
            except OSError:  # somebody killed the process
                self._stop()
                self._start()
                self._send(theirs)
        ours.sendall(job.to_line())
        return ours

    def _send(self, connection: socket.socket) -> None:
        assert self._control is not None
        socket.send_fds(self._control, [b"."], [connection.fileno()])

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tuning.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; they end with their sockets
            )
        self._control.settimeout(SECONDS_TO_START)
        if self._control.recv(5) != b"ready":
            raise UserError(
                f"The process that runs the trials did not start. {self._log} says why."
            )
        self._control.settimeout(None)

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _environment(self) -> dict[str, str]:
        """Return the environment, with the backend and the threads of a trial.

        Every backend has a variable of its own; they are read when the first operation runs, which
        is in the trial.
        """
        threads = str(max(1, cores() // self._jobs))
        names = (
            "OMP_NUM_THREADS",
            "TF_NUM_INTRAOP_THREADS",
            "TF_NUM_INTEROP_THREADS",
            "PJRT_NPROC",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
        )
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        chosen = {"KERAS_BACKEND": keras.backend.backend(), "PYTHONPATH": path}
        return os.environ | chosen | dict.fromkeys(names, threads)
