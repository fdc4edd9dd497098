"""A Keras 3 model as a list of layers that Keras 2 can build too, in plain JSON types."""

from typing import Any

import keras

from zoo.checks import UserError
from zoo.models.mlp import ACTIVATIONS

CONVOLUTION = ("strides", "padding", "data_format", "dilation_rate", "use_bias")
# layer -> its arguments, which mean the same in Keras 2 and 3
LAYERS: dict[str, tuple[str, ...]] = {
    "Activation": (),
    "Add": (),
    "BatchNormalization": ("axis", "momentum", "epsilon", "center", "scale"),
    "Conv2D": ("filters", "kernel_size", "groups", *CONVOLUTION),
    "Dense": ("units", "use_bias"),
    "DepthwiseConv2D": ("kernel_size", "depth_multiplier", *CONVOLUTION),
    "Dropout": ("rate", "noise_shape"),
    "Flatten": ("data_format",),
    "GlobalAveragePooling2D": ("data_format", "keepdims"),
    "MaxPooling2D": ("pool_size", "strides", "padding", "data_format"),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "SeparableConv2D": ("filters", "kernel_size", "depth_multiplier", *CONVOLUTION),
    "ZeroPadding2D": ("padding", "data_format"),
}
# layer -> which of its weights is the kernel to compress; depthwise ones are few, and tfmot spares
# them too
KERNELS = {"Conv2D": 0, "Dense": 0, "SeparableConv2D": 1}
KNOWN_ACTIVATIONS = ("linear", *ACTIVATIONS)


def describe(model: keras.Model) -> tuple[list[dict[str, Any]], str | None]:
    """Return the layers of a functional model, parents first, and the host's layer.

    A `Standardize` layer right after the input is the host's: the list then begins with its output,
    and its name is returned. Each layer has `name`, `kind` (a key of `LAYERS`, or "InputLayer"),
    `inputs` (names), `arguments` and `activation`.

    Raises:
        UserError: a layer or activation that is not in the lists above, or a layer used twice.
    """
    bare = keras.Model(model.inputs, model.outputs, name=model.name)
    first, *rest = bare.get_config()["layers"]
    host = None
    if rest and rest[0]["class_name"] == "Standardize" and _parents(rest[0]) == [first["name"]]:
        first, *rest = rest
        host = first["name"]
    shape = list(bare.get_layer(first["name"]).output.shape[1:])
    described = [{"name": first["name"], "kind": "InputLayer", "shape": shape}]
    known = {first["name"]}
    for layer in rest:
        described.append(_described(model.name, layer))
        if not known.issuperset(described[-1]["inputs"]):
            raise UserError(
                f"{model.name}: layer {layer['name']!r} reads the input in parallel to {host!r}; "
                "only a model whose layers all come after it can be compressed."
            )
        known.add(layer["name"])
    return described, host


def _described(model: str, layer: dict[str, Any]) -> dict[str, Any]:
    name, kind, config = layer["name"], layer["class_name"], layer["config"]
    if layer["module"] != "keras.layers" or kind not in LAYERS:
        raise UserError(
            f"{model}: layer {name!r} is a {kind}, which cannot be compressed. Known: Standardize "
            f"after the input, {', '.join(LAYERS)}."
        )
    activation = config.get("activation", "linear")
    if activation not in KNOWN_ACTIVATIONS:
        raise UserError(
            f"{model}: the activation {activation!r} of layer {name!r} cannot be compressed. "
            f"Known: {', '.join(KNOWN_ACTIVATIONS)}."
        )
    if len(layer["inbound_nodes"]) != 1:
        raise UserError(
            f"{model}: layer {name!r} is used {len(layer['inbound_nodes'])} times; a model to be "
            "compressed uses each layer once."
        )
    return {
        "name": name,
        "kind": kind,
        "inputs": _parents(layer),
        "arguments": {key: config[key] for key in LAYERS[kind]},
        "activation": activation,
    }


def _parents(layer: dict[str, Any]) -> list[str]:
    """Return the names of the layers whose outputs a layer reads, in order."""

    def histories(value: Any) -> list[str]:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            return [value["config"]["keras_history"][0]]
        if isinstance(value, list | tuple):
            return [name for item in value for name in histories(item)]
        return []

    return histories([node["args"] for node in layer["inbound_nodes"]])
