"""The start of a child process: it ends with its parent, however that ends, and has its limits.

`python -P leash.py PARENT,BYTES,SECONDS -m MODULE ...`, `... -c CODE ...` or `... SCRIPT ...` runs
what Python itself would, and `... -- PROGRAM ...` another program; PARENT alone sets no limits.
Nothing is imported that the child does not need.
"""

import contextlib
import ctypes
import os
import resource
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2); Linux alone has it
LEASH = __file__


def follow(parent: int) -> None:
    """Let this process be killed when `parent` is gone, or end it if that is so already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def limit(memory: int, seconds: int) -> None:
    """Let this process have so many bytes of addresses, and so many seconds of all processors."""
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit of addresses
            resource.setrlimit(kind, (most, hard))


def run(arguments: list[str]) -> None:
    """Run a module, a text of code, a script or a program, with the arguments after it."""
    if arguments[0] == "--":
        os.execvp(arguments[1], arguments[1:])  # limits and leash are kept
    elif arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    parent, *limits = map(int, sys.argv[1].split(","))
    follow(parent)
    if limits:
        limit(*limits)
    run(sys.argv[2:])
