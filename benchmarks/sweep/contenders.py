"""One search by one method, for so many seconds, in a process of its own: it leaves a trace.

    python -m benchmarks.sweep.contenders '{"method": "RandomSearch", "task": "digits", ...}'

The seconds begin when the process is started, so imports count; what runs when they are over is
thrown away. Both are so for every method. What is heavy is imported once the clock runs.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.sweep.stock import TRIALS, stock, tracer
from benchmarks.sweep.traces import TASKS, Ended, Task, best_of, read_trace

STOCK = ("RandomSearch", "BayesianOptimization", "Hyperband")
OURS: Mapping[str, Mapping[str, Any]] = {
    "ours": {},
    "our random": {"algorithm": "random", "prune": "none", "jobs": 1},
}


class Over(BaseException):
    """The seconds are over. Nothing that catches an Exception stops it."""


def main() -> None:
    job = json.loads(sys.argv[1])
    named, folder = job["task"], Path(job["folder"])
    task = TASKS[named] if isinstance(named, str) else Task(*named)
    file = folder / "ended.jsonl"

    def leave(trace: list[Ended]) -> None:
        in_time = [asdict(ended) for ended in trace if ended.seconds <= job["seconds"]]
        (folder / "trace.json").write_text(json.dumps(in_time))
        os._exit(0)

    def over(*_: object) -> None:
        if job["method"] in OURS:
            raise Over  # its processes end, and its folder is left in order
        leave(read_trace(file))

    signal.signal(signal.SIGALRM, over)
    left = max(1e-3, job["started"] + job["seconds"] - time.time())
    signal.setitimer(signal.ITIMER_REAL, left, 15.0)  # again, if a destructor swallowed it
    if job["method"] in OURS:
        with suppress(Over):
            ours(task, job["seed"], folder, OURS[job["method"]])
        signal.setitimer(signal.ITIMER_REAL, 0)
        leave(trace_of_study(task, job["started"], folder))
    stock(job["method"], task, job["seed"], folder, tracer(task, job["started"], file))
    leave(read_trace(file))


def ours(
    task: Task,
    seed: int,
    folder: Path,
    options: Mapping[str, Any],
    on_progress: Callable[[Any], None] = lambda _: None,
) -> None:
    """Search as `tuning.search` does, with its defaults but for `options`."""
    import tuning
    import zoo
    from tuning.spaces import default_recipe

    tuning.search(
        task.preset,
        zoo.load_data(task.source, seed=seed),
        directory=folder / "run",
        search=tuning.Search(**{"trials": TRIALS, "seed": seed, **options}),
        recipe=replace(default_recipe(task.preset), epochs=task.epochs),
        on_progress=on_progress,
    )


def trace_of_study(task: Task, started: float, folder: Path) -> list[Ended]:
    """Read from the journal of a search which of its trials ended when."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    from tuning.study.ledger import STATES, attempts_of
    from tuning.study.storage import LOG

    if not (folder / "run" / LOG).exists():
        return []
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / "run" / LOG)))
    study = optuna.load_study(study_name=None, storage=storage)
    found = []
    for _, outcome, trial in attempts_of(study):
        if outcome in STATES and trial.datetime_complete is not None:
            seconds = round(trial.datetime_complete.timestamp() - started, 3)
            curve = list(trial.intermediate_values.values())
            scores = (best_of(task, curve), trial.value) if outcome == "completed" else (None, None)
            found.append(Ended(seconds, *scores, len(curve), outcome))
    return sorted(found, key=lambda ended: ended.seconds)


if __name__ == "__main__":
    main()
