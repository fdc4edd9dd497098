"""Layers and operations made again: the same settings and weights, but never called before.

A configuration is not asked for: not every class has one, and Keras imports TensorFlow for it on
any backend.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras


def again(operation: Any, **changed: Any) -> Any:
    """Return another object of the same settings, but those that are `changed`, and weights."""
    other = object.__new__(type(operation))
    nodes: dict[str, Any] = {"_inbound_nodes": [], "_outbound_nodes": []}
    own = operation.__dict__ | nodes | {"_first": original(operation)}
    other.__dict__.update(own | changed)
    return other


def original(operation: Any) -> Any:
    """Return what an operation was made again from, or itself."""
    return operation.__dict__.get("_first", operation)


def rebuilt(
    function: Any, inputs: Sequence[Any], make: Callable[[Any, Any, Any], Any] | None = None
) -> Any:
    """Return a `keras.Function` of the same operations, made again and called for it alone.

    Args:
        function: a function or a functional model.
        inputs: the Keras tensors that it starts from.
        make: (operation, args, kwargs) -> what it makes; None calls it.
    """
    others: dict[int, Any] = {}

    def computed(operation: Any) -> Any:
        other = others.setdefault(id(operation), again(operation))
        if make is None:
            return other
        return lambda *args, **kwargs: make(other, args, kwargs)

    return keras.Function(inputs, function._run_through_graph(inputs, operation_fn=computed))
