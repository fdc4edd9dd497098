"""Steps a second of `tuning.fit`, beside the same graph in plain Keras layers and `model.fit`.

    python -m benchmarks.train [--backends torch jax tensorflow] [--presets NAME ...]
                               [--repeats 5] [--epochs 9]

Each family's base preset, on noise of the shape it is declared for. A backend is a process of its
own; in it, ours and the plain one take turns, and the first epoch of each, which compiles, does not
count. Steps a second are those of the median epoch. *pipeline*: what a step costs when the model is
a single product: rows, shuffling, loops and callbacks; its share of ours. Writes
`benchmarks/results/train.md`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sweep.machine import machine
from benchmarks.sweep.race import interval
from benchmarks.tables import table

RESULTS = Path(__file__).parent / "results" / "train.md"
BACKENDS = ("torch", "jax", "tensorflow")
BATCH = 32
STEPS = {"mlp_base": 200, "cnn_base": 4, "gru_base": 40, "vit_base": 4}  # an epoch: about a second

WHY = """\
**Fastest on this CPU** (two cores): JAX for the MLP and the GRU, TensorFlow for the CNN and, beside
Torch, for the ViT. XLA makes one program of a whole step, optimizer included, so that JAX pays for
Python once; Torch pays for it at every operation, which is most of a step of small products, and at
every time step of a GRU. Convolutions are oneDNN's on TensorFlow and Torch, and XLA's own, slower
ones on JAX. Compiling is not counted here: where it is, in short trials, Torch needs the least time
(`results/sweep.md`).

