"""Jobs that belong to no study, such as trainings of the winner with other seeds."""

import json
import math
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from tuning.study.ledger import KILLS
from tuning.sweep.pool import Pool
from tuning.sweep.shared import Job


def run_jobs(
    pool: Pool, jobs: Sequence[Job], left: Callable[[], float] = lambda: math.inf
) -> list[dict[str, Any]]:
    """Run jobs that belong to no study, and return those of their results that are a score.

    Args:
        left: seconds until time is up: then what runs is cut, which is no result, and no more
            begin. It is called from several threads.
    """
    with ThreadPoolExecutor(pool.jobs) as threads:
        results = list(threads.map(partial(_run_job, pool, left), jobs))
    for job in jobs:
        for path in (job.weights, job.checkpoint):
            Path(path).unlink(missing_ok=True)
    return [result for result in results if result.get("score") is not None]


def _run_job(pool: Pool, left: Callable[[], float], job: Job) -> dict[str, Any]:
    for _ in range(KILLS):
        if left() <= 0:
            break
        with pool.launch(job) as connection, suppress(OSError):  # killed, or cut
            result = _heard(connection, left)
            if result:
                return result
    return {}


def _heard(connection: socket.socket, left: Callable[[], float]) -> dict[str, Any]:
    """Return the result of a job; nothing where its process was killed.

    Raises:
        TimeoutError: time was up; the end of the connection ends the process.
    """
    lines = connection.makefile("rwb", buffering=0)
    connection.settimeout(_timeout(left))
    for line in lines:
        message = json.loads(line)
        if "result" in message:
            return dict(message["result"])
        if "epoch" in message:
            connection.settimeout(_timeout(left))
            lines.write(b'{"go": true}\n')
    return {}


def _timeout(left: Callable[[], float]) -> float | None:
    """Return what is left as a socket takes it: None is no limit."""
    seconds = left()
    if seconds <= 0:
        raise TimeoutError
    return None if math.isinf(seconds) else seconds
