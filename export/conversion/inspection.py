"""Checks of a model before anything is made of it, which read its description alone."""

from typing import Any

import keras

from zoo.checks import UserError

MOST = 500_000_000  # parameters; a float file of more is past the two gigabytes of a flatbuffer


def inspect(model: keras.Model) -> None:
    """Check the inputs, outputs and weights of a model of any inputs and outputs.

    Raises:
        UserError: what no file can be made of; the message names the layer.
    """
    if not getattr(model, "inputs", None):
        raise UserError(
            f"{model.name} must be a functional or sequential Keras model. Build it with "
            "keras.Input and keras.Model(inputs, outputs)."
        )
    for tensor in model.inputs:
        _check_input(tensor)
    _check_outputs(model)
    if model.count_params() > MOST:
        largest = max(model.layers, key=lambda layer: layer.count_params())
        raise UserError(
            f"{model.name} has {model.count_params():,} parameters, {largest.count_params():,} of "
            f"them in layer {largest.name!r}; a file holds at most {MOST:,}. Make it smaller."
        )
    for layer in model._flatten_layers(recursive=True, include_self=False):
        if not all(map(_is_finite, layer.weights)):
            raise UserError(
                f"{model.name} has weights that are NaN or infinite, in layer {layer.name!r}; "
                "train it again."
            )


def _is_finite(weight: Any) -> bool:
    if not keras.backend.is_float_dtype(weight.dtype):
        return True
    return bool(keras.ops.all(keras.ops.isfinite(weight)))


def _check_input(tensor: Any) -> None:
    name, shape, dtype = str(tensor.name), tuple(tensor.shape), str(tensor.dtype)
    if not (keras.backend.is_float_dtype(dtype) or keras.backend.is_int_dtype(dtype)):
        raise UserError(
            f"input {name!r} takes values of type {dtype}; a file takes numbers. Turn them into "
            "numbers before the model, such as a StringLookup's ids."
        )
    if None in shape[1:]:
        raise UserError(
            f"input {name!r} of shape {shape}: its sizes must be fixed, but for the batch's. Build "
            "the model with them."
        )


def _check_outputs(model: keras.Model) -> None:
    struct = getattr(model, "_outputs_struct", model.outputs)  # a Sequential model has one
    parts = list(struct.values()) if isinstance(struct, dict) else struct
    parts = list(parts) if isinstance(parts, list | tuple) else [parts]
    if not all(isinstance(part, keras.KerasTensor) for part in parts):
        raise UserError(
            f"The outputs of {model.name} lie in lists or dicts within others; give one tensor, a "
            "list, or a dict from a name to a tensor."
        )
    entering = {id(tensor): str(tensor.name) for tensor in model.inputs}
    for tensor in model.outputs:
        if id(tensor) in entering:
            raise UserError(
                f"input {entering[id(tensor)]!r} is an output of {model.name} as it is: no layer "
                "stands between them. Leave that output out."
            )
    reached = _reached(model.outputs)
    for tensor in model.inputs:
        if id(tensor) not in reached:
            raise UserError(
                f"input {tensor.name!r} leads to no output of {model.name}. Leave it out, or use "
                "it."
            )


def _reached(outputs: list[Any]) -> set[int]:
    """Return the tensors, by identity, that some tensors are computed from, themselves too."""
    reached: set[int] = set()
    waiting = list(outputs)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in reached:
            continue
        reached.add(id(tensor))
        history = tensor._keras_history
        waiting += history.operation._inbound_nodes[history.node_index].input_tensors
    return reached
