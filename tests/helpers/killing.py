"""Sweeps as commands, the killing of their processes, and what must be true afterwards."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.pool import NullPool

import zoo
from tuning.study.storage import LOG, database
from tuning.sweep.jobs import KEPT

ROOT = Path(__file__).parents[2]
MARK = "POCKETZOO_SWEEP_UNDER_TEST"
KINDS = ("trial", "keeper", "zygote", "supervisor")
PATIENCE = 300  # seconds, far more than anything here takes
SECONDS_TO_END = 30  # a process that was importing notices late that it is alone


class Process(NamedTuple):
    """What /proc says of a process."""

    pid: int
    parent: int
    is_worker: bool


@dataclass
class Command:
    """A sweep of mlp_tiny on wine as its user starts it, and all processes that come of it.

    Attributes:
        folder: the run folder; output and temporary files are beside it.
        options: of `tests.helpers.sweeping`, JSON.
        environment: what is added to ours.
    """

    folder: Path
    options: dict[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def output(self) -> Path:
        """Where stdout and stderr of all starts go."""
        return self.folder.with_name(self.folder.name + ".output")

    @property
    def temporary(self) -> Path:
        """TMPDIR of all processes."""
        return self.folder.with_name(self.folder.name + ".tmp")

    def start(self, prepare: Callable[[], None] | None = None) -> None:
        """Start the command, or the same command again; `prepare` runs in its process first."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        here = {
            "OMP_NUM_THREADS": "1",
            "KERAS_BACKEND": "torch",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TMPDIR": str(self.temporary),
            MARK: self.mark,
        }
        arguments = {"directory": str(self.folder), **self.options}
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.helpers.sweeping", json.dumps(arguments)],
                cwd=ROOT,
                env={**os.environ, **here, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=prepare,
            )

    def wait(self) -> int:
        """Wait for the command to end by itself, and return its exit code."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def run(self) -> tuple[int, str]:
        """Start the command and wait; return its exit code and what this start has said."""
        before = len(self.said())
        self.start()
        return self.wait(), self.said()[before:]

    def said(self) -> str:
        """Return what all starts have printed."""
        return self.output.read_text() if self.output.exists() else ""

    def until(self, is_so: Callable[[], Any]) -> None:
        """Wait while the command runs until something is so."""
        assert self.process is not None
        waited = time.monotonic() + PATIENCE
        while not is_so():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < waited, self.said()
            time.sleep(0.01)

    def members(self) -> list[Process]:
        """Return every live process of this sweep, orphans too: they inherit its mark."""
        mark = f"{MARK}={self.mark}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if mark not in (entry / "environ").read_bytes():
                    continue  # a zombie has no environment any more
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended
            found.append(Process(int(entry.name), parent, b"tuning.sweep.worker" in words))
        return found

    def of_kind(self, kind: str) -> list[int]:
        """Return the processes of one of `KINDS`. A keeper that has no trial yet counts as one."""
        assert self.process is not None
        if kind == "supervisor":
            return [self.process.pid] if self.process.poll() is None else []
        workers = [member for member in self.members() if member.is_worker]
        parents = {worker.parent for worker in workers}
        if kind == "zygote":
            return [worker.pid for worker in workers if worker.parent == self.process.pid]
        forked = [worker for worker in workers if worker.parent != self.process.pid]
        return [w.pid for w in forked if (w.pid in parents) == (kind == "keeper")]

    def kill(self, kind: str, chance: random.Random) -> bool:
        """Kill a process of a kind; False if there is none."""
        alive = self.of_kind(kind)
        if not alive:
            return False
        try:
            os.kill(chance.choice(alive), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def end(self) -> None:
        """Kill whatever is left of it."""
        while left := self.members():
            for member in left:
                try:
                    os.kill(member.pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            if self.process is not None:
                self.process.wait()
            time.sleep(0.01)


def harass(
    command: Command, kinds: Sequence[str], chance: random.Random, *, within: float, more: int = 4
) -> Counter[str]:
    """Run a sweep to its end while processes of `kinds`, in this order, are killed.

    Each kill comes at a random moment `within` so many seconds of a process of its kind being seen;
    a supervisor is seen long before it works, and lives on for ten times that. A killed supervisor
    is started again; a sweep that has ended before all kills were done is extended by `more`
    trials, so that they are always all done.

    Returns the kills, by kind.
    """
    done: Counter[str] = Counter()
    command.start()
    for kind in kinds:
        moment = chance.uniform(0, within) * (10 if kind == "supervisor" else 1)
        waited = time.monotonic() + PATIENCE
        since: float | None = None
        while True:
            _go_on(command, more)
            assert time.monotonic() < waited, f"no {kind} came:\n{command.said()}"
            if since is None and command.of_kind(kind):
                since = time.monotonic()
            late = since is not None and time.monotonic() - since >= moment
            if late and command.kill(kind, chance):
                break
            time.sleep(0.01)
        done[kind] += 1
        if kind == "supervisor":
            command.process.wait()
            command.start()
    assert command.wait() == 0, command.said()
    return done


def _go_on(command: Command, more: int) -> None:
    code = command.process.poll()
    if code is not None:
        assert code == 0, command.said()
        command.options["trials"] += more
        command.start()


def study_of(command: Command) -> optuna.Study:
    """Open the study of a sweep, as any reader would."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = command.options.get("storage")
    if storage:
        url = database(storage).render_as_string(hide_password=False)
        unpooled = {"poolclass": NullPool}  # nothing stays open
        opened: Any = optuna.storages.RDBStorage(url, engine_kwargs=unpooled)
    else:
        backend = optuna.storages.journal.JournalFileBackend(str(command.folder / LOG))
        opened = optuna.storages.JournalStorage(backend)
    return optuna.load_study(study_name=command.folder.name, storage=opened)


