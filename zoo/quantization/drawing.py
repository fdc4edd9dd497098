"""A model drawn as a twin, call by call."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from zoo.quantization.joints import graph_ends
from zoo.quantization.layers.affine import Host
from zoo.quantization.layers.entry import Entry
from zoo.quantization.operations.calls import (
    Call,
    Given,
    alone,
    calls_of,
    is_value,
    sized,
    taken_apart,
)
from zoo.quantization.operations.joining import held
from zoo.quantization.operations.table import operate
from zoo.quantization.rules.copies import original
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.endings import handed_over, in_units
from zoo.quantization.rules.ids import check_reader
from zoo.quantization.rules.sequences import as_seen
from zoo.quantization.rules.table import RULES, enter
from zoo.quantization.rules.values import UnknownLayer, Value, unknown

NOTHING = Host()


def draw(model: keras.Model, host: Host = NOTHING) -> Sketch:
    """Return the drafts of a functional or sequential model.

    A layer without a rule, or with a setting that its rule does not know, is taken apart: what its
    `call` does is drawn in its place.

    Args:
        model: of any number of inputs and outputs.
        host: what is left to the host.

    Raises:
        UnknownLayer: a layer or operation that the twin cannot express.
    """
    ends, joint = graph_ends(model)
    function = sized(keras.Function(model.inputs, ends))
    heads = frozenset(id(model.get_layer(x.layer)) for x in host.inputs.values() if x.layer)
    refused: dict[int, UnknownLayer] = {}
    while True:
        drawing = _Drawing(Sketch(joint=joint), host, heads, frozenset(refused))
        try:
            return drawing.model(model, function, ends)
        except UnknownLayer as error:
            layer = original(error.layer)
            if type(layer) in RULES and id(layer) not in refused:
                refused[id(layer)] = error
                continue
            around = [id(original(one)) for one in error.around]
            first = [refused[one] for one in around if one in refused]
            raise (first or [error])[-1] from None


@dataclass(frozen=True)
class _Drawing:
    """A drawing in the making: what is left to the host, and the layers to take apart.

    `heads` are layers that the host does.
    """

    sketch: Sketch
    host: Host
    heads: frozenset[int]
    apart: frozenset[int]

    def model(self, model: keras.Model, function: Any, ends: Sequence[Any]) -> Sketch:
        """Draw a model, with its inputs first, as far as its `ends`."""
        entries = [
            self._entry(tensor, name, place)
            for place, (tensor, name) in enumerate(
                zip(model.inputs, _input_names(model), strict=True)
            )
        ]
        found = self._follow(function, entries)
        joint = self.sketch.joint
        names = _output_names(model) if joint is None else [one.name for one in joint.places]
        outputs = zip(found, ends, names, strict=True)
        for place, (value, tensor, name) in enumerate(outputs):
            self.sketch.results[name] = self._settled(value, tensor, name, place)
        return self.sketch

    def _entry(self, tensor: Any, name: str, place: int) -> Value:
        """Draw an input, on which is pending what the host does, where no layer takes it back."""
        shape = tuple(tensor.shape[1:])
        ids = bool(keras.backend.is_int_dtype(tensor.dtype))
        entry = f"{name}_entry"
        x = self.sketch.add(Entry, entry, (), shape, row_shape=shape, ids=ids, label=name)
        given = self.host.inputs.get(place)
        if given is None or given.layer is not None:
            return x
        back = given.inverse()
        return x.then(back.scale, back.offset)

    def _settled(self, value: Value, tensor: Any, name: str, place: int) -> int:
        """Return the number of an output with nothing pending, in the shape that Keras gives it."""
        units = self.host.outputs.get(place)
        if units is not None:
            value, units = in_units(self.sketch, value, units)
        value = as_seen(self.sketch, self.sketch.join(value, name), tensor, name)
        if units is not None:
            value, given = handed_over(value, units)
            self.sketch.given |= {} if given is None else {place: given}
        return self.sketch.settle(value, name).number

    def _follow(self, function: Any, given: Sequence[Value]) -> list[Any]:
        """Draw the calls of a function on given values and return its outputs.

        What depends on none of these is no value but a constant tensor.
        """
        calls = list(calls_of(function))
        times = Counter(id(call.operation) for call in calls)
        readers = Counter(id(tensor) for call in calls for tensor in call.inputs)
        readers.update(id(tensor) for tensor in function.outputs)
        values = {id(x): value for x, value in zip(function.inputs, given, strict=True)}

        def value_of(tensor: Any) -> Any:
            value = values[id(tensor)]
            if not is_value(value):
                return value
            return replace(value, shared=value.shared or readers[id(tensor)] > 1)

        for call in calls:
            inputs = [value_of(tensor) for tensor in call.inputs]
            left = id(original(call.operation)) in self.heads
            before = self.sketch.tied
            self.sketch.tied = before or times[id(call.operation)] > 1
            made = inputs[:1] if left else self._enter(call, inputs)
            self.sketch.tied = before
            values |= {id(x): value for x, value in zip(call.outputs, made, strict=True)}
        return [value_of(tensor) for tensor in function.outputs]

    def _enter(self, call: Call, inputs: list[Any]) -> list[Any]:
        """Draw one call and return what it makes."""
        layer = call.operation
        if isinstance(layer, Given):
            return [layer.values]
        if not isinstance(layer, keras.layers.Layer):
            return operate(self.sketch, call, inputs)
        some = next(x for x in inputs if is_value(x))
        inputs = [x if is_value(x) else held(self.sketch, call, x, some, x.ndim) for x in inputs]
        if type(layer) in RULES and id(original(layer)) not in self.apart:
            return [self._by_rule(call, inputs)]
        if isinstance(layer, keras.Model) and layer.inputs:
            inner = keras.Function(layer.inputs, layer.outputs)
            if [x.shape[1:] for x in inner.inputs] == [x.shape[1:] for x in call.inputs]:
                return self._follow(sized(inner), inputs)
        return self._within(layer, call, inputs)

    def _by_rule(self, call: Call, inputs: list[Value]) -> Value:
        layer = alone(call)
        check_reader(self.sketch, layer, inputs)
        try:
            return enter(self.sketch, layer, inputs)
        except UnknownLayer as error:
            error.layer = call.operation  # not its copy
            raise

    def _within(self, layer: Any, call: Call, inputs: list[Value]) -> list[Any]:
        """Draw what a layer does, under its name."""
        before, self.sketch.prefix = self.sketch.prefix, f"{self.sketch.prefix}{layer.name}_"
        try:
            unique = {id(x): value for x, value in zip(call.inputs, inputs, strict=True)}
            return self._follow(taken_apart(call), list(unique.values()))
        except UnknownLayer as error:
            error.around.append(layer)
            if isinstance(error.layer, keras.layers.Layer):
                raise
            raise unknown(layer, f"within it {error.reason}", error.around) from error
        finally:
            self.sketch.prefix = before


def absorbs(model: keras.Model, host: Host) -> bool:
    """Return whether kernels take in what undoes the host's share: no operator is there for it."""
    try:
        return len(draw(model, host).drafts) <= len(draw(model).drafts)
    except UnknownLayer:
        return False


def _input_names(model: keras.Model) -> list[str]:
    """Return the names of a model's inputs: "input", or what a dict or the model calls them."""
    if len(model.inputs) == 1:
        return ["input"]
    keys = _keys(model._inputs_struct)
    return keys or [str(tensor.name) for tensor in model.inputs]


def _output_names(model: keras.Model) -> list[str]:
    """Return the names of a model's outputs: "output", or those of a dict or of their layers."""
    if len(model.outputs) == 1:
        return ["output"]
    names = _keys(model._outputs_struct) or [str(name) for name in model.output_names]
    return names if len({*names}) == len(names) else [f"output_{i}" for i in range(len(names))]


def _keys(struct: Any) -> list[str]:
    """Return the keys of a flat dict, in the order in which Keras lists its tensors."""
    return sorted(map(str, struct)) if isinstance(struct, dict) else []
