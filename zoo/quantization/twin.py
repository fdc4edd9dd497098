"""The twin: a model's own weights in a graph that rounds where the integer graph will."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from zoo.checks import UserError
from zoo.quantization.drawing import NOTHING, draw
from zoo.quantization.layers.affine import Affine, Host
from zoo.quantization.layers.arithmetic import Exact, Rounded
from zoo.quantization.layers.entry import Entry
from zoo.quantization.layers.gru import Cell, Recurrence
from zoo.quantization.layers.joint import Joint
from zoo.quantization.layers.lookup import Lookup
from zoo.quantization.layers.lstm import Memory
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.products import TwinLayer
from zoo.quantization.layers.ranges import Range
from zoo.quantization.rules.values import Draft, SharedRange


@dataclass(frozen=True)
class Node:
    """A layer and the values it reads: value n is the output of node n."""

    layer: TwinLayer
    inputs: tuple[int, ...]


class Twin(keras.Model):
    """A model of the same weights whose activations pass fake-quantization points.

    The first nodes are its entries, one for each input of the model; `results` are the values that
    are its outputs, and `answers` their names. Rows, or outputs, are an array where there is one of
    them, and a list in the model's order where there are several. `words` is the number of ids that
    it takes, or 0 where it takes numbers. Called, it computes what the file of its `numerics` will;
    `run` takes any arithmetic. What the host does is left to it: `host` is what the twin was made
    for, `given` what is to be done with its outputs, by their place, and `joint` how they are put
    together then. Made by `make_twin`.
    """

    def __init__(
        self,
        name: str,
        nodes: list[Node],
        results: dict[str, int],
        host: Host,
        given: Mapping[int, Affine],
        joint: Joint | None = None,
    ) -> None:
        super().__init__(name=name)
        self.host, self.given, self.joint = host, given, joint
        self.numerics = INT8
        self.nodes, self.results = tuple(nodes), tuple(results.values())
        self.answers = tuple(results)
        every = [node.layer for node in nodes]  # Keras owns `layers`, and tracks these two
        self.entries = [layer for layer in every if isinstance(layer, Entry)]
        self.parts = every[len(self.entries) :]
        self.words = max((one.words for one in self.parts if isinstance(one, Lookup)), default=0)
        ranges: list[Range] = []
        for node in nodes:
            if node.inputs:
                node.layer.reads(ranges[node.inputs[0]])
            ranges.append(node.layer.result())
        for place, one in given.items():
            if one.whole:
                ranges[self.results[place]].fix(-1.0, 1.0)
        shapes = [(None, *entry.row_shape) for entry in self.entries]
        self.build(shapes[0] if len(shapes) == 1 else shapes)
        self.trainable = False  # until someone trains it: gradients cost time

    def real(self, found: Any) -> np.ndarray | list[np.ndarray]:
        """Return its outputs in the units of the model's, and put together as the model's are."""
        parts = self.parted(found)
        return parts if self.joint is None else self.joint.join(list(parts))

    def parted(self, found: Any) -> np.ndarray | list[np.ndarray]:
        """Return its outputs in the units of the model's, not put together."""
        return self._each(found, self.given)

    def apart(self, answers: Any) -> list[np.ndarray]:
        """Return the model's outputs as a list, taken apart as its own are."""
        if self.joint is not None:
            return self.joint.split(answers)
        return [answers] if isinstance(answers, np.ndarray) else list(answers)

    def in_units(self, answers: Any) -> np.ndarray | list[np.ndarray]:
        """Return the model's outputs as its own: taken apart, and in the units of each."""
        if self.joint is not None:
            answers = self.joint.split(answers)
        return self._each(answers, {place: one.inverse() for place, one in self.given.items()})

    def _each(self, outputs: Any, done: Mapping[int, Affine]) -> np.ndarray | list[np.ndarray]:
        if isinstance(outputs, np.ndarray):
            return done[0](outputs) if done else outputs
        return [done[i](one) if i in done else one for i, one in enumerate(outputs)]

    @property
    def input_range(self) -> Range:
        """The range of the first input."""
        return self.entries[0].output_range

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one row of the first input."""
        return self.entries[0].row_shape

    def call(self, x: Any, training: bool = False) -> Any:
        return self.run(x, Rounded(self.numerics))

    def run(self, x: Any, arithmetic: Exact) -> Any:
        """Return the answers to rows x, (batch, *row shape), computed in `arithmetic`."""
        return self.finish(self.values(x, arithmetic), arithmetic)

    def finish(self, values: Iterable[tuple[int, Any]], arithmetic: Exact) -> Any:
        """Return the outputs of `values`, which are all used up."""
        found = dict(values)
        outputs = [arithmetic.leaving(found[i], self.nodes[i].layer.result()) for i in self.results]
        return outputs[0] if len(outputs) == 1 else outputs

    def values(self, x: Any, arithmetic: Exact) -> Iterator[tuple[int, Any]]:
        """Yield the number of each value and what it is, from rows x."""
        rows = list(x) if isinstance(x, list | tuple) else [x]
        values: dict[int, Any] = {}
        for number, (node, row) in enumerate(zip(self.nodes, rows, strict=False)):
            values[number] = node.layer.run(row, arithmetic=arithmetic)
            yield number, values[number]
        yield from self.values_from(values, arithmetic)

    def values_from(self, known: Mapping[int, Any], arithmetic: Exact) -> Iterator[tuple[int, Any]]:
        """Yield the values that come after those that are known, in the same way."""
        values = dict(known)
        first = max(values) + 1
        for number, node in enumerate(self.nodes[first:], first):
            found = [self._entering(node.layer, i, values[i], arithmetic) for i in node.inputs]
            values[number] = node.layer.run(*found, arithmetic=arithmetic)
            yield number, values[number]

    def _entering(self, layer: TwinLayer, number: int, x: Any, arithmetic: Exact) -> Any:
        """Return a value as wide as a layer reads it."""
        entry, source = layer.entry(), self.nodes[number].layer.result()
        return x if entry is None else arithmetic.convert(x, source, entry)

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
        first = self.nodes[1].layer if len(self.nodes) > 1 else None
        if not isinstance(first, Recurrence):
            raise UserError("The model does not start with a GRU layer; it has no step form.")
        if first.bidirectional or first.backwards or first.sequences:
            back = f"reads the sequence backwards{' too' if first.bidirectional else ''}"
            why = back if first.bidirectional or first.backwards else "needs every step"
            raise UserError(f"{first.name} {why}; it has no step form. Use the rolled form.")
        if any(0 in node.inputs for node in self.nodes[2:]):
            raise UserError("The input is also read outside the GRU layers; there is no step form.")
        return list(first.cells)


def make_twin(model: keras.Model, host: Host = NOTHING) -> Twin:
    """Return the twin of a functional or sequential model.

    BatchNorm, standardization and the gains of norms are folded into kernels. The ranges are still
    to be observed (`calibrate`). The model itself is left alone.

    Args:
        model: the float model, of any number of inputs and outputs.
        host: what the twin leaves to the host.

    Raises:
        UnknownLayer: a layer that the twin cannot express; the message names it.
    """
    sketch = draw(model, host)
    asked = dict.fromkeys(draft.output for draft in sketch.drafts if draft.output is not None)
    shared = {one: Range(one.name) for one in asked}
    nodes = [Node(_made(draft, shared), draft.inputs) for draft in sketch.drafts]
    return Twin(f"{model.name}_twin", nodes, sketch.results, host, sketch.given, sketch.joint)


def _made(draft: Draft, shared: dict[SharedRange, Range]) -> TwinLayer:
    """Return the layer of a draft; `shared` are the ranges that concatenations ask for."""
    output = {} if draft.output is None else {"output": shared[draft.output]}
    layer: TwinLayer = draft.kind(name=draft.name, **draft.arguments, **output)
    layer.tied = draft.tied
    return layer
