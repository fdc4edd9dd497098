"""Calls of layers and operations: what a Keras graph consists of."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from zoo.quantization.operations.symbolic import symbolic_weights
from zoo.quantization.rules.copies import again, rebuilt
from zoo.quantization.rules.values import UnknownLayer, Value, unknown

BATCH = 1009  # of what a layer is called on to see what it does; a prime, to be known again


@dataclass(frozen=True)
class Call:
    """One call of a layer or operation.

    Attributes:
        operation: what is called.
        inputs: the tensors that it reads, in order.
        outputs: those that it makes.
        arguments: its arguments, with a Keras tensor wherever it reads one.
    """

    operation: Any
    inputs: list[Any]
    outputs: list[Any]
    arguments: Any

    @property
    def name(self) -> str:
        return str(self.operation.name)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first output, without the batch."""
        return row_shape(self.operation, self.outputs[0])

    def given(self, values: Mapping[int, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with `values`, by the identity of a tensor, where tensors are."""
        args, kwargs = self.arguments.convert(
            lambda x: values[id(x)] if isinstance(x, keras.KerasTensor) else x
        )
        return tuple(args), kwargs


def batch_axis(tensor: Any) -> int | None:
    """Return which axis of a tensor is the batch's; None where none is, or none alone."""
    places = [axis for axis, size in enumerate(tensor.shape) if size in (None, BATCH)]
    return places[0] if len(places) == 1 else None


def row_shape(operation: Any, tensor: Any) -> tuple[int, ...]:
    """Return the shape of a tensor without its batch."""
    place = batch_axis(tensor)
    if place is None:
        raise unknown(operation, "it mixes rows, or their number, with other sizes")
    return (*tensor.shape[:place], *tensor.shape[place + 1 :])


def calls_of(function: Any) -> Iterator[Call]:
    """Yield the calls that a model or `keras.Function` consists of, in their order."""
    order = {id(one): place for place, one in enumerate(function.operations)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        nodes = function._nodes_by_depth[depth]
        for node in sorted(nodes, key=lambda node: order[id(node.operation)]):
            if not node.is_input:
                yield Call(node.operation, node.input_tensors, node.outputs, node.arguments)


def alone(call: Call) -> Any:
    """Return the layer of a call, or one like it where it is called more than once."""
    layer = call.operation
    if len(layer._inbound_nodes) == 1:
        return layer
    args, kwargs = call.given({id(x): _fresh(x) for x in call.inputs})
    other = again(layer)
    other(*args, **kwargs)
    return other


def taken_apart(call: Call) -> Any:
    """Return the `keras.Function` that a layer's `call` is, found by calling it on Keras tensors.

    Raises:
        UnknownLayer: it cannot be called so.
    """
    layer = call.operation
    fresh = {id(x): _fresh(x) for x in call.inputs}
    args, kwargs = call.given(fresh)
    if "training" in inspect.signature(layer.call).parameters:
        kwargs["training"] = False
    try:
        with symbolic_weights():
            outputs = layer.call(*args, **kwargs)
            outputs = keras.tree.map_structure(
                lambda y: _tensor(y, next(iter(fresh.values()))), outputs
            )
        return sized(keras.Function(list(fresh.values()), outputs))
    except UnknownLayer:
        raise
    except Exception as error:  # whatever a class does with tensors that hold no values
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise unknown(
            layer, f"there is no rule for its class, and its call fails: {said}"
        ) from error


class Given(keras.Operation):
    """A constant where a layer hands on one, such as the positions of a sequence."""

    def __init__(self, values: Any) -> None:
        super().__init__()
        self.values = values

    def call(self, x: Any) -> Any:
        return self.values

    def compute_output_spec(self, x: Any) -> Any:
        dtype = keras.backend.standardize_dtype(self.values.dtype)
        return keras.KerasTensor(tuple(self.values.shape), dtype)


def _tensor(made: Any, x: Any) -> Any:
    """Return what a layer made of x as a Keras tensor."""
    if isinstance(made, keras.KerasTensor) or not keras.ops.is_tensor(made):
        return made
    return Given(made)(x)


def sized(function: Any) -> Any:
    """Return a function, every size of whose tensors is fixed; perhaps the same.

    Some layers, such as `EinsumDense`, are told to leave a size open; what they compute has one.
    Operations are followed with as many rows as nothing else is, to see what becomes of these.

    Raises:
        UnknownLayer: a size of an input is open.
    """
    for node in function.inputs:
        if None in node.shape[1:]:
            raise UnknownLayer(
                f"input {node.name!r} of shape {tuple(node.shape)}: its sizes must be fixed, but "
                "for the batch's"
            )
    calls = list(calls_of(function))
    plain = all(isinstance(call.operation, keras.layers.Layer) for call in calls)
    if plain and not any(_is_open(x) for call in calls for x in call.outputs):
        return function
    inputs = [_fresh(x) for x in function.inputs]
    return rebuilt(function, inputs, _computed)


def _computed(operation: Any, args: Any, kwargs: Any) -> Any:
    """Return what an operation makes, or what it consists of where that alone has sizes."""
    made = operation(*args, **kwargs)
    if not any(map(_is_open, keras.tree.flatten(made))):
        return made
    with symbolic_weights():
        return operation.call(*args, **kwargs)


def _is_open(tensor: Any) -> bool:
    return None in tensor.shape[1:]


def _fresh(tensor: Any) -> Any:
    return keras.Input(batch_shape=(BATCH, *tensor.shape[1:]), dtype=tensor.dtype)


def constant_of(value: Any, rank: int) -> np.ndarray:
    """Return a constant argument as float64, for each row the same: its batch is 1, or missing.

    Args:
        rank: of the tensor that it is combined with.
    """
    found = np.asarray(keras.ops.convert_to_numpy(value), np.float64)
    if found.ndim == rank and found.shape[0] == BATCH and (found == found[:1]).all():
        return found[:1]
    return found


def is_value(argument: Any) -> bool:
    """Return whether an argument is a tensor of the graph."""
    return isinstance(argument, Value)
