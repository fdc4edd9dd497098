"""The processes in which trials run: `python -m tuning.sweep.worker FD`.

One process imports Keras, once, and does nothing with it; for every trial it forks a keeper, and
the keeper forks the trial and tells how it ended. A trial can die alone, leaves no memory behind,
and starts in milliseconds: a fork has no imports to do, and there are no threads yet to lose.

A job comes, and messages go, as lines of JSON over a socket of the trial's own:

    {"epoch": 0, "score": 0.9}    answered by {"go": true}, or false to stop
    {"stop": true}                to the trial: time is up, and what it has learned is its result
    {"result": {...}}             fields of `tuning.study.ledger.Trial`
    {"exit": 0}                   from the keeper; negative is a signal
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import keras

from tuning.quantization import int8_score
from tuning.recipe import Recipe
from tuning.sweep.cards import VISIBLE
from tuning.sweep.shared import Job, few, shared
from tuning.training.fitting import fit
from zoo import ModelSpec, UserError
from zoo.backends import do_without_tensorflow
from zoo.cost.estimate import estimate
from zoo.devices.budget import figure
from zoo.devices.device import Device
from zoo.files import is_full
from zoo.run import save_weights


def main(control: socket.socket) -> None:
    """Fork a keeper for every socket that comes; end when the other side is gone."""
    do_without_tensorflow()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.sendall(b"ready")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _end_after(_keep, socket.socket(fileno=descriptors[0]))
        os.close(descriptors[0])


def _keep(connection: socket.socket) -> None:
    """Run one trial in a process of its own and tell how that ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    trial = os.fork()
    if trial == 0:
        _end_after(_serve, connection)
    _, status = os.waitpid(trial, 0)
    connection.sendall(_line({"exit": os.waitstatus_to_exitcode(status)}))


def _end_after(work: Callable[[socket.socket], None], connection: socket.socket) -> NoReturn:
    """Do the work of a process, and end it without tearing down what it was forked with."""
    try:
        work(connection)
    except OSError:  # the other side is gone
        os._exit(1)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


class Link:
    """A trial's side of its socket. The process ends with the other side."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._answer: dict[str, Any] = {}
        self._answered = threading.Semaphore(0)
        self.stopped = False
        self.job = json.loads(self._lines.readline())
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        self._connection.sendall(_line(message))

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send a message and wait for the answer."""
        self.send(message)
        self._answered.acquire()
        return self._answer

    def _listen(self) -> None:
        try:
            for line in self._lines:
                heard = json.loads(line)
                if "stop" in heard:
                    self.stopped = True
                    continue
                self._answer = heard
                self._answered.release()
        finally:  # an end, or a reset where the other side has left something unread
            os._exit(1)


class _Stop(keras.callbacks.Callback):
    """Ends an epoch early when time is up; it is validated as it is."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        if self._link.stopped:
            self.model.stop_training = True


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _serve(connection: socket.socket) -> None:
    """Run one trial. Whatever its model does ends in a result."""
    link = Link(connection)
    if link.job.get("card") is not None:  # before a backend asks for a device
        os.environ[VISIBLE] = link.job["card"]
    try:
        result = _run(link)
    except Exception as error:
        if is_full(error):
            result = {"state": "full", "message": str(error)}
        elif isinstance(error, UserError):
            result = {"state": "failed", "message": str(error)}
        else:
            result = {"state": "failed", "message": f"{type(error).__name__}: {error}"}
    link.send({"result": result})


def _run(link: Link) -> dict[str, Any]:
    job = Job(**link.job)
    data, recipe = shared(Path(job.data)), Recipe(**job.recipe)
    keras.utils.set_random_seed(recipe.seed)
    spec = ModelSpec(job.preset, tuple(job.input_shape), job.num_outputs, job.overrides)
    try:
        model = spec.build()
        device = None if job.device is None else Device.of(job.device)
        cost = estimate(model, device).known()
    except UserError as error:
        return {"state": "infeasible", "message": str(error)}
    for name, most in job.limits.items():
        if cost[name] > most:
            message = f"over the limit: {figure(name, cost[name])} > {most:,}"
            return {"state": "infeasible", "message": message, "cost": cost}
    go, late, ended, started = True, False, 0, time.monotonic()

    def on_epoch(epoch: int, curves: Mapping[str, float]) -> bool:
        nonlocal go, late
        score = curves[f"val_{data.metric}"]
        told = {"epoch": ended + epoch, "score": score, "curves": dict(curves), "cost": cost}
        go = bool(link.ask(told)["go"])
        late = link.stopped or 0 < job.seconds < time.monotonic() - started
        return go and not late

    how: dict[str, Any] = {"callbacks": (_Stop(link),), "on_epoch": on_epoch}
    if job.screen:
        some = few(data, job.screen, recipe.seed)
        ended = fit(model, some, recipe, **how).epochs
        if not go or link.stopped:
            message = f"pruned after epoch {ended} on {len(some.x_train)} rows"
            return {"state": "pruned", "message": message, "epochs": ended, "cost": cost}
        keras.utils.set_random_seed(recipe.seed)
        model = spec.build()
    rows = few(data, job.rows, recipe.seed) if job.rows else data
    result = fit(model, rows, recipe, resume=Path(job.checkpoint), **how)
    shown = {"epochs": result.epochs, "loss": result.loss, "cost": cost}
    if not go:
        return shown | {"state": "pruned", "message": f"pruned after epoch {result.epochs}"}
    score = result.score if job.objective == "float" else int8_score(model, data)
    save_weights(model, Path(job.weights))
    cut = late and result.epochs < recipe.epochs
    message = f"time was up after epoch {result.epochs}" if cut and link.stopped else ""
    return shown | {"state": "completed", "score": score, "cut": cut, "message": message}


if __name__ == "__main__":
    _end_after(main, socket.socket(fileno=int(sys.argv[1])))