Where ours is faster than the same layers under a plain `model.fit`, it is by its batches, which
NumPy cuts; Keras' own of arrays are a graph on TensorFlow and a loader on Torch.
"""


def mlp(x: Any, layers: Any, outputs: int) -> Any:
    for _ in range(3):
        x = layers.Dense(256, use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    return layers.Dense(outputs)(x)


def cnn(x: Any, layers: Any, outputs: int) -> Any:
    """ResNet-20."""

    def conv(x: Any, width: int, size: int, strides: int) -> Any:
        return layers.Conv2D(width, size, strides, padding="same")(x)

    def norm(x: Any) -> Any:
        return layers.BatchNormalization(momentum=0.9)(x)

    x = layers.Activation("relu")(norm(conv(x, 16, 3, 1)))
    for stage, width in enumerate((16, 32, 64)):
        for block in range(3):
            strides = 2 if stage and not block else 1
            short = x if strides == 1 else conv(x, width, 1, strides)
            y = layers.Activation("relu")(norm(conv(x, width, 3, strides)))
            x = layers.Activation("relu")(layers.Add()([norm(conv(y, width, 3, 1)), short]))
    return layers.Dense(outputs)(layers.GlobalAveragePooling2D()(x))


def gru(x: Any, layers: Any, outputs: int) -> Any:
    x = layers.GRU(128)(layers.GRU(128, return_sequences=True)(x))
    return layers.Dense(outputs)(x)


def vit(x: Any, layers: Any, outputs: int) -> Any:
    class Positions(layers.Layer):
        def build(self, shape: Any) -> None:
            self.table = self.add_weight(shape=shape[1:])

        def call(self, x: Any) -> Any:
            return x + self.table

    x = Positions()(layers.Reshape((64, 128))(layers.Conv2D(128, 4, 4)(x)))
    for _ in range(6):
        y = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Add()([x, layers.MultiHeadAttention(4, 32)(y, y)])
        y = layers.Dense(256, activation="relu")(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.Add()([x, layers.Dense(128)(y)])
    x = layers.GlobalAveragePooling1D()(layers.BatchNormalization(momentum=0.9)(x))
    return layers.Dense(outputs)(x)


def product(x: Any, layers: Any, outputs: int) -> Any:
    return layers.Dense(outputs)(layers.Flatten()(x)[:, :8])


PLAIN = {"mlp_base": mlp, "cnn_base": cnn, "gru_base": gru, "vit_base": vit}


def worker(preset: str, repeats: int, epochs: int) -> list[dict[str, float]]:
    """Return steps a second of ours, of the plain one, and of the pipeline, for every repeat."""
    import keras

    data = noise(preset)
    turn: dict[str, Callable[[], float]] = {
        "ours": lambda: ours(preset, data, epochs),
        "plain": lambda: plain(PLAIN[preset], data, epochs),
    }
    found = []
    for repeat in range(repeats):
        order = list(turn) if repeat % 2 else list(turn)[::-1]
        rates = {name: turn[name]() for name in order}
        found.append(rates | {"pipeline": plain(product, data, epochs)})
        keras.utils.clear_session()
    return found


def noise(preset: str) -> Any:
    """Return `zoo.Data` of the shape that a preset is declared for: `STEPS` batches of rows."""
    import zoo
    from zoo.presets.catalogue import reference
    from zoo.tasks import Classification

    shape, outputs = reference(preset)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH * STEPS[preset], *shape)).astype(np.float32)
    y = np.arange(len(x)) % outputs
    names = tuple(str(n) for n in range(outputs))
    return zoo.Data("noise", "noise", 0, Classification(names), "", x, y, x[:0], y[:0], x, y)


def ours(preset: str, data: Any, epochs: int) -> float:
    import tuning
    import zoo

    recipe = tuning.Recipe(epochs=epochs, batch_size=BATCH, patience=0)
    watch = clock()
    model = zoo.create_model(preset, data.input_shape, data.num_outputs)
    tuning.fit(model, data, recipe, callbacks=(watch,))
    return rate(watch, data)


def plain(body: Callable[[Any, Any, int], Any], data: Any, epochs: int) -> float:
    import keras

    inputs, channels = keras.Input(data.input_shape), data.input_shape[-1]
    scaled = keras.layers.Normalization(mean=np.zeros(channels), variance=np.ones(channels))
    model = keras.Model(inputs, body(scaled(inputs), keras.layers, data.num_outputs))
    total = epochs * len(data.x_train) // BATCH
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, total - total // 10, warmup_target=3e-3, warmup_steps=total // 10
    )
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=0.1, global_clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=["accuracy"],
    )
    watch, targets = clock(), np.eye(data.num_outputs, dtype=np.float32)[data.y_train]
    model.fit(data.x_train, targets, batch_size=BATCH, epochs=epochs, callbacks=[watch], verbose=0)
    return rate(watch, data)


def clock() -> Any:
    """Return a callback with the time at the end of each epoch in `times`."""
    import keras

    class Clock(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.times: list[float] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.times.append(time.perf_counter())

    return Clock()


def rate(watch: Any, data: Any) -> float:
    """Return steps a second in the median epoch, the first one left out."""
    return len(data.x_train) // BATCH / float(np.median(np.diff(watch.times)))


def lines(backend: str, preset: str, runs: Sequence[dict[str, float]]) -> list[str]:
    return [
        preset,
        backend,
        interval([run["ours"] for run in runs], 1),
        interval([run["plain"] for run in runs], 1),
        interval([run["plain"] / run["ours"] for run in runs], 3),
        f"{100 * np.median([run['ours'] / run['pipeline'] for run in runs]):.0f} %",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backends", nargs="+", default=list(BACKENDS))
    parser.add_argument("--presets", nargs="+", default=list(PLAIN))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        found = worker(arguments.worker, arguments.repeats, arguments.epochs)
        print(json.dumps(found))
        return
    rows = []
    for preset in arguments.presets:
        for backend in arguments.backends:
            command = [sys.executable, "-m", "benchmarks.train", "--worker", preset]
            command += ["--repeats", str(arguments.repeats), "--epochs", str(arguments.epochs)]
            environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
            ended = subprocess.run(command, env=environment, capture_output=True, text=True)
            if ended.returncode:
                raise SystemExit(ended.stderr)
            rows.append(lines(backend, preset, json.loads(ended.stdout.splitlines()[-1])))
            print(rows[-1], flush=True)
    head = ["preset", "backend", "ours, steps/s", "plain, steps/s", "plain / ours", "pipeline"]
    text = f"# Training\n\n{machine()}\n\n{(__doc__ or '').split('count. ')[1]}\n"
    text += f"Batches of {BATCH}; median [95 % interval].\n\n{table(head, rows)}\n\n{WHY}"
    print(text)
    if arguments.presets == list(PLAIN):
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
