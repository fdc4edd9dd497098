"""The cost of a search beside its trainings: tables of `benchmarks.sweep.engine`'s measurements."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.sweep.engine import ASKED, MEASURED
from benchmarks.sweep.race import interval
from benchmarks.tables import table

TRIAL = {"source": "digits", "preset": "cnn_small", "epochs": 12}
TRIALS, ROUNDS = 4, 2
SECONDS = 10  # of the trial that the overhead is a share of
FINISHED = (100, 1000, 2900, 10_000)
LIMIT = 1800
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
ONE_THREAD = {  # of all backends; two threads of a small training mostly wait for each other
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "PJRT_NPROC": "1",
}


def measure(folder: Path, part: str, **arguments: Any) -> Any:
    """Have a fresh process measure something and return what it found."""
    folder.mkdir(parents=True)
    job = {"part": part, "folder": str(folder), **arguments}
    with (folder / "log.txt").open("w") as log:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.sweep.engine", json.dumps(job)],
            stdout=log,
            stderr=log,
            timeout=LIMIT,
            check=True,
            env=os.environ | (QUIET if part not in ("trials", "bare") else QUIET | ONE_THREAD),
        )
    found = json.loads((folder / "found.json").read_text())
    print(part, arguments if part != "bare" else "", str(found)[:200], flush=True)
    return found


def overhead(folder: Path) -> str:
    """Return how much longer a trial takes than its training alone."""
    extra: dict[str, list[float]] = {"fork": [], "fresh": []}
    alone: list[float] = []
    for turn in range(ROUNDS):
        own = folder / str(turn)
        jobs = measure(own / "fork", "trials", **TRIAL, count=TRIALS, way="fork")
        source = {name: TRIAL[name] for name in ("source", "preset")}
        bare = measure(own / "bare", "bare", **source, jobs=jobs)
        fresh = measure(own / "fresh", "trials", **TRIAL, count=TRIALS, way="fresh")
        alone += bare
        for way, trials in (("fork", jobs), ("fresh", fresh)):
            pairs = zip(trials, bare, strict=True)
            extra[way] += [trial["seconds"] - seconds for trial, seconds in pairs]
    names = {"fork": "forked, as built", "fresh": "a new python for each"}
    rows = [
        [
            names[way],
            interval([own + e for own, e in zip(alone, seconds, strict=True)]),
            interval(alone),
            interval(seconds),
            interval([100 * e / SECONDS for e in seconds], 1),
        ]
        for way, seconds in extra.items()
    ]
    said = (
        f"{ROUNDS} times {TRIALS} trials of {TRIAL['preset']} on {TRIAL['source']}, "
        f"{TRIAL['epochs']} epochs, one job, one thread, TPE, journal. *Wall*: from the end of one "
        "trial to the end of the next. *Training alone*: the same models, recipes and seeds by "
        "`tuning.fit` one after the other in one warm process, without checkpoints and reports. "
        "The difference is all that the engine adds: ask, process start and its first operations, "
        f"checkpoints, an epoch's report and its answer, tell. Its share of a trial of {SECONDS} s "
        "takes it as it is, in seconds. Median [95 % interval]; must be at most 10 %."
    )
    head = ["process of a trial", "wall, s", "training alone, s", "overhead, s"]
    return f"{said}\n\n{table([*head, f'% of {SECONDS} s'], rows)}"


def ask(folder: Path) -> str:
    """Return what a search takes to ask TPE."""
    rows = []
    for where, journal in (("memory", False), ("journal", True)):
        for finished in FINISHED:
            own = folder / f"{where}-{finished}"
            found = measure(own, "ask", finished=finished, journal=journal)
            seconds = [1000 * value for value in found["ask"]]
            rows.append(
                [
                    where,
                    f"{finished:,}",
                    found["sampler"],
                    f"{median(seconds):.0f}",
                    f"{max(seconds[1:]):.0f}",
                    f"{seconds[0]:.0f}",
                    f"{1000 * median(found['of the processor']):.0f}",
                    f"{1000 * median(found['tell']):.0f}",
                ]
            )
    said = (
        f"Milliseconds from the claim of a trial to its point, {ASKED} times after so many random "
        "finished trials of vit_small's space (eight parameters, one of them conditional), and to "
        "tell its result. *First*: of a process that has just opened the study. Must be at most "
        "100, or the sampler is switched with a notice."
    )
    head = ["study", "finished", "sampler", "median", "worst", "first", "of the processor", "tell"]
    return f"{said}\n\n{table(head, rows)}"


def memory(folder: Path) -> str:
    """Return the memory after few and after many trials, ours and stock's."""
    found = measure(folder / "ours", "memory") | measure(folder / "stock", "stock memory")
    names = {
        "supervisor": "ours, the process that asks",
        "zygote": "ours, the process that forks trials",
        "all": "ours, all processes, shared pages once",
    }
    rows = [[names.get(name, name), *_grown(values)] for name, values in found.items()]
    few, many = MEASURED
    said = (
        f"MiB that are resident after {few} and after {many} trials of mlp_tiny on wine, two "
        "epochs. *All processes* is the sum of their proportional shares, trials under way "
        "included. Must be at most 1.2 times as much."
    )
    return f"{said}\n\n{table(['process', f'after {few}', f'after {many}', 'ratio'], rows)}"


def _grown(values: Sequence[float]) -> list[str]:
    few, many = values
    return [f"{few:,.0f}", f"{many:,.0f}", f"{many / few:.2f}"]
