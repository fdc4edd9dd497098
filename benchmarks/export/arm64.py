"""Int8 files in LiteRT for Arm, bit for bit beside LiteRT here: python -m benchmarks.export.arm64

    make arm64
    python -m benchmarks.export.arm64 [--only NAME ...]

Layers alone and every preset, on each processor that qemu emulates (a processor's kernels are
chosen by what it says of itself, so that their bits are those of a real one; its times are not,
and none is taken). Weights are random, of a trained model's size; so are the rows. Writes
`benchmarks/results/arm64.md`; a quarter of an hour on two cores.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

import export
from benchmarks.tables import machine, table
from export.runtimes.arm64 import ArmRun, Job, find_arm64, run_arm64
from export.runtimes.litert import load, raw_outputs, row_inputs
from tests.helpers.instances import (
    NAMES,
    data_for,
    data_of,
    fill,
    fill_weights,
    gives,
    made_for,
    rows_of,
)
from zoo import Data, ModelSpec
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT
from zoo.tasks import Regression

RESULTS = Path(__file__).parents[1] / "results" / "arm64.md"
ROWS, FEW = 64, 4  # of a preset; of one that goes step by step
MANY = 512  # of a layer
SHAPES = {TABLE: ((30,), 5), SEQUENCE: ((64, 6), 6), IMAGE: ((32, 32, 3), 10), TEXT: ((32,), 4)}
VECTOR, STEPS, PICTURE = (64,), (32, 6), (12, 12, 8)
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "gelu", "silu", "hard_silu")
Made = tuple[keras.Model, Data]


def numbers(model: keras.Model, x: np.ndarray) -> Data:
    """Wrap rows of a layer, whose outputs are numbers and no classes."""
    y = np.zeros((len(x), *model.output_shape[1:]), np.float32)
    return Data("rows", "rows", 0, Regression(), "", x, y, x[:0], y[:0], x[:FEW], y[:FEW])


def alone(*parts: layers.Layer, shape: tuple[int, ...]) -> Callable[[], Made]:
    """Return what makes a model of layers alone, and rows for it."""

    def make() -> Made:
        flat = layers.Flatten()
        model = fill_weights(keras.Sequential([layers.Input(shape), *parts, flat]))
        x = np.random.default_rng(0).normal(size=(MANY, *shape)).astype(np.float32)
        return model, numbers(model, x)

    return make


def attention() -> Made:
    inputs = keras.Input((16, 32))
    x = layers.MultiHeadAttention(2, 16)(inputs, inputs)
    model = fill_weights(keras.Model(inputs, layers.GlobalAveragePooling1D()(x)))
    x = np.random.default_rng(0).normal(size=(MANY, 16, 32)).astype(np.float32)
    return model, numbers(model, x)


def preset(name: str) -> Made:
    if gives(name) != "values":  # masks and boxes: of images as small as the tests'
        return fill(name), data_for(name, ROWS)
    shape, outputs = SHAPES[made_for(name)]
    model = fill_weights(ModelSpec(name, shape, outputs).build())
    return model, data_of(rows_of(name, shape, ROWS), np.arange(ROWS) % outputs)


LAYERS = {
    "Dense": alone(layers.Dense(32), shape=VECTOR),
    **{f"Dense, {one}": alone(layers.Dense(32, one), shape=VECTOR) for one in ACTIVATIONS},
    "Dense, softmax": alone(layers.Dense(32, "softmax"), shape=VECTOR),
    "Conv2D 3x3": alone(layers.Conv2D(16, 3), shape=PICTURE),
    "Conv2D 1x1": alone(layers.Conv2D(16, 1), shape=PICTURE),
    "DepthwiseConv2D": alone(layers.DepthwiseConv2D(3), shape=PICTURE),
    "Conv2DTranspose": alone(layers.Conv2DTranspose(4, 3, 2), shape=PICTURE),
    "AveragePooling2D": alone(layers.AveragePooling2D(2), shape=PICTURE),
    "MaxPooling2D": alone(layers.MaxPooling2D(2), shape=PICTURE),
    "GlobalAveragePooling2D": alone(layers.GlobalAveragePooling2D(), shape=PICTURE),
    "UpSampling2D, bilinear": alone(
        layers.UpSampling2D(2, interpolation="bilinear"), layers.MaxPooling2D(4), shape=PICTURE
    ),
    "LayerNormalization": alone(
        layers.LayerNormalization(), layers.GlobalAveragePooling1D(), shape=STEPS
    ),
    "GRU": alone(layers.GRU(16), shape=STEPS),
    "GRU, both ways": alone(layers.Bidirectional(layers.GRU(16)), shape=STEPS),
    "LSTM": alone(layers.LSTM(16), shape=STEPS),
    "MultiHeadAttention": attention,
}


def jobs_of(make: Callable[[], Made], name: str, folder: Path) -> Iterator[tuple[str, Job]]:
    """Yield the int8 file of each form, with rows for it."""
    model, data = make()
    made = export.to_litert(model, data=data, directory=folder / name.replace(" ", "_"))
    assert made.scaling is not None
    for form, file in made.plan.forms.items():
        path = made.run.path / file
        x = made.scaling.quantize(data.x_train if form == "rolled" else data.x_train[:FEW])
        yield name if form == "rolled" else f"{name}, {form}", (path, row_inputs(load(path), x))


def line(name: str, here: Sequence[np.ndarray], machines: Sequence[ArmRun]) -> list[str]:
    """Return a row of the table: of each machine what is equal, how far the rest is, answers."""
    found = [name]
    for ran in machines:
        if ran.refused is not None:
            raise SystemExit(f"{name}: {ran.refused}")
        pairs = list(zip(ran.outputs, here, strict=True))
        apart = np.concatenate([np.abs(one.astype(int) - other).ravel() for one, other in pairs])
        answers = [one.reshape(len(one), -1).argmax(axis=1) for one in pairs[0]]
        found += [
            f"{100 * np.mean(apart == 0):.2f}",
            str(apart.max()),
            f"{100 * np.mean(answers[0] == answers[1]):.1f}",
        ]
    return found


def measured(kind: str, makers: dict[str, Callable[[], Made]]) -> str:
    """Return the table of some models; the files of all run in one process a machine."""
    jobs: dict[str, Job] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in makers.items():
            jobs |= dict(jobs_of(make, name, Path(folder)))
            print(name, flush=True)
        here = [raw_outputs(load(path), inputs) for path, inputs in jobs.values()]
        arms = find_arm64()
        there = [run_arm64(arm, list(jobs.values()), timeout=7200) for arm in arms]
    head = [f"{what}, {one.name}" for one in arms for what in ("equal %", "steps", "answers %")]
    lines = [line(*parts) for parts in zip(jobs, here, zip(*there, strict=True), strict=True)]
    return table([kind, *head], lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=[*LAYERS, *NAMES])
    only = parser.parse_args().only
    presets = {name: lambda name=name: preset(name) for name in NAMES}
    parts = []
    for kind, makers in (("layer", LAYERS), ("preset", presets)):
        chosen = {name: make for name, make in makers.items() if only is None or name in only}
        if chosen:
            parts.append(measured(kind, chosen))
    said = (
        "Outputs of LiteRT's aarch64 build beside those of the x86 build: the share that is the "
        "same bit for bit, the most int8 steps that another is off, and the share of rows with the "
        f"same answer. {MANY} random rows of a layer, {ROWS} of a preset; random weights, so that "
        f"answers lie closer together than a trained model's. Of a step form each of {FEW} rows."
    )
    text = f"# LiteRT for Arm\n\n{machine()}\n\n{said}\n\n" + "\n\n".join(parts) + "\n"
    print(text)
    if only is None:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
