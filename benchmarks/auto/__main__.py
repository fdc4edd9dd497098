"""Searches without a named model, for the same minutes: ours, ours of one preset, and others'.

    python -m benchmarks.auto --folder FOLDER [--peers PYTHON] [--sets NAME ...] [--seeds 0 1]
                              [--minutes 2] [--presets 2] [--device NAME] [--tenths]

Ours by `pocketzoo run` alone, on the backend of KERAS_BACKEND; the others in a Python of their own,
see `peers.py`. Each on one core, one after the other. A run that `results/auto.jsonl` has is not
done again; without --folder only the table is made, `results/auto.md`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import zoo
from benchmarks.auto.page import page
from benchmarks.auto.record import (
    AUTO,
    DEVICE,
    PAGE,
    PEERS,
    STOCK,
    TENTHS,
    Run,
    record,
    recorded,
)
from benchmarks.auto.sets import DENSE, SETS, source_of
from benchmarks.quality.record import commit
from benchmarks.sweep.contenders import trace_of_study
from benchmarks.sweep.traces import Task
from tuning.spaces import default_recipe
from zoo.advice.choice import candidates

LATE = 3  # times the minutes, after which another's search is given up
FIRST = "int8 file of"  # what the screen says of a checked file
NONE = "presets meets max_bytes"  # and where there is no model so small


def ours(name: str, seed: int, who: str, arguments: argparse.Namespace) -> Run:
    """Run the command in a folder of its own; `who` says for what."""
    folder: Path = arguments.folder
    out = folder / "runs" / f"{name}-{seed}-{who.replace(', ', '-')}" / "run"
    command = [sys.executable, "-m", "pocketzoo", "run", source_of(name, seed, folder / "sets")]
    command += _asked_for(name, seed, who, arguments)
    command += ["--out", str(out), "--seed", str(seed), "--minutes", f"{arguments.minutes:g}"]
    command += ["--jobs", "1"]
    begun, started = time.time(), time.monotonic()
    out.parent.mkdir(parents=True, exist_ok=True)
    said = _listen(command, started)
    seconds = time.monotonic() - started
    out.with_suffix(".txt").write_text("".join(f"{at:6.1f} {line}" for at, line in said))
    if not (out / "report.json").exists():
        if who in TENTHS and any(NONE in line for _, line in said):
            return Run(name, seed, who, arguments.minutes, 0.0, 1, 0, round(seconds, 1))
        raise SystemExit(f"{' '.join(command)}\n{''.join(line for _, line in said)}")
    report = json.loads((out / "report.json").read_text())
    low, high = report["int8"]["ci95"]
    better = -1 if report["metric"] == "rmse" else 1
    task = Task(name, who, 0, report["metric"], "max" if better > 0 else "min")
    first = next((round(at, 1) for at, line in said if line.startswith(FIRST)), None)
    return Run(
        name, seed, who, arguments.minutes, report["int8"]["value"],
        better,
        report["files"][report["forms"]["rolled"]]["bytes"],
        round(seconds, 1), report["model"]["preset"], low, high,
        first,
        report["runtimes"].get("micro", {}).get("arena_bytes"),
        os.environ.get("KERAS_BACKEND", "tensorflow"), commit(),
        arguments.device if who == DEVICE else "",
        [(one.seconds, one.best) for one in trace_of_study(task, begun, out.parent)],
    )  # fmt: skip


def _listen(command: list[str], started: float) -> list[tuple[float, str]]:
    """Run a command to its end; return each line of the screen, and when it came."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        return [(time.monotonic() - started, line) for line in run.stdout or ()]


def _asked_for(name: str, seed: int, who: str, arguments: argparse.Namespace) -> list[str]:
    """Return what is asked for beside the data and the minutes."""
    if who == AUTO:
        return []
    if who == DEVICE:
        return ["--device", arguments.device]
    if who not in TENTHS:
        return [who]  # a preset
    peer = (name, seed, TENTHS[who], arguments.minutes)
    most = next(run.bytes for run in recorded() if run.key == peer) // 10
    return ["--max-bytes", str(most)]


