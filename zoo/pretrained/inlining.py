"""Nested models flattened, because lowering, cutting and freezing work on single layers."""

from typing import Any

import keras
import numpy as np

from zoo.checks import UserError
from zoo.layers.inputs import Standardize


def flattened(model: keras.Model) -> keras.Model:
    """Return an equivalent model without nested models and shared layers; perhaps the same.

    A typical nested model is a backbone that is called as a layer. A layer that is called twice
    becomes two.
    Keras' `Normalization` of the last axis becomes our `Standardize`, which can be left to the host
    where one int8 scale would blur a table's features.

    Raises:
        UserError: several inputs or outputs, custom code, or a layer that cannot be rebuilt.
    """
    check_form(model)
    if all(map(_is_plain, model.layers)):
        return model
    source = model.inputs[0]
    inputs = keras.Input(batch_shape=source.shape, dtype=source.dtype, name=source.name)
    outputs = inlined(model, inputs, {inputs.name})
    return keras.Model(inputs, outputs, name=model.name)


def check_form(model: keras.Model) -> None:
    """Raise UserError for a model that its configuration does not describe, or of several ends."""
    if not getattr(model, "inputs", None) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"{model.name} must be a functional or sequential Keras model with one input and one "
            "output. Build it with keras.Input and keras.Model(inputs, outputs)."
        )
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Lambda):
            raise UserError(
                f"{model.name} has custom code in the Lambda layer {layer.name!r}, which other "
                "processes do not run. Write it with Keras layers or operations (keras.ops)."
            )


def _is_plain(layer: Any) -> bool:
    inside = isinstance(layer, keras.Model) or _normalizes(layer)
    return not inside and len(layer._inbound_nodes) < 2


def _normalizes(layer: Any) -> bool:
    """Return whether a layer is a built `Normalization` of single features."""
    known = isinstance(layer, keras.layers.Normalization) and layer.built and not layer.invert
    return known and tuple(layer.axis) in ((-1,), (len(layer.input.shape) - 1,))


def inlined(model: keras.Model, x: Any, taken: set[str]) -> Any:
    """Call copies of a model's layers, weights included, on `x`.

    Args:
        model: a model with one input and one output.
        x: a tensor of its input's shape.
        taken: names already in use; those of the copies are added.
    """

    def copied(layer: Any) -> Any:
        if isinstance(layer, keras.Model):
            return lambda y, **_: inlined(layer, y, taken)

        if _normalizes(layer):
            return _standardize(layer, _free(layer.name, model.name, taken))

        def call(*given: Any, **named: Any) -> Any:
            copy = _copied(layer, model.name, taken)
            y = copy(*given, **named)
            if getattr(layer, "weights", None):
                copy.set_weights(layer.get_weights())
            if isinstance(layer, keras.layers.Normalization):
                copy.finalize_state()  # its state is not a weight
            return y

        return call

    bare = keras.Model(model.inputs, model.outputs)
    (y,) = keras.tree.flatten(bare._run_through_graph(x, operation_fn=copied))
    return y


def _copied(layer: Any, owner: str, taken: set[str]) -> Any:
    """Return a new layer or operation of the same configuration, under an unused name."""
    try:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Layer):
            config["name"] = _free(layer.name, owner, taken)
        return type(layer).from_config(config)
    except Exception as error:  # whatever a class raises that does not know its own settings
        raise UserError(
            f"layer {layer.name!r} ({type(layer).__name__}) cannot be rebuilt from its "
            f"get_config(), which is how a model inside a model is taken apart: "
            f"{str(error)[:300]} Fix the class, or build that part from Keras layers."
        ) from error


def _free(wanted: str, owner: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        name, number = f"{owner}_{wanted}_{number}", number + 1
    taken.add(name)
    return name


def _standardize(layer: Any, name: str) -> Standardize:
    features = layer.input.shape[-1]
    mean, variance = (
        np.broadcast_to(keras.ops.convert_to_numpy(one).ravel(), features).astype(np.float64)
        for one in (layer.mean, layer.variance)
    )
    made = Standardize(name=name)
    made.build((None, features))
    deviation = np.maximum(np.sqrt(variance), keras.config.epsilon())
    made.set_weights([1 / deviation, -mean / deviation])
    return made
