"""The sweep: claims trials from the study, hands them to processes, and records their results."""

import errno
import json
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

from tuning.study.ledger import KILLS, Study, Trial
from tuning.study.liveness import Heartbeat
from tuning.sweep.pool import KILLED, Pool
from tuning.sweep.shared import Job

GRACE = 6.0  # seconds in which a trial that runs when time is up hands over what it has learned


@dataclass
class Slot:
    """An attempt under way, at trial `number`."""

    number: int
    attempt: optuna.Trial
    job: Job
    connection: socket.socket
    kernel_kills: int
    started: float = field(default_factory=time.monotonic)
    epoch: int = 0
    cost: Mapping[str, float] = field(default_factory=dict)  # of the model, from its first epoch on
    paced: tuple[float, float] = (0.0, 0.0)  # when the first epoch ended, and the last
    rest: bytes = b""
    result: dict[str, Any] | None = None
    exit: int | None = None

    @property
    def pace(self) -> float:
        """Seconds per epoch after the first; 0 where that is not known."""
        first, last = self.paced
        return (last - first) / (self.epoch - 1) if self.epoch > 1 else 0.0


class Sweep:
    """One machine's part of a search.

    Args:
        study: where trials come from and results go.
        pool: runs them.
        jobs: how many at a time.
        prepare: makes the job of an attempt.
        record: puts the result of an attempt into the study.
        changed: called after every change: epochs done and at most, by the number of each trial
            that runs here; and the trial that has ended, or None.
        heartbeat: of a study that several machines share.
        log: told the trial, the epoch and its curves.
        over: whether time is up, of the seconds per epoch of the slowest trial that runs here: then
            what runs here ends, with the weights that it has.
        between: called when a trial has ended, before the next begins.
    """

    def __init__(
        self,
        study: Study,
        pool: Pool,
        jobs: int,
        prepare: Callable[[int, optuna.Trial], Job],
        record: Callable[[optuna.Trial, Job, Trial], None],
        changed: Callable[[Mapping[int, tuple[int, int]], Trial | None], None],
        heartbeat: Heartbeat | None,
        log: Callable[[int, int, Mapping[str, float]], None],
        over: Callable[[float], bool] = lambda pace: False,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self._study, self._pool, self._jobs = study, pool, jobs
        self._prepare, self._record, self._tell = prepare, record, changed
        self._heartbeat, self._log = heartbeat, log
        self._over, self._between = over, between
        self._selector = selectors.DefaultSelector()
        self.slots: dict[int, Slot] = {}  # by trial number

    def run(self) -> None:
        """Run until the study's budget is spent, here and elsewhere, or time is up here.

        Raises:
            OSError: a trial found the disk full.
        """
        try:
            while True:
                if self._heartbeat is not None:
                    self._heartbeat.beat()
                if self._over(max((slot.pace for slot in self.slots.values()), default=0.0)):
                    self._cut()
                    if self._over(0.0):  # what follows another best one may take less
                        return
                more = self._fill()
                if not self.slots and not more and not self._study.running():
                    return
                for key, _ in self._selector.select(timeout=1.0 if self.slots or not more else 0):
                    self._read(key.data)
        finally:
            for slot in self.slots.values():
                slot.connection.close()  # which ends the process
            for slot in self.slots.values():
                self._study.lose(slot.attempt)

    def _fill(self) -> bool:
        """Start trials in free slots; return whether there may be more."""
        while len(self.slots) < self._jobs:
            try:
                claimed = self._study.claim()
                if claimed is None:
                    return False
                number, attempt = claimed
                job = self._prepare(number, attempt)
            except optuna.exceptions.UpdateFinishedTrialError:  # we were silent for too long
                continue
            if number in self.slots:  # given up by another machine, and now ours again
                self._close(self.slots[number])
            slot = Slot(number, attempt, job, self._pool.launch(job), kernel_kills())
            self.slots[number] = slot
            self._selector.register(slot.connection, selectors.EVENT_READ, slot)
            self._changed()
        return True

    def _read(self, slot: Slot) -> None:
        try:
            received = slot.connection.recv(1 << 16)
        except OSError:
            received = b""
        *lines, slot.rest = (slot.rest + received).split(b"\n")
        try:
            for line in lines:
                self._hear(slot, json.loads(line))
            if not received:
                self._end(slot)
        except optuna.exceptions.UpdateFinishedTrialError:  # we were silent for too long
            self._close(slot)
            self._changed()

    def _hear(self, slot: Slot, message: Mapping[str, Any]) -> None:
        if "epoch" in message:
            slot.epoch, now = message["epoch"] + 1, time.monotonic()
            slot.paced, slot.cost = (slot.paced[0] or now, now), message.get("cost", {})
            slot.attempt.report(message["score"], message["epoch"])
            # a short training is ahead of longer ones, whose rates fall later: no measure of them
            go = bool(slot.job.seconds) or not slot.attempt.should_prune()
            self._log(slot.number, message["epoch"], message["curves"])
            try:
                slot.connection.sendall(json.dumps({"go": go}).encode() + b"\n")
            except OSError:
                return  # it died; the end of its socket comes next
            self._changed()
        slot.result = message.get("result", slot.result)
        slot.exit = message.get("exit", slot.exit)

    def _changed(self, ended: Trial | None = None) -> None:
        running = {n: (slot.epoch, _epochs(slot.job)) for n, slot in self.slots.items()}
        self._tell(running, ended)

    def _close(self, slot: Slot) -> None:
        if slot.connection.fileno() >= 0:
            self._selector.unregister(slot.connection)
            slot.connection.close()
        if self.slots.get(slot.number) is slot:
            del self.slots[slot.number]

    def _end(self, slot: Slot) -> None:
        self._close(slot)
        result = slot.result if slot.result is not None else self._died(slot)
        if result is None:
            self._changed()
            return
        if result["state"] == "full":
            self._study.lose(slot.attempt)
            raise OSError(errno.ENOSPC, result["message"])
        self._finish(slot, result)
        self._between()

    def _finish(self, slot: Slot, result: dict[str, Any]) -> None:
        seconds = round(time.monotonic() - slot.started, 3)
        ended = Trial(
            slot.number,
            slot.attempt.params,
            result.pop("state"),
            preset=slot.job.preset,
            overrides=slot.job.overrides,
            recipe=slot.job.recipe,
            seconds=seconds,
            pace=round(slot.pace, 4) or seconds,
            **result,
        )
        self._record(slot.attempt, slot.job, ended)
        self._changed(ended)

    def _cut(self) -> None:
        """End what runs here, as time is up: with its weights, if it hands them over soon."""
        for slot in self.slots.values():
            with suppress(OSError):  # it died; the end of its socket comes next
                slot.connection.sendall(json.dumps({"stop": True}).encode() + b"\n")
        until = time.monotonic() + GRACE
        while self.slots and (left := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(timeout=left):
                self._read(key.data)
        for slot in [*self.slots.values()]:
            self._close(slot)
            message = f"time was up after epoch {slot.epoch}"
            found = {"message": message, "epochs": slot.epoch, "cost": slot.cost}
            self._finish(slot, {"state": "pruned", **found})

    def _died(self, slot: Slot) -> dict[str, Any] | None:
        """Return the result of a process that gave none, or None if its trial is run again."""
        code = slot.exit
        if code is None or -code in KILLED:
            if kernel_kills() > slot.kernel_kills:
                return {"state": "failed", "message": "the kernel killed it: out of memory"}
            if self._study.kills(slot.number) + 1 >= KILLS:
                return {"state": "failed", "message": f"its process was killed {KILLS} times"}
            self._study.lose(slot.attempt, why=f"exit code {code}")
            return None
        died = f"of {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return {"state": "failed", "message": f"its process died {died}; see worker.log"}


def _epochs(job: Job) -> int:
    """Return the epochs of a job at most, those on few rows among them."""
    return int(job.recipe["epochs"]) * (2 if job.screen else 1)


def kernel_kills() -> int:
    """Return how many processes the kernel has killed for want of memory: in our container, or
    since it started. Where it does not say (not Linux), an out of memory counts as killed.
    """
    for file in ("/sys/fs/cgroup/memory.events", "/proc/vmstat"):
        with suppress(OSError):
            for line in Path(file).read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return 0
