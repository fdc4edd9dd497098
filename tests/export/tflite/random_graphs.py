"""Random graphs, and how far their files are from the twin and from Keras."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from hypothesis import strategies as st
from keras import ops

from export.graphs import rows_of
from export.runtimes.litert import load_content, raw_outputs, scaling_of
from export.tflite.writer import Writer, write
from tests.export.tflite.random_layers import LAYERS
from tests.export.tflite.random_nodes import OPERATIONS
from tests.export.tflite.test_operations import filled, listed, observed
from zoo.quantization import Twin, make_twin
from zoo.quantization.layers.arithmetic import Int8
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.rows import Rows, tensors

NODES = {**OPERATIONS, **LAYERS}
WHOLE = "the whole graph"
# several operators each: a rounding apart in the first of them grows in the others
SEVERAL = ("Attention", "Normalize", "Recurrence")
LARGEST = 256  # numbers in a value
ROWS = 16


@dataclass(frozen=True)
class Step:
    """A node that reads the value made `back` values before the last that it can read.

    `other` is which of the values of that shape it reads too, `seed` that of its settings.
    """

    name: str
    back: int = 0
    other: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Recipe:
    """A graph, its weights and its rows: what hypothesis draws, and makes smaller."""

    inputs: tuple[tuple[int, ...], ...]
    steps: tuple[Step, ...]
    outputs: int = 1
    seed: int = 0


SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)
STEPS = st.builds(
    Step, st.sampled_from(list(NODES)), st.integers(0, 2), st.integers(0, 3), st.integers(0, 99)
)
RECIPES = st.builds(
    Recipe,
    st.lists(SHAPES, min_size=1, max_size=2).map(tuple),
    st.lists(STEPS, min_size=3, max_size=10).map(tuple),
    st.integers(1, 2),
    st.integers(0, 9),
)


@dataclass(frozen=True)
class Found:
    """How far apart the numbers of a graph are.

    Attributes:
        of_twin: the largest distance of the twin from Keras, over the largest number.
        of_float: that of the float file.
        apart: twin layer -> steps between the file and what the twin makes of the same numbers.
        whole: steps between the outputs of the file and of the twin.
    """

    of_twin: float
    of_float: float
    apart: list[tuple[str, np.ndarray]]
    whole: np.ndarray


@dataclass
class Tally:
    """Distances of many numbers, in steps."""

    numbers: int = 0
    equal: int = 0
    near: int = 0  # within one step
    largest: int = 0

    def add(self, apart: np.ndarray) -> None:
        if apart.size:
            self.numbers += apart.size
            self.equal += int((apart == 0).sum())
            self.near += int((apart <= 1).sum())
            self.largest = max(self.largest, int(apart.max()))

    def shares(self) -> tuple[float, float]:
        """Return how many of all are equal, and within one step."""
        return self.equal / self.numbers, self.near / self.numbers


def build(recipe: Recipe) -> keras.Model:
    """Return the model of a recipe; a step that no value fits is left out."""
    inputs = [keras.Input(shape) for shape in recipe.inputs]
    values = [(x, frozenset([i])) for i, x in enumerate(inputs)]
    for step in recipe.steps:
        node = NODES[step.name]
        usable = [one for one in values if len(one[0].shape) - 1 in node.ranks]
        if not usable:
            continue
        x, first = usable[-1 - step.back % len(usable)]
        alike = [one for one in values if one[0].shape == x.shape][::-1]
        y, second = alike[step.other % len(alike)]
        made = node.make(x, y, np.random.default_rng(step.seed))
        made = made if isinstance(made, list | tuple) else [made]
        for one in made:
            if len(one.shape) <= 4 and np.prod(one.shape[1:]) <= LARGEST:
                values.append((one, first | second))
    made = values[len(inputs) :] or [(ops.relu(inputs[0]), frozenset([0]))]
    outputs = made[-recipe.outputs :]
    used = frozenset[int]().union(*(one[1] for one in outputs))
    return keras.Model([inputs[i] for i in sorted(used)], [one[0] for one in outputs])


def compare(recipe: Recipe) -> Found:
    """Return how far the files of a recipe are from the twin, and the twin from Keras."""
    model = filled(build(recipe))
    rng = np.random.default_rng(recipe.seed)
    rows = rows_of(model, [rng.normal(0, 1, (ROWS, *x.shape[1:])) for x in model.inputs])
    twin = make_twin(model)
    answers = keras.tree.map_structure(ops.convert_to_numpy, model(tensors(rows)))
    expected = twin.apart(answers)
    of_twin = observed(twin, rows)
    of_float = raw_outputs(load_content(write(twin, None)), listed(rows))
    values = file_values(twin, rows)
    return Found(
        max(map(distance, of_twin, expected)),
        max(map(distance, of_float, expected)),
        layers_apart(twin, values),
        whole_apart(twin, rows),
    )


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))


def whole_apart(twin: Twin, rows: Rows) -> np.ndarray:
    """Return the steps between the outputs of the file and of the twin."""
    interpreter = load_content(write(twin, INT8))
    found = raw_outputs(interpreter, quantized(interpreter, rows))
    rounded = keras.tree.flatten(twin.run(tensors(rows), Int8()))
    pairs = zip(found, rounded, interpreter.get_output_details(), strict=True)
    return np.concatenate([steps(one, y, by["quantization"]).ravel() for one, y, by in pairs])


def steps(found: np.ndarray, y: Any, scaling: tuple[float, int]) -> np.ndarray:
    scale, zero = scaling
    of_twin = np.rint(np.asarray(ops.convert_to_numpy(y), np.float64) / scale) + zero
    return np.asarray(np.abs(of_twin - found))


def file_values(twin: Twin, rows: Rows) -> dict[int, np.ndarray]:
    """Return every value of the int8 file, (rows, ...), by its number in the twin."""
    do = Writer(INT8)
    entries = [do.tensor(x.label, (1, *x.row_shape), x.output_range) for x in twin.entries]
    values = {number: one.number for number, one in twin.values(entries, do)}
    fed = [one.number for one in entries]
    wanted = sorted({*values.values()} - {*fed})  # LiteRT aborts at an input that is an output
    content = do.file.content({str(one): one for one in fed}, {str(one): one for one in wanted})
    interpreter = load_content(content)
    rounded = quantized(interpreter, rows)
    found = dict(zip(wanted, raw_outputs(interpreter, rounded), strict=True))
    found |= dict(zip(fed, rounded, strict=True))
    return {number: found[one] for number, one in values.items()}


def quantized(interpreter: Any, rows: Rows) -> list[np.ndarray]:
    """Return rows as a file takes them."""
    scalings = map(scaling_of, interpreter.get_input_details())
    return [by.quantize(one) for by, one in zip(scalings, listed(rows), strict=True)]


def layers_apart(twin: Twin, values: dict[int, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """Return for each layer the steps between the file and the twin, fed the file's numbers."""
    found = []
    real = {}
    for number, node in enumerate(twin.nodes):
        scaling = node.layer.result().affine(INT8)
        scale, zero = scaling
        real[number] = ((values[number].astype(np.float64) - zero) * scale).astype(np.float32)
        if node.inputs:
            fed = [ops.convert_to_tensor(real[i]) for i in node.inputs]
            y = node.layer.run(*fed, arithmetic=Int8())
            found.append((type(node.layer).__name__, steps(values[number], y, scaling)))
    return found
