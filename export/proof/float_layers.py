"""Keras layers that stay in float where TensorFlow's converter quantized by itself."""

import re

import keras

from export.tflite.audit import Audit

NUMBER = re.compile(r"_\d+$")  # what TensorFlow adds to a scope's name that it has seen


def float_layers(model: keras.Model, audit: Audit) -> tuple[str, ...]:
    """Name the layers whose operators have float outputs, each with these operators.

    The converter names a tensor by the scopes it was made in, which hold the layer's name; of what
    it made itself the tensor is named.
    """
    layers = keras.Model(model.inputs, model.outputs).operations
    classes = {layer.name: type(layer).__name__ for layer in layers}
    found: dict[str, set[str]] = {}
    for operator, tensor in audit.float_operators:
        scopes = [part for name in tensor.split(";") for part in name.split("/")]
        plain = [scope if scope in classes else NUMBER.sub("", scope) for scope in scopes]
        named = [scope for scope in plain if scope in classes]
        who = f"layer {named[-1]!r} ({classes[named[-1]]})" if named else f"tensor {tensor!r}"
        found.setdefault(who, set()).add(operator)
    return tuple(
        f"{who}: {', '.join(sorted(operators))} {'has' if len(operators) == 1 else 'have'} no int8 "
        "form in TensorFlow's converter"
        for who, operators in found.items()
    )
