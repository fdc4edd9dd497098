"""Baselines fitted where they can be stopped: `python -m export.proof.fitting FOLDER`.

Native code can be stopped from outside only. One child imports what all need and forks for each
baseline; the kernel ends a fork whose time is over. A small table is fitted in this process, which
takes less time than a child's start.
"""

import json
import os
import signal
import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from export.child import ChildError, run_child
from zoo import Data
from zoo.baselines.fitted import fit_baseline, import_all, names
from zoo.leash import follow
from zoo.stages import stage
from zoo.tasks import recorded

SECONDS = 60  # for each
SECONDS_TO_START = 300
SMALL, FEW = 50_000, 4  # rows x features x outputs, and outputs, that are fitted in a moment
PARTS = tuple(field.name for field in fields(Data) if field.name[:2] in ("x_", "y_"))
PLAN = "plan.json"


@dataclass(frozen=True, eq=False)
class Answered:
    """What a baseline answers for the test rows; or why it was left out, in words."""

    name: str
    outputs: np.ndarray | None
    seconds: float = 0.0  # of fitting
    why: str = ""


def answered(data: Data, seconds: float = SECONDS) -> list[Answered]:
    """Fit the baselines on all rows but the test rows, and return their answers for those.

    Args:
        data: a table.
        seconds: that each may take.
    """
    stage(f"fitting baselines, each in {seconds:g} s at most: {', '.join(names())}")
    values, outputs = data.x_train.size + data.x_validation.size, data.num_outputs
    if outputs <= FEW and values * outputs <= SMALL:
        return [_fitted(name, data) for name in names()]
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as folder:
        for part in PARTS:
            np.save(Path(folder, part), getattr(data, part))
        shape = {"shape": data.input_shape}
        told = {"task": data.task.name, "class_names": data.class_names, "schema": shape}
        plan = {**told, "seconds": seconds}
        Path(folder, PLAN).write_text(json.dumps(plan))
        try:
            how = run_child(__name__, folder, SECONDS_TO_START + len(names()) * seconds)
        except ChildError as error:
            return [Answered(name, None, why=f"left out: the process {error}") for name in names()]
        return [_read(Path(folder), name, why) for name, why in json.loads(how).items()]


def _fitted(name: str, data: Data) -> Answered:
    one = fit_baseline(name, data)
    return Answered(name, one.predict(data.x_test), one.seconds)


def _read(folder: Path, name: str, why: str) -> Answered:
    if why:
        return Answered(name, None, why=why)
    with np.load(folder / f"{name}.npz") as held:
        return Answered(name, held["outputs"], float(held["seconds"]))


def main(folder: Path) -> None:
    """Fit the baselines to the rows in a folder; print why which was left out, as JSON."""
    import_all()
    plan = json.loads((folder / PLAN).read_text())
    parts = {part: np.load(folder / f"{part}.npy", mmap_mode="r") for part in PARTS}
    data = Data("", "", 0, recorded(plan), "", **parts)
    print(json.dumps({name: _forked(name, data, folder, plan["seconds"]) for name in names()}))


def _forked(name: str, data: Data, folder: Path, seconds: float) -> str:
    """Fit in a process of its own; return why that gave no answers, or an empty text."""
    parent = os.getpid()
    child = os.fork()
    if not child:
        code = 1
        try:
            follow(parent)
            signal.setitimer(signal.ITIMER_REAL, seconds)  # its signal ends native code, too
            one = fit_baseline(name, data)
            outputs = one.predict(data.x_test)
            np.savez(folder / f"{name}.npz", outputs=outputs, seconds=one.seconds)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGALRM:
        return f"left out after {seconds:g} s"
    return f"left out: it ended with code {code}" if code else ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
