"""The process of a command: user errors, interrupts, warnings, and logs of native code."""

import atexit
import io
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

from pocketzoo.record import command
from zoo.backends import require_backend
from zoo.checks import UserError


class Interrupted(BaseException):
    """Ctrl-C, or an end from outside. Typer would turn a KeyboardInterrupt into an exit code."""


STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_guarded(app: Callable[[], Any]) -> None:
    """Run the commands; a mistake or Ctrl-C ends in one message and a code, not in a traceback."""
    _open_closed()
    warnings.showwarning = _show_warning
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    sys.unraisablehook = _report_unraisable
    if "--debug" not in sys.argv:
        _silence_native_code()
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # advice on retracing and the like
    try:
        try:
            require_backend()
            app()
        finally:  # an alarm right here is caught below, and the next is half a second away
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupted:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _say(f"stopped. Nothing is lost. To continue: {command()}")
        sys.stdout.flush()
        os._exit(1)  # native threads may be at work, and tearing down under them can crash
    except Exception as error:
        if "--debug" in sys.argv or not isinstance(error, UserError | OSError):
            raise
        _say(str(error))
        sys.exit(1 if type(error).__name__ == "ExportError" else 2)


def leave(ended: SystemExit) -> None:
    """End the process as `ended` says, without taking its modules apart: Torch's take two seconds.

    What is registered for the end is done. Returns where Python must say something first.
    """
    if not isinstance(ended.code, int | None):
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more
        os._exit(ended.code or 1)
    os._exit(ended.code or 0)


def _open_closed() -> None:
    """Give the process the descriptors it was started without, and streams that take any text."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # of a shell's 2>&-; what is opened next would take its place
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  # for the whole process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(message: str) -> None:
    print(f"pocketzoo: {message}", file=sys.stderr)


def _interrupt(*_: object) -> None:
    """Raise, and again every half second: Python drops what is raised while it collects garbage."""
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    raise Interrupted


def _report_unraisable(unraisable: Any) -> None:
    if unraisable.exc_type is not Interrupted:
        sys.__unraisablehook__(unraisable)


def _silence_native_code() -> None:
    """Keep stderr for Python and drop what TensorFlow and LiteRT log from C++ to descriptor 2."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, UserWarning):
        print(f"warning: {message}", file=sys.stderr)
