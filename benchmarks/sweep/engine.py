"""Cost of a search beside its trainings, one measurement at a time, in a process of its own.

    python -m benchmarks.sweep.engine '{"part": "ask", "folder": ..., ...}'

is what `benchmarks.sweep.costs` starts; the result is JSON in the folder. Heavy modules are
imported where they are needed, so that each process holds what it measures and nothing else.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.sweep.contenders import ours
from benchmarks.sweep.stock import stock
from benchmarks.sweep.traces import TASKS

MEASURED = (5, 100)  # trials after which memory is read
ASKED = 20


def main() -> None:
    job = json.loads(sys.argv[1])
    folder = Path(job.pop("folder"))
    parts: Mapping[str, Callable[..., Any]] = {
        "trials": trials,
        "bare": bare,
        "ask": ask,
        "memory": memory_of_ours,
        "stock memory": memory_of_stock,
    }
    found = parts[job.pop("part")](folder, **job)
    (folder / "found.json").write_text(json.dumps(found))


def trials(folder: Path, source: str, preset: str, epochs: int, count: int, way: str) -> list[Any]:
    """Search with one job; return of each trial but the first its model, recipe and wall time.

    The wall time is from the end of the trial before to its own end, so all that the engine does
    is in it. `way` is "fork", as the search is, or "fresh": a new python for every trial.
    """
    import tuning.searching
    import zoo
    from tuning.spaces import default_recipe
    from tuning.sweep.pool import Pool

    class Fresh(Pool):
        def launch(self, job: Any) -> Any:
            self._stop()
            self._start()
            return super().launch(job)

    if way == "fresh":
        vars(tuning.searching)["Pool"] = Fresh
    ends: list[tuple[float, Any]] = []

    def on_progress(progress: Any) -> None:
        if progress.trial is not None:
            ends.append((time.monotonic(), progress.trial))

    tuning.search(
        preset,
        zoo.load_data(source),
        directory=folder / "run",
        search=tuning.Search(
            trials=count + 1, algorithm="tpe", prune="none", jobs=1, refit=False, repeats=0
        ),
        recipe=replace(default_recipe(preset), epochs=epochs, patience=0),
        on_progress=on_progress,
    )
    return [
        {"overrides": trial.overrides, "recipe": trial.recipe, "seconds": end - before}
        for (before, _), (end, trial) in itertools.pairwise(ends)
    ]


def bare(folder: Path, source: str, preset: str, jobs: list[Any]) -> list[float]:
    """Return how long the same trainings take one after the other in one warm process."""
    import zoo
    from tuning.recipe import Recipe
    from tuning.training.fitting import fit

    data = zoo.load_data(source)
    seconds = []
    for job in [jobs[0], *jobs]:  # the first warms up
        started = time.monotonic()
        model = zoo.create_model(preset, data.input_shape, data.num_outputs, **job["overrides"])
        fit(model, data, Recipe(**job["recipe"]))
        seconds.append(time.monotonic() - started)
    return seconds[1:]


def ask(folder: Path, finished: int, journal: bool) -> dict[str, Any]:
    """Return the seconds to ask TPE, and to tell, after so many random trials of vit_small."""
    import keras_tuner
    import numpy as np
    import optuna

    from tuning.spaces import default_recipe, point
    from tuning.study.algorithms import MODELLED
    from tuning.study.ledger import Study, Trial
    from tuning.study.samplers import PerTrial, free, sampler_of, suggest

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = keras_tuner.HyperParameters()
    point(space, "vit_small", {}, default_recipe("vit_small"))
    filled = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0)
    )
    for score in np.random.default_rng(0).random(finished):
        trial = filled.ask()
        suggest(trial, space)
        trial.set_user_attr("outcome", "completed")
        filled.tell(trial, float(score))
    opened = filled
    if journal:
        file = optuna.storages.journal.JournalFileBackend(str(folder / "study.log"))
        storage = optuna.storages.JournalStorage(file)
        optuna.copy_study(
            from_study_name=filled.study_name,
            from_storage=filled._storage,
            to_storage=storage,
            to_study_name="ask",
        )
        storage = optuna.storages.JournalStorage(file)  # as a search that is continued has it
        opened = optuna.load_study(study_name="ask", storage=storage)
    opened.sampler = PerTrial(sampler_of(lambda: free(space), "tpe", 0))
    study = Study(opened, "benchmark", finished + ASKED)
    seconds, busy, told = [], [], []
    for _ in range(ASKED):
        clocks = time.perf_counter(), time.process_time()
        claimed = study.claim()
        assert claimed is not None
        values = suggest(claimed[1], space)
        seconds.append(time.perf_counter() - clocks[0])
        busy.append(time.process_time() - clocks[1])
        started = time.perf_counter()
        study.finish(claimed[1], Trial(claimed[0], values, "completed", score=0.5))
        told.append(time.perf_counter() - started)
    sampler = "TPE" if finished + ASKED <= MODELLED["tpe"] else "Sobol, with a notice"
    return {"sampler": sampler, "ask": seconds, "of the processor": busy, "tell": told}


def memory_of_ours(folder: Path) -> dict[str, list[float]]:
    """Return MiB of the supervisor, of the process that forks trials, and of all together."""
    found: dict[str, list[float]] = {"supervisor": [], "zygote": [], "all": []}

    def on_progress(progress: Any) -> None:
        if progress.trial is not None and progress.done in MEASURED:
            zygote = next(pid for pid in children("self") if b".worker" in command(pid))
            found["supervisor"].append(resident("self"))
            found["zygote"].append(resident(zygote))
            found["all"].append(sum(map(share, ["self", *descendants("self")])))

    options = {"trials": MEASURED[-1], "refit": False, "repeats": 0}
    ours(TASKS["wine"], 0, folder, options, on_progress)
    return found


def memory_of_stock(folder: Path) -> dict[str, list[float]]:
    """Return MiB of KerasTuner's one process."""
    found: list[float] = []
    ended = 0

    def watch(_: Any) -> Any:
        import keras

        def on_train_end(logs: Any) -> None:
            nonlocal ended
            ended += 1
            if ended in MEASURED:
                found.append(resident("self"))

        return keras.callbacks.LambdaCallback(on_train_end=on_train_end)

    stock("RandomSearch", TASKS["wine"], 0, folder, watch, trials=MEASURED[-1])
    return {"stock, one process": found}


def resident(pid: str) -> float:
    """Return the resident memory of a process, MiB."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") / 1024


def share(pid: str) -> float:
    """Return its proportional share: pages that several processes have are divided, MiB."""
    try:
        return _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") / 1024
    except (OSError, StopIteration):  # it has just ended
        return 0.0


def _kilobytes(file: Path, name: str) -> int:
    lines = file.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def children(pid: str) -> list[str]:
    """Return the processes that a process has started."""
    try:
        return [
            c for f in Path(f"/proc/{pid}/task").glob("*/children") for c in f.read_text().split()
        ]
    except OSError:
        return []


def descendants(pid: str) -> list[str]:
    """Return these, and what they have started, and so on."""
    return [found for child in children(pid) for found in (child, *descendants(child))]


def command(pid: str) -> bytes:
    """Return the command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


if __name__ == "__main__":
    main()
