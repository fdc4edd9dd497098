"""Commands of the command line, in the tests' own process and in processes of their own.

A fresh interpreter takes longer to import Keras than most commands take to run, so only what needs
a process is tried in one: Ctrl-C, another backend, what native code logs, what help imports.
"""

import io
import os
import signal
import subprocess
import sys
import warnings
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from pocketzoo.cli import app
from pocketzoo.process import run_guarded


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def pocketzoo(*arguments: object) -> Ended:
    """Run a command in this process, on its backend, guarded as the installed one is."""
    out, err = io.StringIO(), io.StringIO()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(sys, "argv", ["pocketzoo", *map(str, arguments)])
        patch.setattr(sys, "unraisablehook", sys.unraisablehook)  # put back afterwards
        patch.setattr("pocketzoo.process._silence_native_code", lambda: None)
        patch.setenv("COLUMNS", "200")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            stack.callback(signal.signal, number, signal.getsignal(number))
        stack.enter_context(warnings.catch_warnings())
        warnings.resetwarnings()
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        ended = stack.enter_context(pytest.raises(SystemExit))
        run_guarded(app)
    code = ended.value.code
    return Ended(
        code if isinstance(code, int) else int(code is not None), out.getvalue(), err.getvalue()
    )


def in_a_process(*arguments: object, backend: str = "jax", timeout: float = 300) -> Ended:
    """Run a command as a user does."""
    command = [sys.executable, "-m", "pocketzoo", *map(str, arguments)]
    environment = os.environ | {"KERAS_BACKEND": backend, "COLUMNS": "200"}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
