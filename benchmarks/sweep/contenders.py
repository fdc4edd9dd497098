"""One search by one method, for so many seconds, in a process of its own: it leaves a trace.

    python -m benchmarks.sweep.contenders '{"method": "RandomSearch", "task": "digits", ...}'

The seconds begin when the process is started, so imports count; what runs when they are over is
thrown away. Both are so for every method. What is heavy is imported once the clock runs.
"""

import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

TRIALS = 10_000  # more than any time allows
STOCK = ("RandomSearch", "BayesianOptimization", "Hyperband")
OURS: Mapping[str, Mapping[str, Any]] = {
    "ours": {},
    "our random": {"algorithm": "random", "prune": "none", "jobs": 1},
}


class Task(NamedTuple):
    """What is searched: around a preset on a built-in set, at most so many epochs a trial."""

    source: str
    preset: str
    epochs: int
    metric: str
    direction: str  # "max" or "min"


TASKS = {
    "digits": Task("digits", "cnn_tiny", 6, "accuracy", "max"),
    "diabetes": Task("diabetes", "mlp_small", 60, "rmse", "min"),
    "wine": Task("wine", "mlp_tiny", 2, "accuracy", "max"),  # the short trials of `engine.py`
}


@dataclass(frozen=True)
class Ended:
    """A trial that has ended.

    Attributes:
        seconds: since the process was started.
        best: the metric on the validation rows in its best epoch, as KerasTuner scores a trial.
        kept: the same in the epoch of the least validation loss, whose weights early stopping
            keeps, as our search scores a trial.
        epochs: it was trained for.
        state: one of `tuning.study.ledger.STATES`. Only a completed trial has scores here.
    """

    seconds: float
    best: float | None
    kept: float | None
    epochs: int
    state: str = "completed"


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


def read_trace(file: Path) -> list[Ended]:
    """Read what `tracer` wrote; a last line that is not whole yet has not ended."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [Ended(**json.loads(line)) for line in lines if line.endswith("\n")]


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
            scores = (_best(task, curve), trial.value) if outcome == "completed" else (None, None)
            found.append(Ended(seconds, *scores, len(curve), outcome))
    return sorted(found, key=lambda ended: ended.seconds)


def stock(
    name: str,
    task: Task,
    seed: int,
    folder: Path,
    watch: Callable[[Any], Any],
    trials: int = TRIALS,
) -> None:
    """Search with a tuner of KerasTuner, as its documentation shows, on the space of `ours`.

    Args:
        watch: given the data's `Targets`, returns a callback that goes along.
        trials: most that are run.
    """
    import keras
    import keras_tuner

    import zoo
    from tuning.spaces import default_recipe, point
    from tuning.training.losses import Targets, compile_for
    from zoo.layers.inputs import Standardize

    data = zoo.load_data(task.source, seed=seed)
    targets = Targets.of(data)
    recipe = replace(default_recipe(task.preset), epochs=task.epochs)

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        chosen = point(hp, task.preset, {}, recipe)
        model = zoo.create_model(
            task.preset, data.input_shape, data.num_outputs, **chosen.overrides
        )
        for layer in model.layers:
            if isinstance(layer, Standardize):
                layer.adapt(data.x_train)
        compile_for(model, data, chosen.recipe)
        return model

    keras.utils.set_random_seed(seed)
    limits: dict[str, Any] = {"max_trials": trials}
    if name == "Hyperband":  # once more, as long as there is time: its documentation advises that
        limits = {"max_epochs": task.epochs, "factor": 3, "hyperband_iterations": trials}
    tuner = getattr(keras_tuner, name)(
        build,
        objective=keras_tuner.Objective(f"val_{task.metric}", task.direction),
        seed=seed + 1,  # 0 is "random" there
        directory=folder,
        project_name="stock",
        **limits,
    )
    tuner.search(
        data.x_train,
        targets.encode(data.y_train),
        validation_data=(data.x_validation, targets.encode(data.y_validation)),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.EarlyStopping(patience=recipe.patience, restore_best_weights=True),
            watch(targets),
        ],
        verbose=0,
    )


def tracer(task: Task, started: float, file: Path) -> Callable[[Any], Any]:
    """Return what makes the callback that writes a line for every trial that ends."""

    def make(targets: Any) -> Any:
        import keras

        class Tracer(keras.callbacks.Callback):
            def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
                self.curve: list[tuple[float, float]] = []

            def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
                now = targets.in_units(logs or {})
                if math.isfinite(now["val_loss"]):
                    self.curve.append((now["val_loss"], now[f"val_{task.metric}"]))

            def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
                best = _best(task, [score for _, score in self.curve])
                kept = min(self.curve)[1] if self.curve else None
                ended = Ended(round(time.time() - started, 3), best, kept, len(self.curve))
                with file.open("a") as lines:
                    lines.write(json.dumps(asdict(ended)) + "\n")

        return Tracer()

    return make


def _best(task: Task, curve: list[float]) -> float | None:
    return (max if task.direction == "max" else min)(curve) if curve else None


if __name__ == "__main__":
    main()
