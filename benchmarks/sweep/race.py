"""Our search against stock KerasTuner for the same seconds: who reaches what, and when."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.sweep.contenders import OURS, STOCK
from benchmarks.sweep.traces import TASKS, Ended, Task
from benchmarks.tables import table

FACTORS = (1, 2)  # every run lasts twice the budget; both are shown
RANDOM = ("RandomSearch", "our random")  # twice their time is held against once ours
METHODS = (*OURS, *STOCK)
RACES = ("digits", "diabetes")
Trace = list[Ended]
Traces = Mapping[tuple[str, int, str], Trace]  # task, repeat, method
SECONDS_TO_END = 120  # after its time
HOW_TO_READ = """\
Ours is `tuning.search` with its defaults (TPE after ten Sobol points, median pruning, a job a
core). Stock is KerasTuner as its documentation shows: one process, its own defaults, Hyperband with
the recipe's epochs and factor 3, begun again as long as there is time. All search the same space
around the same preset, on the same rows, with the same recipe and early stopping; the split and
every seed differ between repeats, and within a repeat the methods take turns, in another order each
time. Every run is a process of its own, whose start and imports count; what runs when its time is
over is thrown away. A trial's score is the metric on the validation rows in its best epoch: what
KerasTuner maximizes, and ours does not: it scores by the epoch of the least validation loss, whose
weights it keeps (*kept*, the stricter yardstick, for both). Pruned trials have no score here.
BayesianOptimization begins with three random points a parameter, 18 here, so this is mostly random
search. Hyperband's trials are its rungs. Figures: median over the repeats [95 % interval of the
median, bootstrap]; *never* is not within its time."""


def run_all(
    folder: Path, tasks: Iterable[str], methods: Sequence[str], repeats: int, seconds: float
) -> Traces:
    """Run what is not in the folder yet, methods in turn, and return the traces.

    No method knows how long it has, so that the first half of a run is a run of half the seconds.
    """
    found: dict[tuple[str, int, str], Trace] = {}
    for repeat in range(repeats):
        turn = [methods[(n + repeat) % len(methods)] for n in range(len(methods))]
        allowed = seconds * max(FACTORS)
        for task in tasks:
            for method in turn:
                own = folder / f"{task}-{repeat}-{method.replace(' ', '-')}-{allowed:g}s"
                if not (own / "trace.json").exists():
                    _run(own, task, method, repeat, allowed)
                trace = [Ended(**line) for line in json.loads((own / "trace.json").read_text())]
                found[task, repeat, method] = trace
                best = best_at(trace, TASKS[task], seconds)
                print(f"{task} {repeat} {method}: {len(trace)} trials, best {best}", flush=True)
    return found


def _run(folder: Path, task: str, method: str, seed: int, seconds: float) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    job = {"method": method, "task": task, "seed": seed, "seconds": seconds}
    job |= {"folder": str(folder), "started": time.time()}
    with (folder / "log.txt").open("w") as log:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.sweep.contenders", json.dumps(job)],
            stdout=log,
            stderr=log,
            timeout=seconds + SECONDS_TO_END,
            check=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        )


def best_at(trace: Trace, task: Task, seconds: float, by: str = "best") -> float:
    """Return the best score of the trials that ended within the seconds; NaN if none did."""
    scores = [getattr(ended, by) for ended in trace if ended.seconds <= seconds]
    scores = [score for score in scores if score is not None]
    return (max if task.direction == "max" else min)(scores, default=float("nan"))


def time_to(trace: Trace, task: Task, score: float, by: str = "best") -> float:
    """Return when a score was reached, or infinity."""
    sign = 1 if task.direction == "max" else -1
    for ended in trace:
        own = getattr(ended, by)
        if own is not None and sign * own >= sign * score:
            return ended.seconds
    return float("inf")


def interval(values: Sequence[float], digits: int = 2) -> str:
    """Return the median and its bootstrap 95 % interval."""
    known = np.array([value for value in values if not np.isnan(value)])
    if not len(known):
        return "-"
    drawn = np.random.default_rng(0).choice(known, (10_000, len(known)))
    medians = np.sort(np.median(drawn, axis=1))
    ends = (np.median(known), medians[249], medians[9749])
    median, low, high = ("never" if np.isinf(end) else f"{end:.{digits}f}" for end in ends)
    return f"{median} [{low}, {high}]"


def race_report(traces: Traces, tasks: Sequence[str], seconds: float) -> str:
    """Return the tables of all tasks."""
    repeats = 1 + max(repeat for _, repeat, _ in traces)
    parts = [
        HOW_TO_READ,
        f"{repeats} repeats, {seconds:g} s each, and twice that (*2x*).",
        "### Time until ours reaches what the other has at the end",
        "*Needed*: when the other found that score; *ratio*: our time through it; *of the time*: "
        "our time through all its seconds. A run that had not reached it was given the same "
        "seconds, no more.",
    ]
    for time_given in (factor * seconds for factor in FACTORS):
        parts += [
            f"After {time_given:g} s:",
            _times(traces, tasks, repeats, time_given),
        ]
    for name in tasks:
        task = TASKS[name]
        parts += [
            f"### {name}: {task.preset}, at most {task.epochs} epochs, {task.metric}",
            _scores(traces, name, repeats, seconds),
        ]
    return "\n\n".join(parts)


def _times(traces: Traces, tasks: Sequence[str], repeats: int, seconds: float) -> str:
    rows = []
    for rival in (method for method in METHODS[1:] if (tasks[0], 0, method) in traces):
        pooled: list[list[float]] = []
        for name in tasks:
            by_repeat = [_reached(traces, name, n, rival, seconds) for n in range(repeats)]
            rows.append([rival, name, *_times_line(by_repeat, seconds)])
            pooled += by_repeat
        if len(tasks) > 1:
            rows.append([rival, "all", *_times_line(pooled, seconds)])
    head = ["against", "task", "needed, s", "ours, s", "ratio", "of the time", "reached"]
    return table([*head, "ratio, kept", "reached, kept"], rows)


def _reached(traces: Traces, name: str, repeat: int, rival: str, seconds: float) -> list[float]:
    """Return, by both yardsticks, when the rival had its last score and when ours had it."""
    found = []
    for by in ("best", "kept"):
        theirs, ours = (
            [ended for ended in traces[name, repeat, method] if ended.seconds <= seconds]
            for method in (rival, "ours")
        )
        target = best_at(theirs, TASKS[name], seconds, by)
        if np.isnan(target):  # it has nothing: then ours is there with its first score
            target = float("-inf") if TASKS[name].direction == "max" else float("inf")
            found += [seconds, time_to(ours, TASKS[name], target, by)]
            continue
        found += [time_to(trace, TASKS[name], target, by) for trace in (theirs, ours)]
    return found


def _times_line(by_repeat: list[list[float]], seconds: float) -> list[str]:
    count = len(by_repeat)
    best, kept = [row[:2] for row in by_repeat], [row[2:] for row in by_repeat]
    return [
        interval([needed for needed, _ in best], 1),
        interval([own for _, own in best], 1),
        interval([own / needed for needed, own in best]),
        interval([own / seconds for _, own in best]),
        f"{sum(np.isfinite(own) for _, own in best)} of {count}",
        interval([own / needed for needed, own in kept]),
        f"{sum(np.isfinite(own) for _, own in kept)} of {count}",
    ]


def _scores(traces: Traces, name: str, repeats: int, seconds: float) -> str:
    task, rows = TASKS[name], []
    digits = 4 if task.metric == "accuracy" else 2
    sign = 1 if task.direction == "max" else -1

    def over(value: Callable[[Trace], float], method: str) -> list[float]:
        return [value(traces[name, repeat, method]) for repeat in range(repeats)]

    def score(by: str, factor: int) -> Callable[[Trace], float]:
        return lambda trace: best_at(trace, task, factor * seconds, by)

    for method in (method for method in METHODS if (name, 0, method) in traces):
        for factor in FACTORS:
            own = over(score("best", factor), method)
            ours = over(score("best", 1 if method in RANDOM else factor), "ours")
            lead = [sign * (a - b) for a, b in zip(ours, own, strict=True)]
            in_time = [
                [
                    ended
                    for ended in traces[name, repeat, method]
                    if ended.seconds <= factor * seconds
                ]
                for repeat in range(repeats)
            ]
            done = [len(trace) for trace in in_time]
            full = [sum(ended.state == "completed" for ended in trace) for trace in in_time]
            rows.append(
                [
                    f"{method}, {factor}x",
                    interval(own, digits),
                    interval(lead, digits) if method != "ours" else "",
                    interval(over(score("kept", factor), method), digits),
                    interval([trace[0].seconds if trace else float("inf") for trace in in_time], 1),
                    interval(done, 0),
                    f"{np.median(full):g}",
                    interval([60 * count / (factor * seconds) for count in done], 1),
                ]
            )
    head = ["method", f"best {task.metric}", "ours is better by", "kept", "first trial, s"]
    return table([*head, "trials", "not pruned", "trials a minute"], rows)
