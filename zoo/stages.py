"""Stages of long work, told as they begin, and their epochs.

A logger of the standard library, silent unless somebody listens: the command line does, and
`logging.getLogger("pocketzoo").setLevel("INFO")` with a handler of one's own.
"""

import logging
import time
from collections.abc import Callable

LOG = logging.getLogger("pocketzoo")


def stage(text: str) -> None:
    """Tell what begins now, in words."""
    LOG.info("%s", text)


def epochs(title: str, most: float | None = None) -> Callable[[int, int], None]:
    """Return what is told, after every epoch, how many are done and how many there are.

    The first is told as a stage is, the others as details of it (level DEBUG).

    Args:
        title: of the training.
        most: seconds after which it ends; None is no limit.
    """
    started = time.monotonic()

    def tell(done: int, of: int) -> None:
        spent = time.monotonic() - started
        left = spent / done * (of - done)
        left = left if most is None else max(0.0, min(left, most - spent))
        level = logging.INFO if done == 1 else logging.DEBUG
        LOG.log(level, "%s: %d of %d epochs, at most %.0f s left", title, done, of, left)

    return tell
