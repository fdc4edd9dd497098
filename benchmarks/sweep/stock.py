"""A search with a tuner of KerasTuner, as its documentation shows it."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.sweep.traces import Ended, Task, best_of

TRIALS = 10_000  # more than any time allows


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

    import zoo
    from tuning.spaces import default_recipe
    from tuning.training.losses import Targets

    data = zoo.load_data(task.source, seed=seed)
    targets = Targets.of(data)
    recipe = replace(default_recipe(task.preset), epochs=task.epochs)
    keras.utils.set_random_seed(seed)
    tuner = _tuner(name, task, seed, folder, _builder(task, data, recipe), trials)
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


def _builder(task: Task, data: Any, recipe: Any) -> Callable[[Any], Any]:
    """Return what builds and compiles a model at a point of KerasTuner's `HyperParameters`."""
    import zoo
    from tuning.spaces import point
    from tuning.training.losses import compile_for
    from zoo.layers.inputs import Standardize

    def build(hp: Any) -> Any:
        chosen = point(hp, task.preset, {}, recipe)
        model = zoo.create_model(
            task.preset, data.input_shape, data.num_outputs, **chosen.overrides
        )
        for layer in model.layers:
            if isinstance(layer, Standardize):
                layer.adapt(data.x_train)
        compile_for(model, data, chosen.recipe)
        return model

    return build


def _tuner(
    name: str, task: Task, seed: int, folder: Path, build: Callable[[Any], Any], trials: int
) -> Any:
    import keras_tuner

    limits: dict[str, Any] = {"max_trials": trials}
    if name == "Hyperband":  # once more, as long as there is time: its documentation advises that
        limits = {"max_epochs": task.epochs, "factor": 3, "hyperband_iterations": trials}
    return getattr(keras_tuner, name)(
        build,
        objective=keras_tuner.Objective(f"val_{task.metric}", task.direction),
        seed=seed + 1,  # 0 is "random" there
        directory=folder,
        project_name="stock",
        **limits,
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
                best = best_of(task, [score for _, score in self.curve])
                kept = min(self.curve)[1] if self.curve else None
                ended = Ended(round(time.time() - started, 3), best, kept, len(self.curve))
                with file.open("a") as lines:
                    lines.write(json.dumps(asdict(ended)) + "\n")

        return Tracer()

    return make
