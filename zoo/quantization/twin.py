"""The twin: a model's own weights in a graph that rounds where the integer graph will."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras

from zoo.checks import UserError
from zoo.quantization.layers.arithmetic import Exact, Int8
from zoo.quantization.layers.gru import Cell, Recurrence
from zoo.quantization.layers.lookup import Lookup
from zoo.quantization.layers.lstm import Memory
from zoo.quantization.layers.products import TwinLayer
from zoo.quantization.layers.ranges import Range
from zoo.quantization.rows import first_standardize
from zoo.quantization.rules.drafts import Draft, SharedRange, Sketch, Value
from zoo.quantization.rules.sequences import as_seen
from zoo.quantization.rules.table import check_known, enter


@dataclass(frozen=True)
class Node:
    """A layer and the values it reads: 0 is the twin's input, n + 1 the output of node n."""

    layer: TwinLayer
    inputs: tuple[int, ...]


class Twin(keras.Model):
    """A model of the same weights whose activations pass fake-quantization points.

    `words` is the number of ids that it takes, or 0 where it takes numbers. Called, it computes
    what the int8 file will; `run` takes any arithmetic. Made by `make_twin`.
    """

    def __init__(
        self, name: str, row_shape: tuple[int, ...], nodes: list[Node], standardized: bool
    ) -> None:
        super().__init__(name=name)
        self.row_shape = row_shape
        self.standardized = standardized
        self.input_range = Range("input")
        self.nodes = tuple(nodes)
        first = [node.layer for node in nodes if 0 in node.inputs]
        self.words = max((one.words for one in first if isinstance(one, Lookup)), default=0)
        self.parts = [node.layer for node in nodes]  # tracked by Keras, which owns `layers`
        ranges = [self.input_range]
        for node in nodes:
            node.layer.reads(ranges[node.inputs[0]])
            ranges.append(node.layer.result())
        self.build((None, *row_shape))
        self.trainable = False  # until someone trains it: gradients cost time

    def call(self, x: Any, training: bool = False) -> Any:
        return self.run(x, Int8())

    def run(self, x: Any, arithmetic: Exact) -> Any:
        """Return the logits of rows x, (batch, *row shape), computed in `arithmetic`."""
        if not self.words:
            x = arithmetic.activation(self.input_range, x)
        return self.run_from(x, 0, arithmetic)

    def run_from(self, x: Any, first: int, arithmetic: Exact) -> Any:
        """Return the logits from value `first`, which the nodes before it make."""
        for _, value in self.values(x, first, arithmetic):
            logits = value
        return logits

    def values(self, x: Any, first: int, arithmetic: Exact) -> Iterator[tuple[int, Any]]:
        """Yield the number of each value from `first` on, which is x, and what it is."""
        values: dict[int, Any] = {first: x}
        yield first, x
        for number, node in enumerate(self.nodes[first:], first + 1):
            found = [values[i] for i in node.inputs]
            values[number] = node.layer.run(*found, arithmetic=arithmetic)
            yield number, values[number]

    def streams(self) -> bool:
        """Return whether the twin can run step by step."""
        try:
            return bool(self.cells())
        except UserError:
            return False

    def cells(self) -> list[Cell | Memory]:
        """Return the cells of a twin that can run step by step.

        Raises:
            UserError: it does not start with recurrent layers, or they need the sequence's end.
        """
        first = self.nodes[0].layer if self.nodes else None
        if not isinstance(first, Recurrence):
            raise UserError("The model does not start with a GRU layer; it has no step form.")
        if first.bidirectional or first.backwards or first.sequences:
            back = f"reads the sequence backwards{' too' if first.bidirectional else ''}"
            why = back if first.bidirectional or first.backwards else "needs every step"
            raise UserError(f"{first.name} {why}; it has no step form. Use the rolled form.")
        if any(0 in node.inputs for node in self.nodes[1:]):
            raise UserError("The input is also read outside the GRU layers; there is no step form.")
        return list(first.cells)


def make_twin(model: keras.Model, standardized: bool = False) -> Twin:
    """Return the twin of a functional or sequential model of one input and one output.

    BatchNorm, standardization and the gains of norms are folded into kernels. The ranges are still
    to be observed (`calibrate`). The model itself is left alone.

    Args:
        model: the float model.
        standardized: leave the model's `Standardize` layer out: the twin takes its outputs.

    Raises:
        UnknownLayer: a layer that the twin cannot express; the message names it.
    """
    bare = keras.Model(model.inputs, model.outputs, name=model.name)
    check_known(bare)
    clone = keras.models.clone_model(bare)  # its layers are called once, here
    clone.set_weights(bare.get_weights())
    sketch = draw(clone, standardized)
    asked = dict.fromkeys(draft.output for draft in sketch.drafts if draft.output is not None)
    shared = {one: Range(one.name) for one in asked}
    nodes = [Node(_made(draft, shared), draft.inputs) for draft in sketch.drafts]
    return Twin(f"{model.name}_twin", clone.input_shape[1:], nodes, standardized)


def _made(draft: Draft, shared: dict[SharedRange, Range]) -> TwinLayer:
    """Return the layer of a draft; `shared` are the ranges that concatenations ask for."""
    output = {} if draft.output is None else {"output": shared[draft.output]}
    layer: TwinLayer = draft.kind(name=draft.name, **draft.arguments, **output)
    return layer


def draw(model: keras.Model, standardized: bool = False) -> Sketch:
    """Return the drafts of a model that `check_known` accepts, whose layers are called once."""
    readers = Counter(id(tensor) for layer in model.operations for tensor in _inputs(layer))
    head = first_standardize(model) if standardized else None
    sketch = Sketch()
    values = {id(model.inputs[0]): Value(0, tuple(model.inputs[0].shape[1:]))}
    for layer in model.operations:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        found = [
            replace(
                values[id(tensor)],
                shared=values[id(tensor)].shared or readers[id(tensor)] > 1,
            )
            for tensor in _inputs(layer)
        ]
        values[id(layer.output)] = found[0] if layer is head else enter(sketch, layer, found)
    output = sketch.join(values[id(model.outputs[0])], "output")
    sketch.settle(as_seen(sketch, output, model.outputs[0], "output"), "output")
    return sketch


def _inputs(layer: Any) -> list[Any]:
    """Return the tensors that a layer reads."""
    return list(keras.tree.flatten(layer.input))
