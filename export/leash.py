"""The start of a child process: it ends with its parent, however that ends.

`python -P leash.py PARENT -m MODULE ...`, `... -c CODE ...` or `... SCRIPT ...` runs what Python
itself would. Nothing is imported that the child does not need.
"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2); Linux alone has it


def follow(parent: int) -> None:
    """Let this process be killed when `parent` is gone, or end it if that is so already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def run(arguments: list[str]) -> None:
    """Run a module, a text of code, or a script, with the arguments after it."""
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    follow(int(sys.argv[1]))
    run(sys.argv[2:])