def stock(name: str, seed: int, auto: Run, arguments: argparse.Namespace) -> Run:
    """Run KerasTuner's RandomSearch over the space of the preset that auto took."""
    source = source_of(name, seed, arguments.folder / "sets")
    folder = arguments.folder / "runs" / f"{name}-{seed}-stock"
    folder.mkdir(parents=True)
    data = zoo.load_data(source, seed=seed)
    metric, epochs = data.task.metric, default_recipe(auto.model, data).epochs
    task = Task(source, auto.model, epochs, metric.name, "max" if metric.better > 0 else "min")
    seconds = 60 * arguments.minutes
    job = {"method": "RandomSearch", "task": task, "seed": seed, "seconds": seconds}
    job |= {"folder": str(folder), "started": time.time()}
    command = [sys.executable, "-m", "benchmarks.sweep.contenders", json.dumps(job)]
    with (folder / "log.txt").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log)
    trace = [
        (one["seconds"], one["best"]) for one in json.loads((folder / "trace.json").read_text())
    ]
    reached = [score for _, score in trace if score is not None]
    best = (max if metric.better > 0 else min)(reached, default=0.0)  # none in time: no trace
    return Run(
        name, seed, STOCK, arguments.minutes, best, metric.better, 0, seconds, auto.model,
        trace=trace,
    )  # fmt: skip


def theirs(name: str, seed: int, who: str, arguments: argparse.Namespace) -> Run:
    """Run a search of others on the same rows, and judge its answers."""
    source = source_of(name, seed, arguments.folder / "sets")
    out = arguments.folder / f"{name}-{seed}-{who}.npz"
    script = Path(__file__).with_name("peers.py")
    started = time.monotonic()
    command = [arguments.peers, str(script), who, source, str(60 * arguments.minutes), str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=LATE * 60 * arguments.minutes)
    seconds = round(time.monotonic() - started, 1)
    with np.load(source, allow_pickle=False) as rows, np.load(out, allow_pickle=False) as found:
        truth, answers = rows["y_test"], found["answers"]
        size = int(found["bytes"])
    numbers = truth.dtype.kind == "f"
    value = np.sqrt(((answers - truth) ** 2).mean()) if numbers else (answers == truth).mean()
    better = -1 if numbers else 1
    return Run(name, seed, who, arguments.minutes, float(value), better, size, seconds)


def asked(name: str, seed: int, arguments: argparse.Namespace) -> list[str]:
    """Return who searches on a set."""
    data = zoo.load_data(source_of(name, seed, arguments.folder / "sets"), seed=seed)
    presets = candidates(data.kind, data.task, len(data.x_train))[: arguments.presets]
    peers = PEERS if arguments.peers and name not in DENSE else ()
    tenths = [who for who, peer in TENTHS.items() if peer in peers and arguments.tenths]
    return [AUTO, STOCK, *presets, *peers, *([DEVICE] if arguments.device else []), *tenths]


def _add(name: str, seed: int, who: str, auto: Run | None, arguments: argparse.Namespace) -> None:
    """Record a search; another's that fails is told, and left out."""
    if who == STOCK:
        assert auto is not None  # the first of all
        record(stock(name, seed, auto, arguments))
        return
    if who not in PEERS:
        record(ours(name, seed, who, arguments))
        return
    try:
        record(theirs(name, seed, who, arguments))
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode().strip().splitlines()[-1:]
        print(f"{who} on {name}, seed {seed}: {type(error).__name__} {said}", flush=True)


def main() -> None:
    """Run what the record lacks, and make the table of it all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--peers", help="a Python with autokeras and flaml; none: ours alone")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--presets", type=int, default=2, help="of those that are tried first")
    parser.add_argument("--device", help="a search for it, too")
    parser.add_argument(
        "--tenths", action="store_true", help="searches in a tenth of each other's bytes, too"
    )
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for seed in arguments.seeds if arguments.folder else ():
        for name in arguments.sets:
            for who in asked(name, seed, arguments):
                known = {run.key: run for run in recorded()}
                if (name, seed, who, arguments.minutes) not in known:
                    _add(
                        name, seed, who, known.get((name, seed, AUTO, arguments.minutes)), arguments
                    )
    PAGE.write_text(page(recorded(), arguments.minutes))


if __name__ == "__main__":
    main()