def attempts_by_trial(study: optuna.Study) -> list[list[FrozenTrial]]:
    """Return the attempts of trial 0, 1, ...: each first attempt, and those that retry it.

    This is what `tuning.study.ledger` says of its ledger, written down once more.
    """
    attempts = [a for a in study.get_trials() if "discarded" not in a.user_attrs]
    first = [a.number for a in attempts if "retry_of" not in a.user_attrs]
    return [[a for a in attempts if n in (a.number, a.user_attrs.get("retry_of"))] for n in first]


def broken(command: Command, state: TrialState = TrialState.COMPLETE) -> list[str]:
    """Return what is not as it must be after a sweep that has ended, nothing pruned or failed."""
    study, wrong = study_of(command), []
    trials = attempts_by_trial(study)
    if len(trials) != command.options["trials"]:
        wrong.append(f"{len(trials)} trials instead of {command.options['trials']}")
    for number, attempts in enumerate(trials):
        finished = [a.state for a in attempts if "outcome" in a.user_attrs]
        if finished != [state]:
            wrong.append(f"trial {number} has {len(finished)} results: {finished}")
    for attempt in study.get_trials():
        if not attempt.state.is_finished():
            wrong.append(f"attempt {attempt.number} is left {attempt.state.name}")
    return wrong + _broken_files(command, study)


def _broken_files(command: Command, study: optuna.Study) -> list[str]:
    wrong = []
    try:
        zoo.Run(command.folder).load_model()
    except zoo.UserError as error:
        wrong.append(f"the run folder: {error}")
    weights = [a.user_attrs.get("weights") for a in study.get_trials()]
    known = {kept[0] for kept in weights if kept is not None}
    held = {path.name for path in (command.folder / "trials").iterdir()}
    if len(held) > KEPT or not held <= known:
        wrong.append(f"trials/ holds {sorted(held)}, of which {sorted(held & known)} are artifacts")
    wrong += [f"{path} is left" for path in litter(command.folder)]
    wrong += [f"{path} is left" for path in command.temporary.iterdir()]
    waited = time.monotonic() + SECONDS_TO_END
    while command.members() and time.monotonic() < waited:
        time.sleep(0.01)
    wrong += [f"{member} is left" for member in command.members()]
    return wrong


def litter(folder: Path) -> list[Path]:
    """Return the files that something unfinished has left in a run folder."""
    unfinished = re.compile(r"\..*\.\d+(\..*)?|.*\.lock.+|study\.log\.lock|.*\.checkpoint|.*\.tmp")
    return [path for path in folder.rglob("*") if unfinished.fullmatch(path.name)]


def retries(study: optuna.Study) -> int:
    """Return how many attempts were further ones."""
    return sum("retry_of" in a.user_attrs for a in study.get_trials())
