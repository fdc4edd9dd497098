"""The process that forks trials (`tuning.sweep.worker`): started, and restarted if killed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras

from tuning.study.ledger import KILLS
from tuning.sweep.cards import SPARING, Cards
from tuning.sweep.compiled import cache_settings
from tuning.sweep.shared import Job
from zoo import UserError
from zoo.leash import LEASH

ROOT = Path(__file__).parents[2]
WORKER = ("-m", "tuning.sweep.worker")
SECONDS_TO_START = 300
KILLED = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)  # by somebody else


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pool:
    """Trials, each in a process of its own; what forks them is started for the first.

    Args:
        jobs: how many will run at a time; they share the cores evenly.
        log: what native code prints goes there.
        cards: that trials have one each of, as far as they go round.
    """

    def __init__(self, jobs: int, log: Path, cards: Sequence[str] = ()) -> None:
        self.jobs, self._log, self._cards = jobs, log, Cards(cards)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def launch(self, job: Job) -> socket.socket:
        """Start a trial and return the socket it speaks over.

        Raises:
            UserError: the process that forks trials does not start.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                while not self._send(theirs):  # the first, or somebody killed the process
                    self._stop()
                    self._start()
        except BaseException:
            ours.close()
            raise
        with self._lock:
            mine = replace(job, card=self._cards.take(ours))
        with contextlib.suppress(OSError):  # killed already; the end of its socket tells
            ours.sendall(mine.to_line())
        return ours

    def _send(self, connection: socket.socket) -> bool:
        if self._control is None:
            return False
        try:
            socket.send_fds(self._control, [b"."], [connection.fileno()])
        except OSError:
            return False
        return True

    def _start(self) -> None:
        """Start the process, again if somebody kills it meanwhile."""
        for _ in range(KILLS):
            code = self._started()
            if code is None:
                return
            self._stop()
            if -code not in KILLED:
                break
        raise UserError(
            f"The process that runs the trials did not start. See {self._log} for the reason."
        )

    def _started(self) -> int | None:
        """Start the process; return None, or with which exit code it has ended instead."""
        self._control, theirs = socket.socketpair()
        with theirs, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", LEASH, str(os.getpid()), *WORKER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; they end with their sockets
            )
        self._control.settimeout(SECONDS_TO_START)
        try:
            if self._control.recv(5) != b"ready":
                return self._process.wait(SECONDS_TO_START)
        except (TimeoutError, subprocess.TimeoutExpired):
            return 1
        self._control.settimeout(None)
        return None

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._log.is_file() and not self._log.stat().st_size:
            self._log.unlink()

    def _environment(self) -> dict[str, str]:
        """Return the environment, with the backend and the threads of a trial: its share of the
        cores, or OMP_NUM_THREADS where that is less.

        Every backend has a variable of its own; they are read when the first operation runs, which
        is in the trial.
        """
        threads = max(1, cores() // self.jobs)
        wanted = os.environ.get("OMP_NUM_THREADS", "")
        threads = min(threads, int(wanted)) if wanted.isdigit() and int(wanted) else threads
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
        kept = cache_settings() if chosen["KERAS_BACKEND"] == "jax" else {}
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"} | (SPARING if self._cards.names else {})
        return quiet | kept | os.environ | chosen | dict.fromkeys(names, str(threads))
